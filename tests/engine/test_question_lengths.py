"""A question that a student's context has no room for is told before the first stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from architectures import save_tiny
from chat_models import published_tokenizer
from engines import TRAINING_ALONE, Engines, run_of, small_project
from student_folders import edit
from tiny_students import load, random_model, save
from transformers import PreTrainedTokenizerFast

from db.records import (
    Event,
    Item,
    RunStatus,
    Split,
    StageName,
    Subtask,
)
from db.store import Store
from engine.control import Control
from engine.editing import DropReason
from engine.errors import StudentError
from engine.lock import EngineProcess
from engine.question_lengths import check_questions
from engine.stage import RunContext
from engine.student.model import Student
from engine.student.text_format import TextFormat
from engine.student_seat import StudentSeat
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.training.encoding import encode
from engine.trajectory import prompt

TASK = MultistepArithmetic()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("llama", tmp_path_factory.mktemp("student"))


def student_of(folder: Path, context_tokens: int) -> Student:
    """A student with a context of so many tokens; 0: it does not say."""
    student = load(folder)
    student.language_model.config.max_position_embeddings = context_tokens
    return student


@contextmanager
def beginning(
    tmp_path: Path, student: Student, questions: list[str], **values: int
) -> Iterator[RunContext]:
    """A run whose questions are made and whose student is loaded."""
    wanted = {f"{section}.max_attempt_tokens": 16 for section in ("collect", "evaluate")}
    project = small_project(tmp_path / "p", tmp_path, {**wanted, **values})
    project.prepare()
    with Store.open(project.db_path) as store:
        run = store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student=""
        )
        splits = (Split.TRAIN, Split.DEV, Split.TEST)
        store.add_items(
            [
                Item(
                    task=TASK.name,
                    split=splits[number % 3],
                    subtask=Subtask.SEEN,
                    question=question,
                    answer="1",
                    rationale="",
                )
                for number, question in enumerate(questions)
            ]
        )
        control = Control(store, run.id, EngineProcess.current())
        seat = StudentSeat(lambda: student)
        yield RunContext(project, project.settings, store, run.id, TASK, seat, control)


def alerts(context: RunContext) -> list[Event]:
    return [e for e in context.store.events(context.run_id) if e.kind == "alert"]


def tokens(student: Student, question: str) -> int:
    return len(student.form.prompt_ids([prompt(question, TASK.hint)]))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_question_of_any_split_that_leaves_no_room_is_told_with_its_beginning(
    tmp_path: Path, folder: Path, number: int
) -> None:
    long = "1 + " * 200 + "1 ="
    questions = ["1 + 2 =", "1 + 3 =", "1 + 4 ="]
    questions[number] = long
    student = student_of(folder, 300)
    with (
        beginning(tmp_path, student, questions) as context,
        pytest.raises(StudentError) as caught,
    ):
        check_questions(context)
    message = caught.value.message
    assert f"{tokens(student, long):,} tokens" in message
    assert "has 300" in message
    assert repr(long[:80] + "…") in message
    assert "student.path" in message


def test_the_longest_is_named_and_the_others_are_counted(tmp_path: Path, folder: Path) -> None:
    questions = [f"{'1 + ' * count}1 =" for count in (100, 120, 110, 1)]
    student = student_of(folder, 200)
    with (
        beginning(tmp_path, student, questions) as context,
        pytest.raises(StudentError) as caught,
    ):
        check_questions(context)
    assert f"{tokens(student, questions[1]):,} tokens" in caught.value.message
    assert "2 others are too long" in caught.value.message


def test_a_question_fits_that_leaves_room_for_the_shortest_attempt(
    tmp_path: Path, folder: Path
) -> None:
    question = "1 + " * 30 + "1 ="
    count = tokens(load(folder), question)
    with beginning(tmp_path / "a", student_of(folder, count + 16), [question]) as context:
        check_questions(context)
    with (
        beginning(tmp_path / "b", student_of(folder, count + 15), [question]) as context,
        pytest.raises(StudentError),
    ):
        check_questions(context)


def test_a_short_question_may_have_many_tokens(tmp_path: Path, folder: Path) -> None:
    """Letters that a tokenizer writes as several bytes."""
    student = student_of(folder, 120)
    student = replace(student, form=TextFormat(published_tokenizer("byte level")))
    questions = ["\u4f60" * 40, *("a " * 45 + str(n) for n in range(3))]
    with (
        beginning(tmp_path, student, questions) as context,
        pytest.raises(StudentError, match="\u4f60\u4f60"),
    ):
        check_questions(context)


def test_texts_that_may_outgrow_the_context_are_an_alert_and_no_error(
    tmp_path: Path, folder: Path
) -> None:
    student = student_of(folder, 400)
    with beginning(tmp_path / "a", student, ["1 + 2 ="]) as context:
        check_questions(context)
        assert alerts(context) == []
    limits = {"collect.max_attempt_tokens": 200}
    with beginning(tmp_path / "b", student, ["1 + 2 ="], **limits) as context:
        check_questions(context)
        (alert,) = alerts(context)
    assert "context has 400" in alert.message
    fits = int(alert.message.split("; ")[1].split()[0])
    limits = {f"{s}.max_attempt_tokens": fits for s in ("collect", "evaluate")}
    with beginning(tmp_path / "c", student, ["1 + 2 ="], **limits) as context:
        check_questions(context)
        assert alerts(context) == []


def test_without_a_known_context_nothing_is_too_long(tmp_path: Path, folder: Path) -> None:
    with beginning(tmp_path, student_of(folder, 0), ["1 + " * 9000]) as context:
        check_questions(context)
        assert alerts(context) == []


def test_a_run_that_is_taken_up_is_not_looked_at_again(tmp_path: Path, folder: Path) -> None:
    with beginning(tmp_path, student_of(folder, 20), ["1 + 2 ="]) as context:
        context.store.start_stage(context.run_id, 0, StageName.EVALUATE, 1)
        check_questions(context)


# --- in a run -----------------------------------------------------------------------------------


def test_a_run_fails_before_its_first_stage(
    engines: Engines, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    student = save(random_model(), tokenizer, tmp_path / "student")
    edit("config.json", max_position_embeddings=20)(student)
    project = small_project(tmp_path / "p", student)
    ended = engines.run(project)
    assert ended.code == 4
    assert "A question is longer than the student's context" in ended.output
    assert run_of(project).status is RunStatus.FAILED
    with Store.open(project.db_path, readonly=True) as store:
        assert store.stages(1) == []


def test_examples_longer_than_the_context_are_not_trained_on(
    engines: Engines, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    student = save(random_model(), tokenizer, tmp_path / "student")
    form = load(student).form
    lengths = [
        len(encode(form, [(prompt(item.question, TASK.hint), 0.0), (item.rationale, 1.0)]))
        for item in MultistepArithmetic(("2x1",)).generate(Split.TRAIN, [Subtask.SEEN], 8, 1)
    ]
    limit = int(median(lengths))
    edit("config.json", max_position_embeddings=limit)(student)
    project = small_project(tmp_path / "p", student, TRAINING_ALONE)
    assert engines.run(project).code == 0
    with Store.open(project.db_path, readonly=True) as store:
        examples = store.examples(1, 1)
    long = {len(encode(form, example.segments)) > limit for example in examples}
    assert long == {True, False}
    for example in examples:
        too_long = len(encode(form, example.segments)) > limit
        assert (example.drop_reason == DropReason.TOO_LONG) == too_long
        assert example.selected != too_long
