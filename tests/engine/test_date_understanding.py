"""Date understanding: its questions, gold rationales and answers."""

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from db.records import Item, Split, Subtask
from engine.tasks.base import CannotImprove, CannotJudge, split_of
from engine.tasks.date_draws import ASKED, MOST_STEPS, draw_content, kinds_of_question, steps_of
from engine.tasks.date_question import STORIES, NoQuestion, content_of, read_question
from engine.tasks.date_understanding import DateUnderstanding, Steps
from engine.tasks.date_words import slashes
from engine.trajectory import Attempt, Trajectory, Turn, correct, parse_attempt, render
from engine.trajectory import parse as parse_trajectory

TASK = DateUnderstanding()
BOTH = [Subtask.SEEN, Subtask.UNSEEN]
DATA = Path(__file__).parents[3] / "shared" / "data"
REFERENCE = DATA / "tripost_reference"

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
needs_bbh = pytest.mark.skipif(not (DATA / "bbh").is_dir(), reason="no BIG-Bench data here")
needs_codex = pytest.mark.skipif(
    not (DATA / "codex_attempts").is_dir(), reason="no attempts of other models here"
)


def _records(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _reference(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """The records of a kind, each with its file's first letter and its line: t0 or v3."""
    rows = _records(REFERENCE / f"date_understanding_{kind}_1-2.jsonl")
    found = [(f"t{line}", record) for line, record in enumerate(rows)]
    validation = REFERENCE / f"date_understanding_{kind}_1-2_val.jsonl"
    rows = _records(validation) if validation.is_file() else []
    return found + [(f"v{line}", record) for line, record in enumerate(rows)]


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
    records = _reference("baseline_rationale")
    assert len(records) == 211
    rejected = {}
    unfinished = set()
    for line, record in records:
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


@needs_reference
def test_texts_of_the_reference_are_read_and_written_the_same() -> None:
    for line, record in _reference("baseline_rationale"):
        read = parse_trajectory(record["text"], TASK.hint)
        assert read is not None
        assert content_of(read.question) == record["meta_data"]["question"]
        # One rationale opens with a line that has no label.
        assert render(read, TASK.hint) == record["text"] or line == "v10"


@needs_reference
def test_a_sample_of_the_reference_is_right_only_with_the_right_answer() -> None:
    judged = 0
    for _, record in _reference("LMSI_rationale"):
        read = parse_trajectory(record["text"], TASK.hint)
        if read is None:
            continue
        try:
            feedback = TASK.feedback(read.question, read.first)
        except CannotJudge:
            continue
        judged += 1
        letters = read_question(read.question).right_letters
        if feedback.is_correct:
            assert TASK.answer(read.first) in [f"({letter})" for letter in letters]
    assert judged > 100


# Questions of BIG-Bench whose gold answer is not the date that they ask for.
WRONG_GOLD = {
    2: "01/09/1963", 23: "12/23/2014", 72: "10/22/2001", 73: "02/07/2012", 80: "11/23/2001",
    102: "11/23/2001", 117: "11/21/2001", 122: "01/01/1963",
}  # fmt: skip


@needs_bbh
def test_questions_of_big_bench_are_solved() -> None:
    examples = json.loads((DATA / "bbh" / "date_understanding.json").read_text())["examples"]
    assert len(examples) == 125
    wrong = {}
    for number, example in enumerate(examples):
        question = example["input"]
        try:
            answer = TASK.answer(TASK.rationale(question))
        except CannotImprove as reason:
            assert "no option is" in str(reason)  # noqa: PT017
            answer = None
        if answer != example["target"]:
            wrong[number] = slashes(read_question(question).target)
        else:
            assert TASK.feedback(question, TASK.rationale(question)).is_correct
    assert wrong == WRONG_GOLD


@needs_codex
def test_answers_of_another_model_are_read_as_people_read_them() -> None:
    records = _records(DATA / "codex_attempts" / "date_understanding.jsonl")
    right = 0
    for record in records:
        stated = re.findall(r"So the answer is (.*)\.", record["attempt"])
        read = TASK.answer_flexible(record["attempt"])
        assert read == (stated[-1] if stated else None)
        right += TASK.is_right(read, record["target"])
        with pytest.raises(CannotJudge, match="no final response"):
            TASK.feedback(record["question"], parse_attempt(record["attempt"]))
    assert (len(records), right) == (125, 107)


# --- rationales --------------------------------------------------------------------------------

MANY = TASK.generate(Split.TRAIN, BOTH, 1_000, seed=11)


def test_the_script_accepts_all_rationales() -> None:
    for item in MANY:
        attempt = parse_attempt(item.rationale)
        assert TASK.feedback(item.question, attempt) == correct(attempt)
        assert TASK.is_right(TASK.answer(attempt), item.answer)
        assert TASK.answer_flexible(item.rationale) == item.answer


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


QUESTION = MANY[0].question


@pytest.mark.parametrize(
    "question",
    [
        "", "What is the date today in MM/DD/YYYY?\nOptions:\n(A) 1/1/2000",
        "Today is nice. What is the date today in MM/DD/YYYY?\nOptions:\n(A) 01/01/2000",
        "Today is 2/30/2001. What is the date today in MM/DD/YYYY?\nOptions:\n(A) 02/28/2001",
        "Today is 2/3. What is the date today in MM/DD/YYYY?\nOptions:\n(A) 02/03/2001",
        "Today is 2/3/2001. What is the date in 3 days in MM/DD/YYYY?\nOptions:\n(A) 02/03/2001",
        "Today is 2/3/2001. What is the date 9999 years ago in MM/DD/YYYY?\nOptions:\n(A) 2/3/2001",
        "Today is 2/3/2001. What is the date today in MM/DD/YYYY?\nOptions:\n(A) 02/04/2001",
        "Today is 2/3/2001. What is the date today in MM/DD/YYYY?\nOptions:\n",
        "Today is 2/3/2001. What is the date today in MM/DD/YYYY?",
        "9999 is coming in 999999 hours. What is the date", "\x00", "\ud800",
        "Jane and John married on 2/3/2001. It is their 999999-year anniversary today. "
        "What is the date today in MM/DD/YYYY?\nOptions:\n(A) 02/03/2001",
        QUESTION.replace("?", " " * 1_000_000, 1), QUESTION + "(G) 01/01/2000\n" * 100_000,
    ],
    ids=range(16),
)  # fmt: skip
@patience()
def test_what_is_no_question_has_no_rationale(question: str) -> None:
    with pytest.raises(CannotImprove):
        TASK.rationale(question)


# --- items -------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_items() -> None:
    first = TASK.generate(Split.TEST, BOTH, 40, seed=3)
    random.seed(1)
    assert DateUnderstanding().generate(Split.TEST, BOTH, 40, seed=3) == first
    assert TASK.generate(Split.TEST, BOTH, 20, seed=3) == first[:20]
    assert TASK.generate(Split.TEST, BOTH, 40, seed=4) != first
    assert TASK.generate(Split.DEV, BOTH, 40, seed=3) != first


def _contents(items: list[Item]) -> set[str]:
    return {content_of(item.question) for item in items}


def test_no_story_is_in_two_splits_whatever_its_options() -> None:
    splits = {split: TASK.generate(split, BOTH, 150, seed=5) for split in Split}
    contents = {split: _contents(items) for split, items in splits.items()}
    for split, items in splits.items():
        assert len(contents[split]) == len(items) == 150
        assert {split_of(content) for content in contents[split]} == {split}
    assert not contents[Split.TRAIN] & contents[Split.TEST]
    assert not contents[Split.DEV] & (contents[Split.TRAIN] | contents[Split.TEST])


def test_what_is_excluded_is_not_drawn_with_other_options_either() -> None:
    first = TASK.generate(Split.TRAIN, BOTH, 50, seed=1)
    content = content_of(first[0].question)
    excluded = [f"{content}\nOptions:\n(A) 01/01/2000", *(item.question for item in first[2::2])]
    again = TASK.generate(Split.TRAIN, BOTH, 50, seed=1, exclude=excluded)
    assert not _contents(again) & set(map(content_of, excluded))


def test_subtasks_share_evenly_and_have_their_own_difficulties() -> None:
    counts = Counter((item.subtask, item.meta["steps"]) for item in MANY)
    assert sum(n for (subtask, _), n in counts.items() if subtask is Subtask.SEEN) == 500
    assert {steps for subtask, steps in counts if subtask is Subtask.SEEN} == {1, 2}
    assert {steps for subtask, steps in counts if subtask is Subtask.UNSEEN} == {3, 4, 5}
    for item in MANY:
        assert len(parse_attempt(item.rationale).steps) == item.meta["steps"] + 1


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


@pytest.mark.parametrize("text", ["", "0", "6", "3-2", "1-6", "x", "1 - 2", "1-", "\u0661"])
def test_an_unknown_difficulty_is_refused_with_what_is_allowed(text: str) -> None:
    message = f"{text!r} is no difficulty; allowed: 1 to 5 steps, as in '2' or '3-5'"
    for seen, unseen in (([text], []), ([], ["3-5", text])):
        with pytest.raises(ValueError, match="is no difficulty") as caught:
            DateUnderstanding(seen, unseen)
        assert str(caught.value) == message


def test_what_is_exhausted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    (item,) = TASK.generate(Split.TRAIN, [Subtask.SEEN], 1, seed=1)
    content = content_of(item.question)
    monkeypatch.setattr("engine.tasks.date_understanding.draw_content", lambda *arguments: content)
    with pytest.raises(ValueError, match="found 1 of 2 train questions"):
        TASK.generate(Split.TRAIN, [Subtask.SEEN], 2, seed=1)


def test_a_trajectory_of_an_item_is_read_as_it_is_written() -> None:
    for item in MANY[:50]:
        rationale = parse_attempt(item.rationale)
        trajectory = Trajectory(item.question, (Turn.of(rationale, correct(rationale)),))
        read = parse_trajectory(render(trajectory, TASK.hint), TASK.hint)
        assert read is not None
        assert (read.question, read.first) == (item.question, rationale)


# --- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "answer"),
    [
        ("So the answer is (F).", "(F)"),
        ("So the answer is (G).", "(G)"),
        ("So the answer is (F)", None),
        ("So the answer is F.", None),
        ("so the answer is (F).", None),
        ("So the answer is (f).", None),
        ("So the answer is (F). ", None),
        ("So the answer is (F).\nOr (B).", None),
        ("So the answer is 12/25/1937.", None),
    ],
)
def test_the_strict_answer_is_the_final_response_to_the_letter(
    final: str, answer: str | None
) -> None:
    assert TASK.answer(parse_attempt(f"(1) a\n(Final response) {final}")) == answer


def test_an_attempt_without_final_response_has_no_answer() -> None:
    assert TASK.answer(Attempt(())) is None
    assert TASK.answer(parse_attempt("(1) So the answer is (A).")) is None
    assert not TASK.is_right(None, "(A)")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the answer is (b)", "(B)"),
        ("The Answer is: **(C)**!", "(C)"),
        ("answer is (A). No, the answer is (D).", "(D)"),
        ("The answer is B.", "(B)"),
        ("Answer: option (E)", "(E)"),
        ("so option F", "(F)"),
        ("the answer is a Monday", None),
        ("answer is an option", None),
        ("the answer is 12/25/1937", None),
        ("(A) 12/25/1937", None),
    ],
)
def test_the_flexible_answer_is_the_last_one_stated(text: str, answer: str | None) -> None:
    assert TASK.answer_flexible(text) == answer


@given(st.text() | st.text("answer i:*(ABz) \n", max_size=40).map("answer is{}".format))
def test_reading_an_answer_never_fails(text: str) -> None:
    for answer in (TASK.answer_flexible(text), TASK.answer(parse_attempt(text))):
        assert answer is None or re.fullmatch(r"\([A-Z]\)", answer)


@pytest.mark.parametrize("piece", [" ", "*", "(", "A", "answer is", "answer is (A) ", "choice: "])
@patience()
def test_the_answer_of_a_megabyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    TASK.answer_flexible(f"The answer is{text}")
    TASK.answer(parse_attempt(f"(Final response) So the answer is {text}."))
