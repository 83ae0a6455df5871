"""A folder as a task: what the engine asks of any task."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import FLAGGED, GOLD, ROW, numbered, with_answer, write_task

from db.records import Split, Subtask
from engine.errors import ConfigError
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.tasks.own import OwnTask, load_folder, load_task
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Step,
)

BOTH = [Subtask.SEEN, Subtask.UNSEEN]


@pytest.fixture
def task(tmp_path: Path) -> Iterator[OwnTask]:
    rows = [*numbered(200), *numbered(40)]
    for n, row in enumerate(rows[200:]):
        row |= {"question": f"Hard: {n}?", "subtask": "unseen", "split": "test"}
    with load_task(write_task(tmp_path, rows)) as task:
        assert task.folder.problems == ()
        yield task


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


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OwnTask]:
    """One with each kind of answer."""
    answers = {"exact": 5, "number": 5, "choice": "(B)", "words": 5}
    return {
        kind: load_task(
            write_task(
                tmp_path_factory.mktemp(kind),
                [{"question": "How many?", "answer": answer}],
                answer={"kind": kind},
            )
        )
        for kind, answer in answers.items()
    }


hostile = st.text(max_size=200) | st.sampled_from(
    ["9" * 100_000, "(" * 100_000, "\x00", "\ud800", "٣", "\\boxed{" * 1_000]
)


@pytest.mark.parametrize("kind", ["exact", "number", "choice", "words"])
@given(text=hostile, label=hostile)
def test_no_text_breaks_it(tasks: dict[str, OwnTask], kind: str, text: str, label: str) -> None:
    task = tasks[kind]
    attempt = Attempt((Step(label, text), Step(FINAL_RESPONSE, f"So the answer is {text}.")))
    assert task.is_right(task.answer(attempt), text) in (True, False)
    assert task.is_right(task.answer_flexible(text), text) in (True, False)
    with pytest.raises(CannotJudge):
        task.feedback(text, attempt)
    with pytest.raises(CannotImprove):
        task.improve(text, attempt, Feedback(FLAGGED.verdict, label, text, text))
    with pytest.raises(CannotImprove):
        task.rationale(text)
