"""What scripts for FBK and IMP may answer, and what is made of their answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from own_folders import FLAGGED, GOLD, ROW, WRONG, with_answer, write_task

from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.own import OwnTask, ProblemKind, load_task
from engine.trajectory import FINAL_RESPONSE, correct, incorrect, parse_feedback


def scripted(folder: Path, reply: object, section: str = "feedback") -> OwnTask:
    """A task with a script that always gives this reply."""
    text = f"import sys\nfor line in sys.stdin:\n    print({json.dumps(reply)!r}, flush=True)\n"
    sections: Any = {section: {"script": "script.py"}}
    write_task(folder, [ROW], files={"script.py": text}, **sections)
    return load_task(folder)


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
