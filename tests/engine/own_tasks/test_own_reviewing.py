"""The checker's word on trajectories of a task of one's own, with and without scripts."""

from pathlib import Path

from own_folders import GOLD, ROW, WRONG, with_answer, write_task

from db.records import Item, Split, Subtask
from db.review_records import CheckVerdict
from engine.review import recheck
from engine.tasks.own import OwnTask, load_task
from engine.trajectory import Attempt, Trajectory, Turn, correct, render

CRASHES = "raise SystemExit('no')\n"
PRAISES = (
    "import json, sys\n"
    "for line in sys.stdin:\n"
    "    request = json.loads(line)\n"
    "    print(json.dumps({'id': request['id'], 'verdict': 'correct'}), flush=True)\n"
)
ITEM = Item(
    task="mine",
    split=Split.TRAIN,
    subtask=Subtask.SEEN,
    question=ROW["question"],
    answer=ROW["answer"],
    rationale=ROW["rationale"],
)


def verdict(task: OwnTask, attempt: Attempt) -> CheckVerdict:
    turn = Turn.of(attempt, correct(attempt))
    return recheck(task, ITEM, render(Trajectory(ITEM.question, (turn,)), task.hint)).verdict


def test_where_no_script_looks_at_steps_the_answer_decides(tmp_path: Path) -> None:
    with load_task(write_task(tmp_path / "mine", [ROW])) as task:
        assert verdict(task, GOLD) is CheckVerdict.PASS
        assert verdict(task, with_answer("5")) is CheckVerdict.PASS
        assert verdict(task, WRONG) is CheckVerdict.FAIL


def test_a_script_that_fails_leaves_right_answers_unknown(tmp_path: Path) -> None:
    folder = write_task(
        tmp_path / "mine",
        [ROW],
        files={"feedback.py": CRASHES},
        feedback={"script": "feedback.py"},
    )
    with load_task(folder) as task:
        assert verdict(task, with_answer("5")) is CheckVerdict.UNKNOWN
        assert verdict(task, WRONG) is CheckVerdict.FAIL


def test_praise_of_a_wrong_answer_is_not_believed(tmp_path: Path) -> None:
    folder = write_task(
        tmp_path / "mine",
        [ROW],
        files={"feedback.py": PRAISES},
        feedback={"script": "feedback.py"},
    )
    with load_task(folder) as task:
        assert verdict(task, with_answer("5")) is CheckVerdict.PASS
        assert verdict(task, WRONG) is CheckVerdict.FAIL


def test_a_checker_that_always_fails_is_no_end_of_review(tmp_path: Path) -> None:
    folder = write_task(
        tmp_path / "mine",
        [ROW],
        answer={"kind": "python", "script": "checker.py"},
        files={"checker.py": CRASHES},
    )
    with load_task(folder) as task:
        found = [verdict(task, with_answer("5")) for _ in range(5)]
    assert found == [CheckVerdict.UNKNOWN] * 5
