"""Scripted FBK finds every planted error where it stands; scripted IMP repairs it."""

import random
from collections.abc import Iterator

import pytest
from date_questions import CONCERT, written
from hypothesis import given
from hypothesis import strategies as st
from patience import patience
from planted_dates import PLANTS, Planted, with_step
from spoiled import Cut, assert_sound, spoil

from db.records import (
    Item,
    Origin,
    Split,
    Subtask,
)
from engine.editing import Editor, Kept
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.date_question import read_question
from engine.tasks.date_understanding import DateUnderstanding
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Step,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
    parse_feedback,
)

TASK = DateUnderstanding()
ITEMS = TASK.generate(Split.TRAIN, [Subtask.SEEN, Subtask.UNSEEN], 60, seed=5)
# In these few words alone, one person can be right and the other wrong.
ITEMS += [
    item
    for item in TASK.generate(Split.TRAIN, [Subtask.SEEN], 300, seed=6)
    if "thinks" in item.question
]
EDITOR = Editor(ScriptedFeedback(TASK), ScriptedImprove(TASK))
KINDS = sorted(PLANTS)
FEWER = {"wrong person": 3, "wrong length of a month": 5, "missing last step": 5}
"""Kinds of errors that only few questions can have, and in how many they must be found."""
ANOTHER_DAY = {kind for kind in KINDS if kind.startswith("off by")} | {
    "day and month swapped",
    "not counted",
    "said of another day",
    "wrong date restated",
    "wrong direction",
    "wrong length of a month",
}


def planted(kind: str) -> Iterator[tuple[Item, Planted]]:
    """One error of a kind in each item that can have it."""
    rng = random.Random(kind)
    for item in ITEMS:
        attempt, problem = parse_attempt(item.rationale), read_question(item.question)
        indexes = list(range(len(attempt.steps)))
        rng.shuffle(indexes)
        found = (PLANTS[kind](problem, attempt, index, rng) for index in indexes)
        first = next((one for one in found if one is not None), None)
        if first is not None:
            yield item, first


def is_diagnosis(feedback: Feedback, error: Planted, kind: str) -> bool:
    """Tell whether the step and the span are right.

    The span has more words before it where it stands elsewhere in its step too, or where it is
    another day of the story: then it is wrong to say it of this one.
    """
    span = str(feedback.span)
    steps = [step.render() for step in error.attempt.steps if step.label == error.step]
    elsewhere = any(text.count(error.span) > 1 for text in steps)
    found = span == error.span
    if elsewhere or kind in ANOTHER_DAY:
        found = span.endswith(error.span)
    return found and feedback.step == error.step and any(span in text for text in steps)


@pytest.mark.parametrize("kind", KINDS)
def test_every_planted_error_is_found_where_it_stands(kind: str) -> None:
    count = 0
    for item, error in planted(kind):
        feedback = TASK.feedback(item.question, error.attempt)
        assert is_diagnosis(feedback, error, kind)
        assert parse_feedback(feedback.render()) == feedback
        count += 1
    assert count >= FEWER.get(kind, 20)


@pytest.mark.parametrize("kind", KINDS)
def test_every_planted_error_is_repaired(kind: str) -> None:
    for item, error in planted(kind):
        edited = EDITOR.edit(Trajectory(item.question, (Turn(error.attempt),)))
        assert isinstance(edited, Kept)
        assert edited.origin is Origin.EDITED
        update = edited.trajectory.last
        assert edited.trajectory.updates <= EDITOR.limits.updates
        assert TASK.is_right(TASK.answer(update), item.answer)
        assert TASK.feedback(item.question, update) == correct(update)
        kept = error.attempt.before(error.step)
        assert update.steps[: len(kept)] == kept


@pytest.mark.parametrize("kind", ["off by a day", "wrong conversion", "wrong date restated"])
def test_of_two_errors_the_first_in_reading_order_is_named(kind: str) -> None:
    rng = random.Random(kind)
    for item, first in planted(kind):
        problem, at = read_question(item.question), len(first.attempt.before(first.step))
        for later in ("off by a year", "wrong letter"):
            for index in range(at + 1, len(first.attempt.steps)):
                second = PLANTS[later](problem, first.attempt, index, rng)
                if second is not None:
                    feedback = TASK.feedback(item.question, second.attempt)
                    assert is_diagnosis(feedback, first, kind)


def test_errors_are_repaired_one_after_the_other() -> None:
    rng = random.Random(1)
    for item in ITEMS[:40]:
        attempt, problem = parse_attempt(item.rationale), read_question(item.question)
        for index in range(len(attempt.steps)):
            kind = "off by a week" if index < len(attempt.steps) - 1 else "wrong letter"
            error = PLANTS[kind](problem, attempt, index, rng)
            assert error is not None
            attempt = error.attempt
        edited = EDITOR.edit(Trajectory(item.question, (Turn(attempt),)))
        assert isinstance(edited, Kept)
        assert TASK.answer(edited.trajectory.last) == item.answer


def _digits(attempt: Attempt) -> Iterator[tuple[int, int]]:
    for index, step in enumerate(attempt.steps):
        yield from ((index, at) for at, sign in enumerate(step.text) if sign in "0123456789")


def test_no_digit_of_a_rationale_can_be_changed_unnoticed() -> None:
    rng = random.Random(3)
    for item in ITEMS[:60]:
        attempt = parse_attempt(item.rationale)
        for index, at in rng.sample(list(_digits(attempt)), 6):
            text = attempt.steps[index].text
            digit = rng.choice([one for one in "0123456789" if one != text[at]])
            spoiled = with_step(attempt, index, text[:at] + digit + text[at + 1 :])
            try:
                feedback = TASK.feedback(item.question, spoiled)
            except CannotJudge:
                # So many hours are no whole days.
                assert "hours" in text
                continue
            assert feedback.step == attempt.steps[index].label


