"""Logical deduction: its questions, gold rationales and answers."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience
from planted_logic import left_by, orders_of, pattern_of, rests_on

from db.records import Item, Split, Subtask
from engine.tasks.base import CannotImprove, CannotJudge, split_of
from engine.tasks.logic_clues import Before, Constraint, Stands, Story
from engine.tasks.logic_patterns import entails, is_single
from engine.tasks.logic_questions import read_story
from engine.tasks.logic_rationale import Established, continue_rationale
from engine.tasks.logic_scenes import SCENES, Scene
from engine.tasks.logical_deduction import LogicalDeduction
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
    render,
)
from engine.trajectory import parse as parse_trajectory

TASK = LogicalDeduction()
BOTH = [Subtask.SEEN, Subtask.UNSEEN]
DATA = Path(__file__).parents[3] / "shared" / "data"
REFERENCE = DATA / "tripost_reference"
COUNTS = ("three", "five", "seven")

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
needs_codex = pytest.mark.skipif(
    not (DATA / "codex_attempts").is_dir(), reason="no attempts of other models here"
)
needs_bbh = pytest.mark.skipif(not (DATA / "bbh").is_dir(), reason="no BIG-Bench-Hard here")


def _records(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _reference(kind: str) -> list[dict[str, Any]]:
    paths = sorted(REFERENCE.glob(f"logical_deduction_{kind}_3-5*.jsonl"))
    return [record for path in paths for record in _records(path)]


def _read(record: dict[str, Any]) -> tuple[str, Attempt] | None:
    read = parse_trajectory(record["text"], TASK.hint)
    return (read.question, read.first) if read else None


# --- data of others ------------------------------------------------------------------------------


@needs_reference
def test_all_questions_of_the_reference_are_solved() -> None:
    for record in _reference("baseline_rationale"):
        read = _read(record)
        assert read is not None
        question, gold = read[0], f"({record['meta_data']['answer']})"
        rationale = TASK.rationale(question)
        assert TASK.answer(rationale) == gold
        assert TASK.feedback(question, rationale) == correct(rationale)
        assert TASK.answer_flexible(record["text"]) == gold


@needs_reference
def test_rationales_of_the_reference_are_judged() -> None:
    """They were written by a model, and about half of them are wrong somewhere.

    The only one that cannot be judged has its steps in brackets, as in ``[1]``.
    """
    verdicts: Counter[str] = Counter()
    for record in _reference("baseline_rationale"):
        read = _read(record)
        assert read is not None
        question, attempt = read
        try:
            feedback = TASK.feedback(question, attempt)
        except CannotJudge:
            verdicts["not judged"] += 1
            assert not attempt.steps
            continue
        if feedback.is_correct:
            verdicts["right"] += 1
            assert render(Trajectory(question, (Turn(attempt),)), TASK.hint) == record["text"]
            assert TASK.answer(attempt) == f"({record['meta_data']['answer']})"
            _check_by_hand(question, attempt)
        else:
            verdicts["wrong"] += 1
            assert (feedback.span or "") in attempt.text
            update = TASK.improve(question, attempt, feedback)
            assert TASK.feedback(question, update) == correct(update)
    assert verdicts == {"right": 194, "wrong": 205, "not judged": 1}


def _check_by_hand(question: str, attempt: Attempt) -> None:
    """All that is combined follows from the clues, in a right attempt with labels as ours."""
    story = read_story(question)
    ours = f"({story.scene.front.label}) ", f" ({story.scene.back.label})"
    steps = [step for step in attempt.steps if '"' in step.text]
    if all(ours[0] in step.text and ours[1] in step.text for step in steps):
        for index, step in enumerate(attempt.steps):
            if step in steps and not re.search(r" (book|bird)s? \?", step.text):
                left = left_by(story, attempt, rests_on(attempt, index))
                assert left <= orders_of(story, pattern_of(step))


@needs_reference
def test_the_script_accepts_no_sample_of_the_reference_with_a_wrong_answer() -> None:
    accepted = 0
    for record in _reference("LMSI_rationale"):
        read = _read(record)
        if read is None:
            continue
        question, attempt = read
        try:
            feedback = TASK.feedback(question, attempt)
        except CannotJudge:
            continue
        if feedback.is_correct:
            assert TASK.answer(attempt) == TASK.answer(TASK.rationale(question))
            accepted += 1
    assert accepted > 100


@needs_bbh
@pytest.mark.parametrize("count", COUNTS)
def test_all_questions_of_big_bench_are_solved(count: str) -> None:
    path = DATA / "bbh" / f"logical_deduction_{count}_objects.json"
    items = json.loads(path.read_text(encoding="utf-8"))["examples"]
    assert len(items) == 125
    for item in items:
        rationale = TASK.rationale(item["input"])
        assert TASK.answer(rationale) == item["target"]
        assert TASK.feedback(item["input"], rationale) == correct(rationale)


@needs_bbh
def test_no_question_of_big_bench_can_be_drawn() -> None:
    for count in COUNTS:
        path = DATA / "bbh" / f"logical_deduction_{count}_objects.json"
        for item in json.loads(path.read_text(encoding="utf-8"))["examples"]:
            story = read_story(item["input"])
            assert not set(story.objects) & set(story.scene.pool)


@needs_codex
@pytest.mark.parametrize("count", COUNTS)
def test_answers_of_another_model_are_read_as_people_read_them(count: str) -> None:
    """It writes ``?`` for any number of objects and no final response: FBK leaves it alone."""
    for record in _records(DATA / "codex_attempts" / f"logical_deduction_{count}_objects.jsonl"):
        stated = re.findall(r"So the answer is (\([A-G]\))\.", record["attempt"])
        read = TASK.answer_flexible(record["attempt"])
        assert read == (stated[-1] if stated else None)
        assert TASK.is_right(read, record["target"]) == (record["target"] in stated)
        with pytest.raises(CannotJudge, match="another notation"):
            TASK.feedback(record["question"], parse_attempt(record["attempt"]))


# --- gold rationales -----------------------------------------------------------------------------


@given(st.integers(3, 7), st.integers())
def test_every_item_is_sound(count: int, seed: int) -> None:
    task = LogicalDeduction([str(count)])
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed)
    rationale = parse_attempt(item.rationale)
    story = read_story(item.question)
    assert task.answer(rationale) == item.answer
    assert task.rationale(item.question) == rationale
    assert task.feedback(item.question, rationale) == correct(rationale)
    assert item.meta == {"objects": count, "scene": story.scene.plural}
    trajectory = Trajectory(item.question, (Turn.of(rationale, correct(rationale)),))
    read = parse_trajectory(render(trajectory, task.hint), task.hint)
    assert read is not None
    assert (read.question, read.first) == (item.question, rationale)


@given(st.integers(3, 6), st.integers())
def test_a_combination_says_what_both_its_steps_say_and_nothing_else(count: int, seed: int) -> None:
    """Nothing is lost on the way, and each ordering is visible in the two before it."""
    (item,) = LogicalDeduction([str(count)]).generate(Split.TRAIN, [Subtask.SEEN], 1, seed)
    story, attempt = read_story(item.question), parse_attempt(item.rationale)
    everything = orders_of(story, f"({story.scene.front.label}) ?? ({story.scene.back.label})")
    says = []
    for step in attempt.steps:
        if '"' not in step.text:
            says.append(everything)
            continue
        says.append(orders_of(story, pattern_of(step)))
        if step.text.startswith("Combining"):
            one, other = re.findall(r"\((\d+)\)", step.text.partition(" we get ")[0])
            assert says[-1] == says[int(one) - 1] & says[int(other) - 1]
    assert len(says[-3]) == 1
    last = attempt.steps[-3].text
    assert "?" not in last
    assert all(story.scene.short(name) in last for name in story.objects)
    assert len(attempt.steps) == 2 * len(story.clues) + 3


def _needful(story: Story) -> bool:
    everything = (1 << len(story.clues)) - 1
    return not any(is_single(story.orders(everything & ~(1 << i))) for i in range(len(story.clues)))


def _all_stories(scene: Scene, count: int) -> Iterator[Story]:
    """Every set of needful clues about one order; other orders only rename the objects."""
    said: list[Constraint] = [Before(i, j) for i, j in combinations(range(count), 2)]
    said += [Stands(index, index) for index in range(count)]
    option = (Stands(0, 0),)
    begun: list[tuple[int, ...]] = [()]
    while begun:
        chosen = begun.pop()
        story = Story(scene, scene.pool[:count], tuple(said[i] for i in chosen), option)
        if is_single(story.solution):
            if _needful(story):
                yield story
            continue
        begun += [
            (*chosen, more)
            for more in range(max(chosen, default=-1) + 1, len(said))
            if not entails(story.solution, story.orders_of(said[more]))
        ]


@pytest.mark.parametrize(("count", "sets"), [(3, 9), (4, 27), (5, 83)])
def test_all_sets_of_clues_can_be_combined_in_pairs(count: int, sets: int) -> None:
    """So it is with the 267 sets about six objects and the 905 about seven, which take longer."""
    found = 0
    for story in _all_stories(SCENES["books"], count):
        attempt = continue_rationale(Established(), story)
        combined = [step for step in attempt.steps if step.text.startswith("Combining")]
        assert len(combined) == len(story.clues)
        found += 1
    assert found == sets


NO_QUESTIONS = [
    "", "?", "Options:", "\nOptions:\n", ": . ", "(1 + 2) =", "three books: a. b", "\x00", "\ud800",
    "On a shelf, there are three books: a red book, a blue book, and a tan book. It rains.",
    "three books: " * 1000, "a, " * 300_000, "\n" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("question", NO_QUESTIONS)
@patience()
def test_what_is_no_question_is_neither_solved_nor_judged_nor_improved(question: str) -> None:
    (item,) = TASK.generate(Split.TRAIN, [Subtask.SEEN], 1, seed=1)
    attempt = parse_attempt(item.rationale)
    with pytest.raises(CannotImprove):
        TASK.rationale(question)
    with pytest.raises(CannotJudge):
        TASK.feedback(question, attempt)
    for step in ("1", "2", FINAL_RESPONSE):
        with pytest.raises(CannotImprove):
            TASK.improve(question, attempt, incorrect(step, "a", "b"))


# --- items ---------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_items() -> None:
    first = TASK.generate(Split.TEST, BOTH, 40, seed=3)
    assert LogicalDeduction().generate(Split.TEST, BOTH, 40, seed=3) == first
    assert TASK.generate(Split.TEST, BOTH, 20, seed=3) == first[:20]
    assert TASK.generate(Split.TEST, BOTH, 40, seed=4) != first
    assert TASK.generate(Split.DEV, BOTH, 40, seed=3) != first


def test_generating_does_not_depend_on_random_numbers_of_others() -> None:
    random.seed(1)
    first = TASK.generate(Split.TRAIN, BOTH, 10, seed=1)
    random.seed(2)
    assert TASK.generate(Split.TRAIN, BOTH, 10, seed=1) == first


def _questions(items: list[Item]) -> set[str]:
    return {item.question for item in items}


def _keys(items: list[Item]) -> set[str]:
    return {read_story(item.question).key for item in items}


@pytest.mark.parametrize("count", ["3", "5"])
@pytest.mark.parametrize("seed", range(3))
def test_no_story_is_in_two_splits(seed: int, count: str) -> None:
    task = LogicalDeduction([count], [count])
    test = _keys(task.generate(Split.TEST, BOTH, 200, seed))
    dev = _keys(task.generate(Split.DEV, [Subtask.SEEN], 50, seed))
    train = _keys(task.generate(Split.TRAIN, [Subtask.SEEN], 500, seed))
    assert (len(test), len(dev), len(train)) == (200, 50, 500)
    assert not test & dev
    assert not (test | dev) & train
    assert {split_of(key) for key in test} == {Split.TEST}


def test_what_is_excluded_is_never_drawn() -> None:
    first = TASK.generate(Split.TRAIN, BOTH, 50, seed=1)
    excluded = _questions(first[::2])
    again = TASK.generate(Split.TRAIN, BOTH, 50, seed=1, exclude=[*excluded, "no question"])
    assert not _keys(again) & _keys(first[::2])


def test_subtasks_share_evenly_and_have_their_own_difficulties() -> None:
    items = TASK.generate(Split.TEST, BOTH, 100, seed=1)
    counts = {
        subtask: {item.meta["objects"] for item in items if item.subtask is subtask}
        for subtask in BOTH
    }
    assert sum(item.subtask is Subtask.SEEN for item in items) == 50
    assert counts == {Subtask.SEEN: {3, 5}, Subtask.UNSEEN: {7}}
    assert (TASK.paper_seen, TASK.paper_unseen) == (("3", "5"), ("7",))


def test_letters_scenes_and_kinds_of_clues_are_spread() -> None:
    items = LogicalDeduction(["5"]).generate(Split.TRAIN, [Subtask.SEEN], 2_000, seed=2)
    letters = Counter(item.answer for item in items)
    assert set(letters) == {f"({letter})" for letter in "ABCDE"}
    # Six standard deviations of a binomial count with p = 1/5.
    assert all(abs(count - 400) < 110 for count in letters.values())
    scenes = Counter(item.meta["scene"] for item in items)
    assert set(scenes) == set(SCENES)
    assert min(scenes.values()) > 100
    told = " ".join(item.question for item in items)
    phrases = (
        "to the left of", "to the right of", "older than", "newer than", "finished above",
        "is the leftmost", "is the second from the right", "finished last", "third-oldest",
    )  # fmt: skip
    assert all(phrase in told for phrase in phrases)


def test_a_difficulty_that_is_used_up_is_refused_with_the_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books = SCENES["books"]
    scenes = {"books": replace(books, pool=books.pool[:3])}
    monkeypatch.setattr("engine.tasks.logic_questions.SCENES", scenes)
    task = LogicalDeduction(["3"])
    # Nine sets of clues and six orders, shared by the splits.
    assert len(_keys(task.generate(Split.TRAIN, [Subtask.SEEN], 30, seed=1))) == 30
    message = r"found \d\d of 60 train questions: the difficulties of the seen subtask have no more"
    with pytest.raises(ValueError, match=message):
        task.generate(Split.TRAIN, [Subtask.SEEN], 60, seed=1)


@pytest.mark.parametrize("text", ["", "2", "8", "03", " 3", "3.0", "three", "\u0663", "-3"])
def test_an_unknown_difficulty_is_refused_with_what_is_allowed(text: str) -> None:
    message = f"{text!r} is no difficulty; allowed: 3 to 7 objects, as in '5'"
    for seen, unseen in (([text], []), ([], ["3", text])):
        with pytest.raises(ValueError, match="is no difficulty") as caught:
            LogicalDeduction(seen, unseen)
        assert str(caught.value) == message


# --- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "answer"),
    [
        ("So the answer is (A).", "(A)"),
        ("So The answer is (G).", "(G)"),
        ("Ben finished last. So the answer is (B).", "(B)"),
        ("So the answer is (H).", None),
        ("So the answer is (a).", None),
        ("So the answer is A.", None),
        ("So the answer is (A)", None),
        ("So the answer is (A). ", None),
        ("So the answer is (A).\nOr (B).", None),
        ("Maybe\nnot. So the answer is (A).", None),
        ("(A)", None),
    ],
)
def test_the_strict_answer_is_the_end_of_the_final_response(final: str, answer: str | None) -> None:
    assert TASK.answer(parse_attempt(f"(1) a\n(Final response) {final}")) == answer


def test_an_attempt_without_final_response_has_no_answer() -> None:
    assert TASK.answer(Attempt(())) is None
    assert TASK.answer(parse_attempt("(1) So the answer is (A).")) is None
    assert not TASK.is_right(None, "(A)")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the answer is (C)", "(C)"),
        ("The Answer is: **(D)**!", "(D)"),
        ("answer is (A). No, the answer is (B).", "(B)"),
        ("Answer: C", "(C)"),
        ("Option (B) is right", "(B)"),
        ("the answer is (b)", "(B)"),
        ("the answer is Amy", None),
        ("the answer is a bird", None),
        ("the answer is (H)", None),
        ("(A) is right", None),
        ("Options:", None),
    ],
)
def test_the_flexible_answer_is_the_last_one_stated(text: str, answer: str | None) -> None:
    assert TASK.answer_flexible(text) == answer


@given(st.text() | st.text("answer i:*()ABCG \n", max_size=40).map("answer is{}".format))
def test_reading_an_answer_never_fails(text: str) -> None:
    for answer in (TASK.answer_flexible(text), TASK.answer(parse_attempt(text))):
        assert answer is None or re.fullmatch(r"\([A-G]\)", answer)


@pytest.mark.parametrize("piece", [" ", "*", "* ", "answer", "answer is", "answer is (", "A", ". "])
@patience()
def test_the_answer_of_a_megabyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    TASK.answer_flexible(f"The answer is{text}")
    TASK.answer(parse_attempt(f"(Final response) {text}. So the answer is ({text})."))
