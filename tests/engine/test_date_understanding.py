"""Date understanding: its questions and gold rationales."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_data import REFERENCE, needs_reference, records

from db.records import Split, Subtask
from engine.tasks.base import CannotJudge
from engine.tasks.date_draws import ASKED, MOST_STEPS, draw_content, kinds_of_question, steps_of
from engine.tasks.date_question import STORIES, NoQuestion, read_question
from engine.tasks.date_understanding import DateUnderstanding, Steps
from engine.tasks.date_words import slashes
from engine.trajectory import Trajectory, Turn, correct, parse_attempt, render
from engine.trajectory import parse as parse_trajectory

TASK = DateUnderstanding()
BOTH = [Subtask.SEEN, Subtask.UNSEEN]


def _gold_rationales() -> list[tuple[str, dict[str, Any]]]:
    """The reference's, each with its file's first letter and its line: t0 or v3."""
    return [
        (f"{letter}{line}", record)
        for letter, end in (("t", ""), ("v", "_val"))
        for line, record in enumerate(
            records(REFERENCE / f"date_understanding_baseline_rationale_1-2{end}.jsonl")
        )
    ]


# --- what others wrote -------------------------------------------------------------------------

# Where the reference is wrong about the calendar or the story, and what is wrong.
REJECTED = {
    "t7": "November 22, 2002",  # Thanksgiving of 2002 was on November 28
    "t58": "first meteor shower on",  # of which the question says nothing
    "t59": "11/22/2002",
    "t62": "February 2, 1966",
    "t73": "Dec 23, 1963",
    "t79": "01/02/2020",
    "t80": "12/02/1960",
    "t121": "Dec 2, 2019",
    "t122": "10/24/1933",
    "t140": "Feb 29, 2017",
    "t142": "November 22, 2002",
    "t144": "saw a meteor shower on",
    "t154": "December 29, 2014",  # 36 hours before 2015
    "t176": "Sun, 6/28/1972",
    "t179": "Nov 22, 2002",
    "t181": "Feb 1, 1987",
    "v10": "(2)",  # the first step has no label
    "v17": "01/02/2020",
    "v18": "first time was",
}
UNFINISHED = {"t132", "t167"}
"""Rationales without a line for the final response."""


@needs_reference
def test_the_reference_s_rationales_are_judged_one_by_one() -> None:
    golds = _gold_rationales()
    assert len(golds) == 211
    rejected = {}
    unfinished = set()
    for line, record in golds:
        gold = record["meta_data"]
        question = f"{gold['question']}\nOptions:\n{gold['formatted_choices']}"
        attempt = parse_attempt(gold["rationale"])
        try:
            feedback = TASK.feedback(question, attempt)
        except CannotJudge as reason:
            assert str(reason) == "the attempt has no final response"  # noqa: PT017
            unfinished.add(line)
            continue
        if feedback.is_correct:
            assert TASK.is_right(TASK.answer(attempt), f"({gold['answer']})")
        else:
            rejected[line] = feedback.span
    assert rejected == REJECTED
    assert unfinished == UNFINISHED


# --- rationales --------------------------------------------------------------------------------

MANY = TASK.generate(Split.TRAIN, BOTH, 1_000, seed=11)


def test_the_script_accepts_all_rationales() -> None:
    for item in MANY:
        attempt = parse_attempt(item.rationale)
        assert TASK.feedback(item.question, attempt) == correct(attempt)
        assert TASK.is_right(TASK.answer(attempt), item.answer)
        assert TASK.answer_flexible(item.rationale) == item.answer
        assert len(attempt.steps) == item.meta["steps"] + 1


@given(st.sampled_from(STORIES), st.sampled_from(ASKED), st.randoms(use_true_random=False))
def test_every_story_is_read_and_solved(story: Any, asked: str, rng: random.Random) -> None:
    content = draw_content(rng, story, asked)
    try:
        problem = read_question(f"{content}\nOptions:\n(A) 1/1/1")
    except NoQuestion:
        # There is no February 30.
        assert "day of the" in content or "days later" in content
        return
    assert problem.content == content
    assert len(problem.solution.deductions) == story.deductions
    option = slashes(problem.target)
    attempt = TASK.rationale(f"{content}\nOptions:\n(A) 01/01/0001\n(B) {option}")
    assert TASK.answer(attempt) == "(B)"
    assert len(attempt.steps) == steps_of(story, asked) + 1
    assert option in attempt.steps[-2].text


def test_a_rationale_deduces_today_and_then_what_is_asked() -> None:
    question = (
        "Jane and John married on Jan 2, 1958. It is their 5-year anniversary today. "
        "What is the date a month ago in MM/DD/YYYY?\nOptions:\n(A) 12/02/1960\n(B) 12/02/1962"
    )
    assert TASK.rationale(question).text == (
        "(1) If Jane and John married on Jan 2, 1958 and it is their 5-year anniversary today, "
        "then today's date is January 2, 1963.\n"
        "(2) The date a month ago is December 2, 1962, that is 12/02/1962.\n"
        "(Final response) So the answer is (B)."
    )


def test_a_long_story_takes_a_step_each() -> None:
    question = (
        "The concert was scheduled to be on 06/01/1943, but was delayed by 3 days, then brought "
        "forward by a week, and then delayed by 10 days to today. "
        "What is the date today in MM/DD/YYYY?\nOptions:\n(A) 06/07/1943\n(B) 06/17/1943"
    )
    assert TASK.rationale(question).text == (
        "(1) If the concert was scheduled to be on 06/01/1943, but was delayed by 3 days, "
        "then the first new date is June 4, 1943.\n"
        "(2) If it was then brought forward by a week, then the second new date is May 28, 1943.\n"
        "(3) If it was then delayed by 10 days to today, then today's date is June 7, 1943, "
        "that is 06/07/1943.\n"
        "(Final response) So the answer is (A)."
    )


@pytest.mark.parametrize(
    "layout",
    [
        "Options: (A) 12/23/1937 (B) 12/25/1937",
        "Options:\n(A) 12/23/1937.\n(B) 12/25/1937.",
        "\n Options:\n\n(A)  12/23/1937\n(B)  12/25/1937\n",
    ],
)
def test_options_may_stand_in_any_layout(layout: str) -> None:
    question = "Today is Christmas Eve of 1937. What is the date tomorrow in MM/DD/YYYY?"
    assert TASK.answer(TASK.rationale(f"{question}\n{layout}")) == "(B)"


# --- items -------------------------------------------------------------------------------------


def test_stories_are_many_and_letters_are_spread_evenly() -> None:
    stories = {story for story, _ in kinds_of_question(1, 2)}
    assert len(stories) > 30
    assert len({story for story, _ in kinds_of_question(3, MOST_STEPS)}) > 10
    letters = Counter(item.answer for item in MANY)
    assert set(letters) == {f"({letter})" for letter in "ABCDEF"}
    assert min(letters.values()) > 120


def test_options_are_six_dates_of_which_one_is_right() -> None:
    for item in MANY:
        problem = read_question(item.question)
        assert len(problem.options) == 6
        assert len(set(problem.options.values())) == 6
        assert all(option.exists() for option in problem.options.values())
        assert [f"({letter})" for letter in problem.right_letters] == [item.answer]


@pytest.mark.parametrize("difficulty", ["1", "2", "3", "4", "5", "2-4"])
def test_a_difficulty_is_how_many_steps_a_rationale_has(difficulty: str) -> None:
    task = DateUnderstanding([difficulty])
    steps = Steps.parse(difficulty)
    items = task.generate(Split.TRAIN, [Subtask.SEEN], 20, seed=2)
    assert {item.meta["steps"] for item in items} <= set(range(steps.least, steps.most + 1))


def test_a_trajectory_of_an_item_is_read_as_it_is_written() -> None:
    for item in MANY[:50]:
        rationale = parse_attempt(item.rationale)
        trajectory = Trajectory(item.question, (Turn.of(rationale, correct(rationale)),))
        read = parse_trajectory(render(trajectory, TASK.hint), TASK.hint)
        assert read is not None
        assert (read.question, read.first) == (item.question, rationale)
