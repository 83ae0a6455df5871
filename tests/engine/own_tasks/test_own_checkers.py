"""Checkers of one's own, scripts and patterns: they decide, and may fail."""

from pathlib import Path

import pytest
from own_folders import ROW, numbered, with_answer, write_task

from engine.tasks.own import ProblemKind, ScriptError, load_folder, load_task

HANGS_ON_A = {"kind": "regex", "pattern": r"answer is ((?:a|aa)+)\."}
CHECKER = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["answer"] == "crash":
        sys.exit("I crash")
    right = request["answer"][::-1] == request["gold"][::-1]
    if request["question"]:
        right = right and "One." in request["attempt"] or "So the" in request["attempt"]
    print(json.dumps({"correct": right}), flush=True)
"""
PYTHON = {"kind": "python", "script": "checker.py"}


def test_a_checker_of_one_s_own_decides(tmp_path: Path) -> None:
    write_task(tmp_path, [ROW], answer=PYTHON, files={"checker.py": CHECKER})
    with load_task(tmp_path) as task:
        assert task.folder.problems == ()
        assert task.is_right("5", "5")
        assert not task.is_right("6", "5")
        assert not task.is_right(None, "5")
        assert task.is_right("5", "5", question="How many?", attempt="One.")


def test_a_checker_that_fails_once_is_noted_and_one_that_goes_on_failing_raises(
    tmp_path: Path,
) -> None:
    """An answer that breaks the checker must not end a run, nor a broken checker go unseen."""
    write_task(tmp_path, [ROW], answer=PYTHON, files={"checker.py": CHECKER})
    with load_task(tmp_path) as task:
        for _ in range(3):
            assert not task.is_right("crash", "5")
            assert not task.is_right("crash", "5")
            assert task.is_right("5", "5")
        assert task.failures.total() == 6
        assert "I crash" in task.last_failure
        task.is_right("crash", "5")
        task.is_right("crash", "5")
        with pytest.raises(ScriptError, match="I crash"):
            task.is_right("crash", "5")


@pytest.mark.parametrize("run_scripts", [True, False])
def test_a_folder_can_be_read_without_running_anything(tmp_path: Path, run_scripts: bool) -> None:
    text = "open('ran', 'w').close()\n" + CHECKER
    write_task(tmp_path, [ROW], answer=PYTHON, files={"checker.py": text})
    assert len(load_folder(tmp_path, run_scripts=run_scripts).rows) == 1
    assert (tmp_path / "ran").exists() is run_scripts


def test_a_broken_checker_costs_no_row_and_is_asked_three_times(tmp_path: Path) -> None:
    text = "open('ran', 'a').write('x')\nraise ValueError('no')"
    write_task(tmp_path, numbered(100), answer=PYTHON, files={"checker.py": text})
    folder = load_folder(tmp_path)
    assert len(folder.rows) == 100
    assert len(folder.errors) == 3
    assert folder.warnings[0].message == "the answers from here on are not checked"
    assert (tmp_path / "ran").read_text() == "xxx"


def test_a_pattern_finds_the_answer(tmp_path: Path) -> None:
    answer = {"kind": "regex", "pattern": r"answer is (\d+) km"}
    with load_task(write_task(tmp_path, [ROW | {"answer": "5 km"}], answer=answer)) as task:
        assert {problem.kind for problem in task.folder.problems} == {ProblemKind.ANSWER_REJECTED}
        assert task.answer(with_answer("17 km")) == "17"
        assert task.answer(with_answer("17 m")) is None
        assert task.answer_flexible("the answer is 1 km, no: the answer is 2 km") == "2"
        assert task.answer_flexible("\ud800 answer is 3 km \x00") == "3"
        assert task.is_right("17", "17")


def test_a_pattern_that_goes_back_for_ever_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"question": "Which?", "answer": "a"}
    with load_task(write_task(tmp_path, [row], answer=HANGS_ON_A)) as task:
        with monkeypatch.context() as patch:
            patch.setattr("engine.tasks.own.checking.REGEX_TIMEOUT_S", 0.5)
            assert task.answer(with_answer("a" * 100 + "!")) is None
        assert task.failures.total() == 1
        assert "gave no answer in time (0.5 s)" in task.last_failure
        assert task.answer(with_answer("aaa")) == "aaa"
