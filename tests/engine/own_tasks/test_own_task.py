"""A folder as a task: what the engine asks of any task, and what scripts may answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import numbered, write_task

from db.records import Split, Subtask
from engine.errors import ConfigError
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.tasks.own import OwnTask, ProblemKind, ScriptError, load_folder, load_task
from engine.tasks.own.trial import try_scripts
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Step,
    correct,
    incorrect,
    parse_attempt,
    parse_feedback,
)

BOTH = [Subtask.SEEN, Subtask.UNSEEN]
HANGS_ON_A = {"kind": "regex", "pattern": r"answer is ((?:a|aa)+)\."}
ROW = {
    "question": "How many?",
    "answer": "5",
    "rationale": "(1) Two.\n(2) Three more.\n(Final response) So the answer is 5.",
}
GOLD = parse_attempt(ROW["rationale"])
WRONG = parse_attempt("(1) Two.\n(2) One more.\n(Final response) So the answer is 3.")
FLAGGED = incorrect("2", "One more", "it is three")


def with_answer(answer: str) -> Attempt:
    return Attempt((Step("1", "One."), Step(FINAL_RESPONSE, f"So the answer is {answer}.")))


@pytest.fixture
def task(tmp_path: Path) -> Iterator[OwnTask]:
    rows = [*numbered(200), *numbered(40)]
    for n, row in enumerate(rows[200:]):
        row |= {"question": f"Hard: {n}?", "subtask": "unseen", "split": "test"}
    with load_task(write_task(tmp_path, rows)) as task:
        assert task.folder.problems == ()
        yield task


def scripted(folder: Path, reply: object, section: str = "feedback") -> OwnTask:
    """A task with a script that always gives this reply."""
    text = f"import sys\nfor line in sys.stdin:\n    print({json.dumps(reply)!r}, flush=True)\n"
    sections: Any = {section: {"script": "script.py"}}
    write_task(folder, [ROW], files={"script.py": text}, **sections)
    return load_task(folder)


def test_it_is_a_task(task: OwnTask) -> None:
    as_task: Task = task
    assert (as_task.name, as_task.title, as_task.hint) == ("mine", "Mine", "")


def test_a_hint_gets_its_leading_blank(tmp_path: Path) -> None:
    assert load_task(write_task(tmp_path, [ROW], hint="Mind the gap.")).hint == " Mind the gap."


def test_items_are_drawn_once_and_the_same_again(task: OwnTask) -> None:
    first = task.generate(Split.TRAIN, [Subtask.SEEN], 100, seed=1)
    again = task.generate(Split.TRAIN, [Subtask.SEEN], 100, seed=1)
    other = task.generate(Split.TRAIN, [Subtask.SEEN], 100, seed=2)
    assert first == again
    assert first != other
    assert len({item.question for item in first}) == 100
    assert {item.split for item in first} == {Split.TRAIN}


def test_no_question_is_in_two_splits(task: OwnTask) -> None:
    drawn = [
        item
        for split in Split
        for item in task.generate(
            split, BOTH, sum(len(task.rows(split, subtask)) for subtask in Subtask), seed=1
        )
    ]
    assert len({item.question for item in drawn}) == len(drawn) == 240


def test_subtasks_take_turns_and_fill_up_for_each_other(task: OwnTask) -> None:
    items = task.generate(Split.TEST, BOTH, 60, seed=1)
    assert [item.subtask for item in items[:4]] == [*BOTH, *BOTH]
    assert sum(item.subtask is Subtask.UNSEEN for item in items) == 30
    most = len(task.rows(Split.TEST, Subtask.SEEN)) + 40
    items = task.generate(Split.TEST, BOTH, most, seed=1)
    assert sum(item.subtask is Subtask.UNSEEN for item in items) == 40


def test_what_is_excluded_is_not_drawn(task: OwnTask) -> None:
    rows = [row.asked for row in task.rows(Split.TRAIN, Subtask.SEEN)]
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed=1, exclude=rows[1:])
    assert item.question == rows[0]


def test_too_few_rows_are_counted(task: OwnTask) -> None:
    there = len(task.rows(Split.DEV, Subtask.SEEN))
    with pytest.raises(ValueError, match=f"50 dev items are asked for, and there are {there} seen"):
        task.generate(Split.DEV, [Subtask.SEEN], 50, seed=1)
    with pytest.raises(ConfigError, match=f"Set task.dev_items to {there} at most"):
        task.generate(Split.DEV, [Subtask.SEEN], 50, seed=1)


def test_names_of_subtasks_say_what_is_seen(tmp_path: Path) -> None:
    rows = [row | {"subtask": "abc"[n % 3]} for n, row in enumerate(numbered(90))]
    folder = load_folder(write_task(tmp_path, rows))

    def names(task: OwnTask, subtask: Subtask) -> set[str]:
        return {row.subtask for split in Split for row in task.rows(split, subtask)}

    for seen, unseen, expected in (
        ([], [], ("abc", "")),
        (["a"], [], ("a", "")),
        ([], ["c"], ("ab", "c")),
        (["a"], ["c"], ("a", "c")),
    ):
        task = OwnTask(folder, seen, unseen)
        assert tuple("".join(sorted(names(task, kind))) for kind in Subtask) == expected
    with pytest.raises(ValueError, match="'d' is no subtask of this task; there are 'a', 'b', 'c'"):
        OwnTask(folder, ["d"])
    with pytest.raises(ValueError, match="'a' cannot be both"):
        OwnTask(folder, ["a"], ["a"])


def test_a_rationale_is_the_row_s_own(tmp_path: Path) -> None:
    rows = [ROW, {"question": "Free?", "answer": 5, "rationale": "Two.\nThree.\n"}, *numbered(1)]
    task = load_task(write_task(tmp_path, rows))
    assert task.rationale("How many?") == GOLD
    assert (
        task.rationale("Free?").text == "(1) Two.\n(2) Three.\n(Final response) So the answer is 5."
    )
    with pytest.raises(CannotImprove, match="the row has no rationale"):
        task.rationale("Which number is 0?")
    with pytest.raises(CannotImprove, match="none of the task's rows"):
        task.rationale("What else?")


def test_gold_rationales_answer_their_questions(tmp_path: Path) -> None:
    rows = numbered(100, rationale="It is what it is.")
    task = load_task(write_task(tmp_path, rows, answer={"kind": "number"}))
    for row in task.folder.rows:
        assert task.is_right(task.answer(task.rationale(row.asked)), row.answer)


def test_answers_are_strict_or_flexible(task: OwnTask) -> None:
    assert task.answer(with_answer("Paris")) == "Paris"
    assert task.answer(Attempt((Step("1", "So the answer is 5."),))) is None
    assert task.answer_flexible("I say the answer is Paris.") == "Paris"
    assert task.is_right("paris", "Paris")
    assert not task.is_right(None, "Paris")


def test_without_a_script_only_gold_is_known_to_be_right(tmp_path: Path) -> None:
    task = load_task(write_task(tmp_path, [ROW]))
    assert task.feedback("How many?", GOLD) == correct(GOLD)
    for question, attempt in (("How many?", WRONG), ("How many?", with_answer("5")), ("?", GOLD)):
        with pytest.raises(CannotJudge, match=r'add \[feedback\] with script = "feedback.py"'):
            task.feedback(question, attempt)
    with pytest.raises(CannotImprove, match=r'add \[improve\] with script = "improve.py"'):
        task.improve("How many?", WRONG, FLAGGED)


@pytest.mark.parametrize(
    ("reply", "feedback"),
    [
        ({"verdict": "incorrect", "step": "2", "span": "One", "reason": "no."}, ("2", "One", "no")),
        ({"verdict": "incorrect", "step": 2, "span": "One", "reason": "x"}, ("2", "One", "x")),
        (
            {"verdict": "incorrect", "step": "Final response", "span": "3", "reason": "x"},
            ("Final response", "3", "x"),
        ),
    ],
)
def test_a_script_names_the_first_wrong_step(
    tmp_path: Path, reply: object, feedback: tuple[str, str, str]
) -> None:
    with scripted(tmp_path, reply) as task:
        said = task.feedback("How many?", WRONG)
        assert said == incorrect(*feedback)
        assert parse_feedback(said.render()) == said


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ({}, 'verdict must be "correct" or "incorrect", not missing'),
        ({"verdict": "wrong"}, "not 'wrong'"),
        ({"verdict": "incorrect", "step": "2", "span": "One"}, "reason must be text"),
        ({"verdict": "incorrect", "step": "2", "span": "", "reason": "x"}, "span must be text"),
        ({"verdict": "incorrect", "step": True, "span": "One", "reason": "x"}, "step must be"),
        ({"verdict": "incorrect", "step": "9", "span": "One", "reason": "x"}, "no step '9'"),
        ({"verdict": "incorrect", "step": 10**30, "span": "One", "reason": "x"}, "no step"),
        ({"verdict": "incorrect", "step": "1", "span": "One", "reason": "x"}, "is no part of step"),
        ({"verdict": "incorrect", "step": "2", "span": "One", "reason": "a\nb"}, "one line"),
        ({"verdict": "incorrect", "step": "2", "span": "One", "reason": "\x1b"}, "control"),
        ({"verdict": "correct"}, "script.py says that all is correct, but the attempt states '3'"),
        ({"cannot": "too hard"}, "too hard"),
    ],
)
def test_a_verdict_that_cannot_be_is_no_verdict(tmp_path: Path, reply: object, why: str) -> None:
    with scripted(tmp_path, reply) as task, pytest.raises(CannotJudge) as caught:
        task.feedback("How many?", WRONG)
    assert why in str(caught.value)


def steps(*texts: str) -> list[dict[str, str]]:
    labels = [*map(str, range(1, len(texts))), FINAL_RESPONSE]
    return [{"label": label, "text": text} for label, text in zip(labels, texts, strict=True)]


def test_a_script_continues_from_the_flagged_step(tmp_path: Path) -> None:
    reply = {"steps": steps("Two.", "Three more.", "So the answer is 5.")}
    with scripted(tmp_path, reply, "improve") as task:
        assert task.improve("How many?", WRONG, FLAGGED) == GOLD


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ({}, "steps must be a list of 1 to 1000, not missing"),
        ({"steps": []}, "steps must be a list"),
        ({"steps": ["Two."]}, "a step must be an object"),
        ({"steps": [{"label": "1"}]}, "a step must have label and text"),
        ({"steps": steps("Too.", "Three more.", "So the answer is 5.")}, "changed a step before"),
        ({"steps": steps("Two.", "x", "y")[:2]}, "not the final response"),
        ({"steps": [*steps("Two.", "x\nFeedback: y", "z")]}, "cannot be read back"),
        ({"steps": [*steps("Two.", "x\n(7) y", "z")]}, "cannot be read back"),
        ({"steps": [{"label": "1", "text": "Two."}, {"label": "a", "text": "b"}]}, "not the final"),
        ({"cannot": "too hard"}, "too hard"),
    ],
)
def test_an_update_that_is_none_is_refused(tmp_path: Path, reply: object, why: str) -> None:
    with scripted(tmp_path, reply, "improve") as task, pytest.raises(CannotImprove) as caught:
        task.improve("How many?", WRONG, FLAGGED)
    assert why in str(caught.value)


def test_feedback_without_a_wrong_step_cannot_be_followed(tmp_path: Path) -> None:
    with scripted(tmp_path, {"steps": steps("Two.", "x")}, "improve") as task:
        for feedback in (correct(WRONG), incorrect("7", "x", "y")):
            with pytest.raises(CannotImprove):
                task.improve("How many?", WRONG, feedback)


def test_scripts_get_the_gold_answer_of_rows_alone(tmp_path: Path) -> None:
    text = (
        "import json, sys\nfor line in sys.stdin:\n    request = json.loads(line)\n"
        "    print(json.dumps({'cannot': json.dumps(request['gold'])}), flush=True)\n"
    )
    write_task(tmp_path, [ROW], files={"f.py": text}, feedback={"script": "f.py"})
    with load_task(tmp_path) as task:
        for question, gold in (("How many?", '"5"'), ("Another?", "null")):
            with pytest.raises(CannotJudge) as caught:
                task.feedback(question, WRONG)
            assert str(caught.value) == gold


def test_a_broken_script_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    write_task(
        tmp_path,
        [ROW],
        files={"f.py": "raise SystemExit('bye')"},
        feedback={"script": "f.py"},
        improve={"script": "gone.py"},
    )
    with load_task(tmp_path) as task:
        (problem,) = task.folder.problems
        assert (problem.kind, problem.key) == (ProblemKind.FILE_MISSING, "improve.script")
        with pytest.raises(CannotJudge, match=r"(?s)f\.py ended .*exit status 1.*bye"):
            task.feedback("How many?", WRONG)
        with pytest.raises(CannotImprove, match=r"gone\.py does not exist"):
            task.improve("How many?", WRONG, FLAGGED)


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


hostile = st.text(max_size=200) | st.sampled_from(
    ["9" * 100_000, "(" * 100_000, "\x00", "\ud800", "٣", "\\boxed{" * 1_000]
)


@pytest.mark.parametrize("kind", ["exact", "number", "choice", "words"])
@given(text=hostile, label=hostile)
def test_no_text_breaks_it(kind: str, text: str, label: str) -> None:
    task = TASKS[kind]
    attempt = Attempt((Step(label, text), Step(FINAL_RESPONSE, f"So the answer is {text}.")))
    assert task.is_right(task.answer(attempt), text) in (True, False)
    assert task.is_right(task.answer_flexible(text), text) in (True, False)
    with pytest.raises(CannotJudge):
        task.feedback(text, attempt)
    with pytest.raises(CannotImprove):
        task.improve(text, attempt, Feedback(FLAGGED.verdict, label, text, text))
    with pytest.raises(CannotImprove):
        task.rationale(text)


@pytest.fixture(scope="module", autouse=True)
def _tasks(tmp_path_factory: pytest.TempPathFactory) -> None:
    for kind in ("exact", "number", "choice", "words"):
        folder = tmp_path_factory.mktemp(kind)
        row = {"question": "How many?", "answer": "(B)" if kind == "choice" else 5}
        TASKS[kind] = load_task(write_task(folder, [row], answer={"kind": kind}))


TASKS: dict[str, OwnTask] = {}


def test_a_trial_finds_what_is_wrong_with_scripts(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"question": "More?", "answer": "6", "rationale": "Six."}]
    for reply, message in (
        ({"verdict": "correct"}, "cannot judge the rationale with the answer '6'"),
        (
            {"verdict": "incorrect", "step": "1", "span": ".", "reason": "x"},
            "rejects the gold rationale",
        ),
        ({"cannot": "x"}, "cannot judge the gold rationale: x"),
    ):
        text = f"import sys\nfor line in sys.stdin:\n    print({json.dumps(reply)!r}, flush=True)\n"
        write_task(tmp_path, rows, files={"f.py": text}, feedback={"script": "f.py"})
        with load_task(tmp_path) as task:
            assert message in try_scripts(task)[0].message
