"""Demonstrations: an expert's own attempts, corrected as TriPosT corrects the student's."""

import json
from pathlib import Path
from typing import Any

import pytest
from engines import Engines, Rows
from expert_runs import TASK, calls_of, name_at, perfect, project_with, serving

from db.records import ExampleKind, Origin, Split, Subtask
from engine.demonstrating import author_of, planted_attempt
from engine.experts.replies import write_steps
from engine.trajectory import parse_attempt
from tests.local_experts.serving import Body

DEMONSTRATED = {
    "run.method": "ft_si_demo",
    "run.iterations": 1,
    "task.test_items": 0,
    "collect.target": 0,
}


def question_of(body: Body) -> str:
    asked = str(body["messages"][-1]["content"])
    return asked.removeprefix("<question>\n").removesuffix("\n</question>")


def solving(body: Body) -> str:
    """Right about every other question, else with another answer; corrected perfectly."""
    if any("<attempt>" in message["content"] for message in body["messages"]):
        return perfect(body)
    question = question_of(body)
    attempt = TASK.rationale(question)
    if len(question) % 2:
        steps = list(attempt.steps)
        letter = TASK.answer(attempt)
        other = "(A)" if letter != "(A)" else "(B)"
        steps[-1] = type(steps[-1])(steps[-1].label, f"So the answer is {other}.")
        attempt = type(attempt)(tuple(steps))
    return write_steps(attempt)


def test_an_experts_attempts_are_corrected_in_place_of_the_students(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    with serving("openai", solving) as server:
        project = project_with(tmp_path / "p", date_student, name_at(server), values=DEMONSTRATED)
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        rows = Rows.of(project)
        expert = f"expert:{name_at(server)}"
        assert {author_of(attempt) for attempt in rows.attempts} == {expert}
        solved = [call for call in calls_of(project) if call.role == "attempt"]
        assert len(solved) == len(rows.attempts)
        assert rows.trajectories
        questions = {item.id: item.question for item in rows.items}
        for trajectory in rows.trajectories:
            wrong = len(questions[trajectory.item_id]) % 2
            assert trajectory.origin is (Origin.EDITED if wrong else Origin.CORRECT)
            assert trajectory.turns[0].author == expert
        kinds = {e.kind for e in rows.examples if e.selected}
        assert ExampleKind.NON_IMPROVING in kinds
        # A second engine asks nothing again.
        before = len(calls_of(project))
        assert engines.run(project).code == 0
        assert len(calls_of(project)) == before


def test_what_is_no_attempt_is_dropped_by_name(
    engines: Engines, tmp_path: Path, date_student: Path
) -> None:
    def refusing(body: Body) -> Any:
        if any("<attempt>" in message["content"] for message in body["messages"]):
            return perfect(body)
        return solving(body) if len(question_of(body)) % 2 else json.dumps({"answer": 42})

    with serving("openai", refusing) as server:
        project = project_with(tmp_path / "p", date_student, name_at(server), values=DEMONSTRATED)
        ended = engines.run(project)
        rows = Rows.of(project)
    reasons = {drop.reason for drop in rows.drops}
    without = [attempt for attempt in rows.attempts if not attempt.text]
    assert without
    assert "no demonstration" in reasons
    assert len([d for d in rows.drops if d.reason == "no demonstration"]) == len(without)
    assert ended.code == 0, ended.output


@pytest.mark.parametrize("wrong_answer", [False, True])
def test_an_error_is_planted_in_the_gold_rationale(wrong_answer: bool) -> None:
    for item in TASK.generate(Split.TRAIN, (Subtask.SEEN,), 10, 1):
        text = planted_attempt(TASK, item, 7, wrong_answer=wrong_answer)
        assert text == planted_attempt(TASK, item, 7, wrong_answer=wrong_answer)
        if not text:
            assert wrong_answer
            continue
        attempt = parse_attempt(text)
        assert not TASK.feedback(item.question, attempt).is_correct
        changed = [
            a != b for a, b in zip(attempt.steps, parse_attempt(item.rationale).steps, strict=True)
        ]
        assert sum(changed) == 1
        if wrong_answer:
            assert TASK.answer(attempt) != item.answer