# --- what cannot be judged or improved ---------------------------------------------------------

GOLD = TASK.rationale(CONCERT)


def test_an_attempt_that_breaks_off_cannot_be_judged() -> None:
    for count in range(len(GOLD.steps)):
        with pytest.raises(CannotJudge, match="no final response"):
            TASK.feedback(CONCERT, Attempt(GOLD.steps[:count]))


def test_an_attempt_without_a_step_is_wrong_and_is_written() -> None:
    attempt = Attempt(GOLD.steps[-1:])
    feedback = TASK.feedback(CONCERT, attempt)
    assert feedback.reason == "the date 10 days ago is not worked out yet"
    assert TASK.improve(CONCERT, attempt, feedback) == GOLD


def test_a_question_without_a_right_option_is_judged_up_to_the_answer() -> None:
    asked = CONCERT.replace("05/23/1943", "05/23/1944")
    with pytest.raises(CannotJudge, match="no option is 05/23/1943"):
        TASK.feedback(asked, GOLD)
    wrong = with_step(GOLD, 0, "Today's date is June 3, 1943.")
    feedback = TASK.feedback(asked, wrong)
    assert feedback.span == "June 3, 1943"
    with pytest.raises(CannotImprove, match="no option is 05/23/1943"):
        TASK.improve(asked, wrong, feedback)


def test_what_is_right_needs_no_update() -> None:
    with pytest.raises(CannotImprove, match="no wrong step"):
        TASK.improve(CONCERT, GOLD, correct(GOLD))
    with pytest.raises(CannotImprove, match=r"no step \(9\)"):
        TASK.improve(CONCERT, GOLD, incorrect("9", "a", "b"))


def test_an_update_does_not_build_on_a_wrong_step() -> None:
    wrong = with_step(GOLD, 0, "Today is June 3, 1943.")
    with pytest.raises(CannotImprove, match=r"step \(1\), before the flagged one, is wrong"):
        TASK.improve(CONCERT, wrong, incorrect("2", "a", "b"))
    unclear = with_step(GOLD, 0, "Pigs fly.")
    with pytest.raises(CannotImprove, match="nothing that can be checked"):
        TASK.improve(CONCERT, unclear, incorrect("2", "a", "b"))


def test_an_update_leaves_out_what_was_stated() -> None:
    attempt = written("Today is June 2, 1943 and 10 days ago is May 23.", "Today is May 5, 1943.")
    feedback = TASK.feedback(CONCERT, attempt)
    assert feedback.span == "May 5, 1943"
    update = TASK.improve(CONCERT, attempt, feedback)
    assert update == Attempt((attempt.steps[0], attempt.steps[-1]))


@pytest.mark.parametrize("asked", ["", "(", "Today is today.", "\ud800", "x" * 9999])
def test_what_is_no_question_is_neither_judged_nor_improved(asked: str) -> None:
    with pytest.raises(CannotJudge):
        TASK.feedback(asked, GOLD)
    for step in ("1", "2", FINAL_RESPONSE):
        with pytest.raises(CannotImprove):
            TASK.improve(asked, GOLD, incorrect(step, "a", "b"))


def test_showing_the_working_changes_nothing() -> None:
    assert TASK.feedback(CONCERT, GOLD, show_working=True) == TASK.feedback(CONCERT, GOLD)


# --- hostile attempts --------------------------------------------------------------------------

PIECES = [
    "9" * 5000, "9/9", "/", "May 1, ", " today is ", "10 days before ", "(", ")", "-", '"', ".",
    "\n", "(2) ", "(Final response) So the answer is (A).", "the first day of ", "Tuesday, ",
    " not ", "\u0663", "\r", "\x00", "\ud800", "\u0130", " ", " the day after ", "that is ",
]  # fmt: skip
cuts = st.tuples(st.integers(0, 300), st.integers(0, 60), st.sampled_from(PIECES) | st.text())


@given(st.sampled_from(ITEMS), st.lists(cuts, min_size=1, max_size=3))
def test_a_spoiled_rationale_is_judged_soundly_and_repaired(item: Item, cuts: list[Cut]) -> None:
    attempt = spoil(item.rationale, cuts)
    try:
        feedback = TASK.feedback(item.question, attempt)
    except CannotJudge:
        return
    assert_sound(TASK, item, attempt, feedback)


@given(st.sampled_from(ITEMS), st.text(), st.text(), st.text())
def test_any_text_in_any_place_is_judged_or_refused_by_name(
    item: Item, first: str, second: str, last: str
) -> None:
    attempt = Attempt((Step("1", first), Step("2", second), Step(FINAL_RESPONSE, last)))
    for asked in (item.question, first):
        try:
            assert_sound(TASK, item, attempt, TASK.feedback(asked, attempt))
        except CannotJudge as reason:
            assert str(reason)  # noqa: PT017


@pytest.mark.parametrize(
    "piece",
    ["9", "9/", "9/9 ", "May 1 ", "today is ", "1 day before ", "the ", "(A) ", "\x00", "\n"],
)
@patience()
def test_a_megabyte_is_judged_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for index in range(len(GOLD.steps)):
        spoiled = with_step(GOLD, index, GOLD.steps[index].text[:5] + text)
        try:
            assert not TASK.feedback(CONCERT, spoiled).is_correct
        except CannotJudge as reason:
            assert "characters" in str(reason)  # noqa: PT017


@patience()
def test_many_steps_are_judged_in_linear_time() -> None:
    many = Attempt(tuple(Step(str(number), "Today is 6/2.") for number in range(1, 2_000)))
    with pytest.raises(CannotJudge, match="no final response"):
        TASK.feedback(CONCERT, many)
