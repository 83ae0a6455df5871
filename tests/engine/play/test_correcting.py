"""Attempt, feedback, update, feedback: each part is heard as it is written, and judged."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asked import answers, ask, playing, streamed
from click.testing import CliRunner, Result
from correcting import DIAGNOSIS, FINE, QUESTION, RIGHT, WRONG, correcting_student

from engine.config import Settings, with_values
from engine.play.child import PlayProcess
from engine.play.messages import START, Ask, Judged, Part, PartDone, Verdict
from engine.project import Project
from tripost_tui.cli import tripost


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Project:
    folder = tmp_path_factory.mktemp("correcting")
    values: dict[str, Any] = {
        "student.path": str(correcting_student(folder / "student")),
        "student.device": "cpu",
        "student.adapter": "full",
        "student.threads": 1,
    }
    return Project.create(folder / "p", with_values(Settings(), values))


@pytest.fixture(scope="module")
def process(project: Project) -> Iterator[PlayProcess]:
    with playing(project.path) as process:
        yield process


def test_it_is_heard_correcting_itself(process: PlayProcess) -> None:
    heard = ask(process, Ask(id=1, question=QUESTION, weights=(START,)))
    parts = [event for event in heard if isinstance(event, PartDone)]
    assert [(p.part, p.number, p.text, p.verdict) for p in parts] == [
        (Part.ATTEMPT, 0, WRONG, Verdict.NONE),
        (Part.FEEDBACK, 0, DIAGNOSIS, Verdict.INCORRECT),
        (Part.UPDATE, 1, RIGHT, Verdict.NONE),
        (Part.FEEDBACK, 1, FINE, Verdict.CORRECT),
    ]
    assert (parts[1].step, parts[1].span) == ("3", "(3 - 1) = 1")
    assert streamed(heard, START) == WRONG + DIAGNOSIS + RIGHT + FINE
    (answer,) = answers(heard)
    assert (answer.first_answer, answer.final_answer, answer.right) == ("3", "6", "6")
    assert (answer.first_correct, answer.final_correct) == (False, True)
    assert (answer.end, answer.updates) == ("positive feedback", 1)


def test_the_scripts_verdict_stands_beside_its_own(process: PlayProcess) -> None:
    heard = ask(process, Ask(id=2, question=QUESTION, weights=(START,)))
    first, second = [event for event in heard if isinstance(event, Judged)]
    assert (first.number, first.verdict, first.step, first.span) == (
        0,
        Verdict.INCORRECT,
        "3",
        "(3 - 1) = 1",
    )
    # Without its working, which is long.
    assert first.text.startswith("In step (3)")
    assert (second.number, second.verdict) == (1, Verdict.CORRECT)


def test_fewer_updates_end_it_sooner(process: PlayProcess) -> None:
    heard = ask(process, Ask(id=3, question=QUESTION, weights=(START,), max_updates=0))
    (answer,) = answers(heard)
    assert (answer.end, answer.final_answer) == ("most updates reached", "3")


def tripost_ask(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(tripost, ["ask", *map(str, arguments)], input=text)


def test_the_command_shows_it_as_text(project: Project) -> None:
    result = tripost_ask(project.path, QUESTION)
    assert result.exit_code == 0, result.output
    told = result.stdout
    assert told.startswith(f"=== start ===\nAttempt\n{WRONG}\nFBK: In step (3)")
    assert f"\nFeedback\n{DIAGNOSIS}\nUpdate\n{RIGHT}\nFBK: correct\nFeedback\n{FINE}\n" in told
    assert "\nFinal answer: 6, right\n" in told
    assert "ended by: positive feedback" in told
    assert "loading the student" in result.stderr


def test_the_command_reads_the_question_from_stdin_and_tells_json(project: Project) -> None:
    result = tripost_ask(project.path, "--json", "--updates", 0, text=f"{QUESTION}\n")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["kind"] for row in rows} >= {"ready", "piece", "part_done", "judged", "done"}
    (answer,) = [row for row in rows if row["kind"] == "answered"]
    assert (answer["final_answer"], answer["final_correct"]) == ("3", False)


def test_a_question_that_cannot_be_asked_fails_with_the_students_exit_code(
    project: Project,
) -> None:
    result = tripost_ask(project.path, text="7 + " * 250_000)
    assert result.exit_code == 4
    assert "The question is too long" in result.stderr
