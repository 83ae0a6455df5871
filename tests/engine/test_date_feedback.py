"""Scripted FBK finds every planted error where it stands; scripted IMP repairs it."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience
from planted_dates import PLANTS, Planted, with_step
from spoiled import Cut, assert_sound, spoil

from db.records import Item, Origin, Split, Subtask
from engine.editing import Editor, Kept
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.date_question import read_question
from engine.tasks.date_understanding import DateUnderstanding
from engine.tasks.date_words import slashes
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


# --- what is right in other words --------------------------------------------------------------


def question(story: str, asked: str, *options: str) -> str:
    lines = [f"({letter}) {option}" for letter, option in zip("ABCDEF", options, strict=False)]
    return "\n".join((f"{story} What is the date {asked} in MM/DD/YYYY?", "Options:", *lines))


CONCERT = question(
    "The concert was scheduled to be on 06/01/1943, but was delayed by one day to today.",
    "10 days ago",
    "05/23/1943",
    "05/22/1943",
)
BIRTHDAY = question(
    "Jane was born on the last day of Feburary in 2000. Today is her 16-year-old birthday.",
    "one year ago from today",
    "02/28/2015",
    "03/01/2015",
)
BRITISH = question(
    "In the UK, people usually put the day before the month when formatting the date. "
    "Therefore, today is 02/01/1987 to them.",
    "a month ago",
    "12/02/1986",
    "01/01/1987",
)
OPINIONS = question(
    "Jane thinks today is 6/18/2019, but John thinks today is 6/19/2019. Jane is correct.",
    "24 hours later",
    "06/19/2019",
    "06/20/2019",
)
CORRECTION = question(
    "Jane thought today is 3/11/2002, but today is in fact Mar 12, which is 1 day later.",
    "tomorrow",
    "03/13/2002",
    "03/12/2002",
)
TUESDAY = question(
    "Jane scheduled 3 apointments with 5 poeple for tomorrow (Tue, 7/9/1972).",
    "today",
    "07/08/1972",
    "07/10/1972",
)


def written(*texts: str) -> Attempt:
    steps = [Step(str(number), text) for number, text in enumerate(texts, 1)]
    return Attempt((*steps, Step(FINAL_RESPONSE, "So the answer is (A).")))


@pytest.mark.parametrize(
    ("asked", "steps"),
    [
        (CONCERT, ["Today is June 2, 1943.", "10 days before today is 5/23/1943."]),
        (CONCERT, ["10 days before June 2, 1943 is May 23rd, 1943."]),
        (CONCERT, ["If it was planned for 06/01/1943, today is 6/2. So 10 days ago is 5/23/43."]),
        (CONCERT, ["The date 10 days ago from today, that is 1943-05-23, is May 23."]),
        (CONCERT, ["Yesterday was June 1, 1943.", "May has 31 days.", "10 days ago: 5/23/1943."]),
        (BIRTHDAY, ["Her birthday is Feb 29, 2000.", "Today is Feb 29, 2016, a leap year.",
                    "One year ago from today is the last day of February 2015."]),
        (BIRTHDAY, ["2016 is a leap year, so today's date is Feburary 29th, 2016.",
                    "One year ago it was February 28, 2015, that is 02/28/2015."]),
        (BRITISH, ["If today is 02/01/1987 in the UK, then today is 01/02/1987.",
                   "A month ago from today is 12/02/1986."]),
        (OPINIONS, ["Jane thinks today is 6/18/2019, but John thinks today is 6/19/2019, and the "
                    "correct answer is Jane.", "24 hours later from today is Jun 19, 2019."]),
        (CORRECTION, ["If Jane thought today is 3/11/2002, but today is in fact Mar 12, which is 1 "
                      "day later, 3/12/2002, then tomorrow is 03/13/2002."]),
        (TUESDAY, ["If tomorrow is Tue, 7/9/1972, then today's date is Mon, 7/8/1972."]),
        (TUESDAY, ["Tomorrow is in fact a Sunday.", "Today is Saturday, 7/8/1972."]),
    ],
)  # fmt: skip
def test_what_is_right_in_other_words_is_accepted(asked: str, steps: list[str]) -> None:
    attempt = written(*steps)
    assert TASK.feedback(asked, attempt) == correct(attempt)


@pytest.mark.parametrize(
    ("asked", "text", "span"),
    [
        (
            CONCERT,
            "If it was scheduled to be on 06/02/1943, then it was late.",
            "scheduled to be on 06/02/1943",
        ),
        (CONCERT, "If the concert was delayed by 2 days, today is June 3.", "2"),
        (CONCERT, "10 days before June 1, 1943 is May 22, 1943.", "June 1, 1943"),
        (CONCERT, "10 days ago is May 23, 1943, that is 05/23/1934.", "05/23/1934"),
        (CONCERT, "June has 31 days, so today is June 2.", "June has 31 days"),
        (CONCERT, "Today is Wednesday, June 2, 1943. Tomorrow is a Friday.", "a Friday"),
        (CONCERT, "The answer is 05/22/1943.", "05/22/1943"),
        (CONCERT, "So the answer is (B).", "(B)"),
        (BIRTHDAY, "Then today's date is Feb 28, 2016.", "Feb 28, 2016"),
        (BIRTHDAY, "A year ago it was Feb 29, 2015.", "Feb 29, 2015"),
        (BIRTHDAY, "Jane was born on the last day of May in 2000.", "the last day of May in 2000"),
        (BRITISH, "If today is 02/01/1987 to them, then today is Feb 1, 1987.", "Feb 1, 1987"),
        (BRITISH, "If today is 01/02/1987 to them, then today is Feb 1.", "today is 01/02/1987"),
        (OPINIONS, "If Jane thinks today is 6/19/2019, she is correct.", "6/19/2019"),
        (OPINIONS, "Since John is correct, he is right.", "John is correct"),
        (OPINIONS, "John is right, and today is 6/18/2019.", "John is right"),
        (CORRECTION, "If Jane thought today is 3/12/2002, then today is Mar 12.", "3/12/2002"),
        (TUESDAY, "Today is Friday, 7/8/1972.", "Friday, 7/8/1972"),
        (TUESDAY, "If Jane scheduled 4 apointments, then today is Monday, 7/8/1972.", "4"),
    ],
)
def test_what_is_wrong_in_other_words_is_found(asked: str, text: str, span: str) -> None:
    feedback = TASK.feedback(asked, written(text))
    assert (feedback.step, feedback.span) == ("1", span)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("days", "weeks"),
        ("weeks", "days"),
        ("a week", "a month"),
        ("-year", "-month"),
        (" hours,", " days,"),
        ("delayed", "brought forward"),
        ("brought forward", "delayed"),
        ("silver", "golden"),
        (" today,", " tomorrow,"),
        ("yesterday", "tomorrow"),
        (" ago,", " later,"),
        ("second day at work", "second week at work"),
    ],
)
def test_a_word_of_time_that_is_not_the_question_s_is_found(right: str, wrong: str) -> None:
    items = TASK.generate(Split.TRAIN, [Subtask.SEEN, Subtask.UNSEEN], 600, seed=8)
    found = {True: 0, False: 0}
    for item in items:
        premise, then, rest = item.rationale.partition(", then ")
        if then and right in f"{premise},":
            attempt = parse_attempt(f"{premise},".replace(right, wrong, 1)[:-1] + then + rest)
            feedback = TASK.feedback(item.question, attempt)
            found[(feedback.step, feedback.is_correct) == ("1", False)] += 1
    # Two parts of a story may be told in words that hardly differ.
    assert found[True] > 20 * found[False]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (CONCERT, "If the concret was scheduled for 06/01/1943 and was late by one day, today is"),
        (CONCERT, "The concert, scheduled to be on 06/01/1943, was postponed by one day. Today is"),
        (CORRECTION, "Jane's date is a day too early. Mar 12 is 1 day later than 3/11/2002: it is"),
        (TUESDAY, "If tomorow, when she scheduled 3 apointments, is Tue, 7/9/1972, today is"),
    ],
)
def test_other_words_of_a_step_are_free(asked: str, text: str) -> None:
    day = read_question(asked).solution.today
    gold = TASK.rationale(asked).steps
    attempt = Attempt((Step("1", f"{text} {slashes(day)}."), *gold[1:]))
    if asked == TUESDAY:  # it asks for today
        attempt = Attempt((attempt.steps[0], gold[-1]))
    assert TASK.feedback(asked, attempt) == correct(attempt)


@pytest.mark.parametrize(
    "text",
    [
        "I do not know.", "", " ", "The party is on 5/5/1955.", "Pigs fly.", "x" * 100_000,
        "24 hours later than that is May 23, 1943.", "The date 27 hours later is June 3, 1943.",
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_not_judged(text: str) -> None:
    with pytest.raises(CannotJudge, match=r"step \(1\)"):
        TASK.feedback(CONCERT, written(text))


def test_a_step_that_repeats_the_question_does_no_harm() -> None:
    attempt = written(
        "If the concert was delayed to today, then it was scheduled.",
        "What is the date 10 days ago in MM/DD/YYYY? 10 days ago is May 23, 1943.",
    )
    assert TASK.feedback(CONCERT, attempt) == correct(attempt)


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
