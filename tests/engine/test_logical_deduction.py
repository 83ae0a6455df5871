"""Logical deduction: its questions and gold rationales."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_logic_orders import left_by, orders_of, pattern_of, rests_on
from reference_data import BBH, big_bench, needs_bbh, needs_reference, reference

from db.records import Split, Subtask
from engine.tasks.base import CannotJudge
from engine.tasks.logic_clues import Before, Constraint, Stands, Story
from engine.tasks.logic_patterns import entails, is_single
from engine.tasks.logic_questions import read_story
from engine.tasks.logic_rationale import Established, continue_rationale
from engine.tasks.logic_scenes import SCENES, Scene
from engine.tasks.logical_deduction import LogicalDeduction
from engine.trajectory import (
    Attempt,
    Trajectory,
    Turn,
    correct,
    parse_attempt,
    render,
)
from engine.trajectory import parse as parse_trajectory

TASK = LogicalDeduction()


def _read(record: dict[str, Any]) -> tuple[str, Attempt] | None:
    read = parse_trajectory(record["text"], TASK.hint)
    return (read.question, read.first) if read else None


# --- data of others ------------------------------------------------------------------------------


@needs_reference
def test_all_questions_of_the_reference_are_solved() -> None:
    for record in reference(TASK.name, "baseline_rationale"):
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
    for record in reference(TASK.name, "baseline_rationale"):
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


@needs_bbh
def test_no_question_of_big_bench_can_be_drawn() -> None:
    paths = [path for path in BBH if path.stem.startswith(TASK.name)]
    for path in paths:
        for item in big_bench(path):
            story = read_story(item["input"])
            assert not set(story.objects) & set(story.scene.pool)
    assert len(paths) == 3


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


# --- items ---------------------------------------------------------------------------------------


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


def test_a_difficulty_of_few_questions_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    books = SCENES["books"]
    scenes = {"books": replace(books, pool=books.pool[:3])}
    monkeypatch.setattr("engine.tasks.logic_questions.SCENES", scenes)
    task = LogicalDeduction(["3"])
    # Nine sets of clues and six orders, shared by the splits.
    items = task.generate(Split.TRAIN, [Subtask.SEEN], 30, seed=1)
    assert len({read_story(item.question).key for item in items}) == 30
    message = r"found \d\d of 60 train questions: the difficulties of the seen subtask have no more"
    with pytest.raises(ValueError, match=message):
        task.generate(Split.TRAIN, [Subtask.SEEN], 60, seed=1)
