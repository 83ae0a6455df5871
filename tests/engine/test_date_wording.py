"""Scripted FBK of dates reads other words than its own: what is right, wrong, or cannot be told."""

import pytest
from date_questions import (
    BIRTHDAY,
    BRITISH,
    CONCERT,
    CORRECTION,
    OPINIONS,
    TUESDAY,
    written,
)

from db.records import Split, Subtask
from engine.tasks.base import CannotJudge
from engine.tasks.date_question import read_question
from engine.tasks.date_understanding import DateUnderstanding
from engine.tasks.date_words import slashes
from engine.trajectory import Attempt, Step, correct, parse_attempt

TASK = DateUnderstanding()


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
