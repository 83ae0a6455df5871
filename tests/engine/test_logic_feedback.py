"""Scripted FBK finds every planted error where it stands; scripted IMP repairs it."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience
from planted_logic import PLANTS, Planted, with_step
from spoiled import Cut, assert_judged_soundly_and_repaired, spoil

from db.records import (
    Item,
    Origin,
    Split,
    Subtask,
)
from engine.editing import Editor, Kept
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.logic_questions import read_story
from engine.tasks.logical_deduction import LogicalDeduction
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Step,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
    parse_feedback,
)

TASK = LogicalDeduction()
ITEMS = [
    *TASK.generate(Split.TRAIN, [Subtask.SEEN], 80, seed=5),
    *TASK.generate(Split.TEST, [Subtask.UNSEEN], 20, seed=5),
]
EDITOR = Editor(ScriptedFeedback(TASK), ScriptedImprove(TASK))
KINDS = sorted(PLANTS)


def planted(kind: str) -> Iterator[tuple[Item, Planted]]:
    """One error of a kind in each item that can have it."""
    rng = random.Random(kind)
    for item in ITEMS:
        attempt, story = parse_attempt(item.rationale), read_story(item.question)
        indexes = list(range(len(attempt.steps)))
        rng.shuffle(indexes)
        found = (PLANTS[kind](story, attempt, index, rng) for index in indexes)
        first = next((one for one in found if one is not None), None)
        if first is not None:
            yield item, first


@pytest.mark.parametrize("kind", KINDS)
def test_every_planted_error_is_found_where_it_stands(kind: str) -> None:
    count = 0
    for item, error in planted(kind):
        feedback = TASK.feedback(item.question, error.attempt)
        assert (feedback.step, feedback.span) == (error.step, error.span)
        assert any(
            step.label == error.step and error.span in step.render() for step in error.attempt.steps
        )
        assert parse_feedback(feedback.render()) == feedback
        assert TASK.feedback(item.question, error.attempt, show_working=True) == feedback
        count += 1
    assert count > len(ITEMS) / 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_planted_error_is_repaired(kind: str) -> None:
    for item, error in planted(kind):
        edited = EDITOR.edit(Trajectory(item.question, (Turn(error.attempt),)))
        assert isinstance(edited, Kept)
        assert edited.origin is Origin.EDITED
        assert edited.trajectory.updates == 1
        update = edited.trajectory.last
        assert TASK.is_right(TASK.answer(update), item.answer)
        assert TASK.feedback(item.question, update) == correct(update)
        kept = error.attempt.before(error.step)
        assert update.steps[: len(kept)] == kept


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_errors_the_first_in_reading_order_is_named(kind: str) -> None:
    rng = random.Random(kind)
    for item, first in planted(kind):
        at = len(first.attempt.before(first.step))
        for index in range(at + 1, len(first.attempt.steps)):
            label = first.attempt.steps[index].label
            if label != first.step:
                second = with_step(first.attempt, index, rng.choice(["", "No.", "?? (left)"]))
                feedback = TASK.feedback(item.question, second)
                assert (feedback.step, feedback.span) == (first.step, first.span)


def test_errors_are_repaired_one_after_the_other() -> None:
    rng = random.Random(1)
    for item in ITEMS:
        attempt, story = parse_attempt(item.rationale), read_story(item.question)
        for index in range(len(attempt.steps)):
            kind = rng.choice(["clue: gap closed", "total: object missing", "final: wrong letter"])
            error = PLANTS[kind](story, attempt, index, rng)
            attempt = error.attempt if error else attempt
        edited = EDITOR.edit(Trajectory(item.question, (Turn(attempt),)))
        assert isinstance(edited, Kept)
        assert TASK.answer(edited.trajectory.last) == item.answer


# --- reasons -----------------------------------------------------------------------------------

STORY = (
    "The following paragraphs each describe a set of four objects arranged in a fixed order. The "
    "statements are logically consistent within each paragraph. On a shelf, there are four books: "
    "a teal book, an amber book, a pink book, and a navy book. The teal book is to the left of "
    "the pink book. The navy book is the second from the right. The amber book is to the right of "
    "the navy book.\nOptions:\n"
    "(A) The teal book is the leftmost.\n(B) The amber book is the leftmost.\n"
    "(C) The pink book is the leftmost.\n(D) The navy book is the leftmost."
)
GOLD = TASK.rationale(STORY)


def test_a_rationale_combines_the_clues_until_the_order_is_known() -> None:
    assert GOLD.text == (
        '(1) The teal book is to the left of the pink book: "(left) ?? teal ?? pink ?? (right)".\n'
        '(2) The navy book is the second from the right: "(left) ?? navy ? (right)".\n'
        "(3) The amber book is to the right of the navy book: "
        '"(left) ?? navy ?? amber ?? (right)".\n'
        "(4) There are in total four books: "
        "a teal book, an amber book, a pink book, and a navy book.\n"
        "(5) Combining (2) and (3) we get the following ordering: "
        '"(left) ?? navy amber (right)".\n'
        "(6) Combining (1) and (5) we get the following ordering: "
        '"(left) ?? teal ?? pink ?? navy amber (right)".\n'
        "(7) Combining (4) and (6) we get the following ordering: "
        '"(left) teal pink navy amber (right)".\n'
        "(8) According to this ordering, the book that is the leftmost is the teal book.\n"
        "(Final response) The teal book is the leftmost. So the answer is (A)."
    )


UNREADABLE = {
    '"(left) ? navy ? ? ? (right)"': "it has 5 places for 4 objects",
    '"(left) navy (right)"': "it has places for 1 of 4 objects only",
    '"(left) ?? navy ? (here)"': "(here) is no end of the order",
    '"?? navy ?"': "it does not say which end is which",
    '"(right) ?? navy ? (right)"': "both ends are the same",
    '"(left) navy ?? navy ? (right)"': "navy is there twice",
    '"(left) navy ?? red ? (right)"': "red is not one of the objects",
    '"(left) navy (left) ? (right)"': "(left) is not one of the objects",
    '"(left) ?? navy ?? (right)"': 'the clue reads "(left) ?? navy ? (right)"',
}
FALSE = {
    '"(left) ?? pink ?? teal ?? (right)"':
        "rule out that the pink book is to the left of the teal book",
    '"(left) ?? navy (right)"': "rule out that the navy book is the rightmost",
    '"(left) ?? pink (right)"': "leave open whether the pink book is the rightmost",
    '"(left) ?? teal ? ?? pink ?? (right)"':
        "leave open whether at least 1 of the books come between the teal book and the pink book",
    '"(left) ?? teal ? pink ?? (right)"':
        "leave open whether exactly 1 of the books come between the teal book and the pink book",
    '"(left) ? ?? teal ?? (right)"':
        "leave open whether at least 1 of the books come before the teal book",
}  # fmt: skip
TRUE_FOR_OTHER_REASONS = {
    '"(left) ?? teal ?? ? ? ? (right)"':
        "leave open whether at least 3 of the books come after the teal book",
    '"(left) ?? pink ?? navy ? (right)"':
        "leave open whether the pink book is to the left of the navy book",
    '"(left) teal ?? (right)"': "leave open whether the teal book is the leftmost",
    '"(left) ?? teal pink ?? (right)"':
        "leave open whether none of the books come between the teal book and the pink book",
}  # fmt: skip


def flagged(index: int, text: str) -> tuple[str | None, str | None, str | None]:
    feedback = TASK.feedback(STORY, with_step(GOLD, index, text))
    return feedback.step, feedback.span, feedback.reason


@pytest.mark.parametrize("pattern", UNREADABLE)
def test_the_reason_says_what_is_wrong_with_a_clues_pattern(pattern: str) -> None:
    text = f"The navy book is the second from the right: {pattern}."
    assert flagged(1, text) == ("2", pattern.strip('"'), UNREADABLE[pattern])


@pytest.mark.parametrize("pattern", FALSE)
def test_the_reason_says_what_does_not_follow(pattern: str) -> None:
    text = f"Combining (1) and (2) we get the following ordering: {pattern}."
    assert flagged(4, text) == ("5", pattern.strip('"'), f"(1) and (2) {FALSE[pattern]}")


@pytest.mark.parametrize("pattern", TRUE_FOR_OTHER_REASONS)
def test_what_is_true_but_follows_from_other_steps_is_wrong_as_a_step(pattern: str) -> None:
    text = f"Combining (1) and (2) we get the following ordering: {pattern}."
    assert flagged(4, text) == ("5", text, f"(1) and (2) {TRUE_FOR_OTHER_REASONS[pattern]}")


# --- what is right in other words ----------------------------------------------------------------

OTHERWISE = {
    "the other direction": (1, 'The navy book is the second from the right: "(right) ? navy ??".'),
    "one label": (1, 'The navy book is the second from the right: "?? navy ? (right)"'),
    "a long name": (1, 'The navy book is the second from the right: "(left) ? ? navy book ?".'),
    "the same said otherwise": (2, 'The navy book is to the left of the amber book: '
                                   '"(left) ?? navy ?? amber ?? (right)".'),
    "another order of clues": (4, 'Combining (3) and (2) we get the following: '
                                  '"(left) ?? navy ?? amber (right)".'),
    "less than follows": (4, 'Combining (2) and (3) we get the following ordering: '
                             '"(left) ?? navy ?? amber ?? (right)".'),
    "more steps": (5, 'Combining (1), (4), and (5) we get the following ordering:: '
                      '"(left) teal ?? pink ?? navy amber (right)". '),
    "another verb": (4, 'Combining (2) and (3), we have the following order: '
                         '"(left) ?? navy amber (right)".'),
    "no article": (3, "There are in total 4 books: teal book, amber, pink book and navy book."),
    "what is read off": (7, "According to this ordering, the leftmost book is the teal book."),
    "a comment": (7, "According to this ordering, the book which is leftmost (the one at the "
                     "end of this list is the teal.\n"),
    "another place": (7, "According to this ordering the pink book is the second from the left."),
    "the answer alone": (8, "So The answer is (A)."),
}  # fmt: skip


@pytest.mark.parametrize("way", OTHERWISE)
def test_what_is_right_in_another_way_is_accepted(way: str) -> None:
    attempt = with_step(GOLD, *OTHERWISE[way])
    assert TASK.feedback(STORY, attempt) == correct(attempt)
    assert TASK.answer(attempt) == "(A)"


@pytest.mark.parametrize("way", OTHERWISE)
def test_an_update_goes_on_with_what_the_attempt_established(way: str) -> None:
    attempt = with_step(GOLD, *OTHERWISE[way])
    for index in range(len(attempt.steps)):
        wrong = with_step(attempt, index, "I forgot.")
        update = TASK.improve(STORY, wrong, TASK.feedback(STORY, wrong))
        assert update.steps[:index] == attempt.steps[:index]
        assert TASK.feedback(STORY, update) == correct(update)
        assert len(update.steps) <= len(GOLD.steps) + 1


# --- what cannot be judged or improved -----------------------------------------------------------


def test_an_attempt_that_breaks_off_cannot_be_judged() -> None:
    for count in range(1, len(GOLD.steps)):
        cut = Attempt(GOLD.steps[:count])
        for attempt in (cut, with_step(cut, count - 1, cut.steps[-1].text[:20])):
            with pytest.raises(CannotJudge, match="no final response"):
                TASK.feedback(STORY, attempt)


def test_an_error_in_an_attempt_that_breaks_off_is_found() -> None:
    wrong = with_step(Attempt(GOLD.steps[:3]), 0, '(1) Nothing: "(left) ?? (right)".')
    assert TASK.feedback(STORY, wrong).step == "1"


@pytest.mark.parametrize("text", ["", "I think it is (A).", "Teal, then pink, so (A).\n\n[1] Yes."])
def test_free_text_cannot_be_judged(text: str) -> None:
    with pytest.raises(CannotJudge, match="no numbered steps"):
        TASK.feedback(STORY, parse_attempt(text))


def test_a_step_after_the_final_response_is_an_error_that_is_repaired() -> None:
    for more in (GOLD.steps[-1], Step("10", GOLD.steps[-2].text)):
        longer = Attempt((*GOLD.steps, more, GOLD.steps[-1]))
        feedback = TASK.feedback(STORY, longer)
        assert (feedback.step, feedback.span) == (more.label, f"({more.label})")
        edited = EDITOR.edit(Trajectory(STORY, (Turn(longer),)))
        assert isinstance(edited, Kept)
        assert edited.trajectory.last == GOLD


def test_the_objects_may_be_listed_twice() -> None:
    *most, combined, read_off, final = GOLD.steps
    again = Step("7", GOLD.steps[3].text)
    longer = Attempt(
        (*most, again, replace(combined, label="8"), replace(read_off, label="9"), final)
    )
    assert TASK.feedback(STORY, longer) == correct(longer)


def test_what_is_right_needs_no_update() -> None:
    with pytest.raises(CannotImprove, match="no wrong step"):
        TASK.improve(STORY, GOLD, correct(GOLD))
    with pytest.raises(CannotImprove, match=r"no step \(99\)"):
        TASK.improve(STORY, GOLD, incorrect("99", "a", "b"))


def test_an_update_does_not_build_on_a_wrong_step() -> None:
    wrong = with_step(GOLD, 1, "The navy book is the leftmost.")
    with pytest.raises(CannotImprove, match=r"step \(2\), before the flagged one, is wrong"):
        TASK.improve(STORY, wrong, incorrect("3", "a", "b"))


def test_an_attempt_without_final_response_is_completed() -> None:
    for count in range(len(GOLD.steps)):
        cut = Attempt(GOLD.steps[:count])
        assert TASK.improve(STORY, cut, incorrect(FINAL_RESPONSE, "", "it is missing")) == GOLD


# --- hostile attempts ----------------------------------------------------------------------------

PIECES = [
    '"', ": ", "(left)", "(right)", " ?? ", " ? ", "? " * 500, "(" * 50, ")", ".", "\n", "\x00",
    "(2) ", "(Final response) So the answer is (A).", "Combining (1) and (2)", "(9)", " and ",
    "According to this ordering, ", " is ", "the ", "\u0661", "\ud800", "\r", " ", "9" * 5000,
]  # fmt: skip
cuts = st.tuples(st.integers(0, 900), st.integers(0, 60), st.sampled_from(PIECES) | st.text())


@given(st.sampled_from(ITEMS), st.lists(cuts, min_size=1, max_size=3))
def test_a_spoiled_rationale_is_judged_soundly_and_repaired(item: Item, cuts: list[Cut]) -> None:
    assert_judged_soundly_and_repaired(TASK, EDITOR, item, spoil(item.rationale, cuts))


@given(st.integers(0, 8), st.text(), st.text())
def test_any_text_in_any_step_is_judged(index: int, before: str, after: str) -> None:
    text = GOLD.steps[index].text
    at = len(text) // 2
    for spoiled in (before, f"{before}{text}{after}", f"{text[:at]}{before}{text[at:]}"):
        attempt = with_step(GOLD, index, spoiled)
        feedback = TASK.feedback(STORY, attempt)
        assert feedback.is_correct or feedback.step == attempt.steps[index].label


@pytest.mark.parametrize(
    "piece",
    [
        "?", "? ", "?? ", "teal ", "teal ?? ", "(left) ", "(", ")", '"', ": ", '": "', ".", "\n",
        "(1), ", "(1) and ", "and (1)", " is ", "the ", "a book, ", " and ", "A. ", "a", "9",
    ],
)  # fmt: skip
@patience()
def test_a_megabyte_is_judged_in_linear_time(piece: str) -> None:
    long = piece * (1_000_000 // len(piece))
    for index, step in enumerate(GOLD.steps):
        for at in (0, 12, step.text.find('"') + 1, len(step.text) - 1, len(step.text)):
            spoiled = with_step(GOLD, index, step.text[:at] + long + step.text[at:])
            feedback = TASK.feedback(STORY, spoiled)
            if not feedback.is_correct:
                assert feedback.step == step.label
                assert (feedback.span or "") in spoiled.steps[index].text
