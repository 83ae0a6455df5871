"""Ten thousand items of each task: gold is accepted, planted errors are found and repaired."""

import random
from collections import Counter
from collections.abc import Callable, Iterator

import planted_arithmetic
import planted_dates
import planted_logic
import planted_word_sorting
import pytest
from planted_errors import Plant, Planted, PlantOfQuestion

from db.records import Item, Split, Subtask
from engine.editing import Editor, Kept, Limits
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks import TASKS
from engine.tasks.base import Task
from engine.tasks.date_question import read_question
from engine.tasks.logic_questions import read_story
from engine.trajectory import Attempt, Trajectory, Turn, correct, parse_attempt

ITEMS = 10_000
UNSEEN_ITEMS = 1_000


def arithmetic(_: Item) -> dict[str, Plant]:
    return planted_arithmetic.PLANTS


def words(_: Item) -> dict[str, Plant]:
    return planted_word_sorting.PLANTS


def dates(item: Item) -> dict[str, Plant]:
    problem = read_question(item.question)
    return {kind: _with(plant, problem) for kind, plant in planted_dates.PLANTS.items()}


def logic(item: Item) -> dict[str, Plant]:
    story = read_story(item.question)
    return {kind: _with(plant, story) for kind, plant in planted_logic.PLANTS.items()}


def _with(plant: PlantOfQuestion, read: object) -> Plant:
    return lambda attempt, index, rng: plant(read, attempt, index, rng)


PLANTS: dict[str, Callable[[Item], dict[str, Plant]]] = {
    "multistep_arithmetic": arithmetic,
    "word_sorting": words,
    "date_understanding": dates,
    "logical_deduction": logic,
}


def items_of(task: Task) -> Iterator[Item]:
    yield from task.generate(Split.TRAIN, [Subtask.SEEN], ITEMS - UNSEEN_ITEMS, seed=11)
    yield from task.generate(Split.TEST, [Subtask.UNSEEN], UNSEEN_ITEMS, seed=11)


def planted(item: Item, attempt: Attempt, rng: random.Random) -> tuple[str, Planted]:
    """An error of any kind that this attempt can have."""
    plants = PLANTS[item.task](item)
    indexes = list(range(len(attempt.steps)))
    while True:
        kind = rng.choice(sorted(plants))
        found = plants[kind](attempt, rng.choice(indexes), rng)
        if found is not None:
            return kind, found


@pytest.mark.parametrize("name", sorted(TASKS))
def test_gold_is_accepted_and_planted_errors_are_found_and_repaired(name: str) -> None:
    task = TASKS[name]()
    improve = Editor(ScriptedFeedback(task), ScriptedImprove(task), Limits(attempt_chars=50_000))
    rng = random.Random(name)
    missed, kinds, count = Counter[str](), Counter[str](), 0
    for item in items_of(task):
        gold = parse_attempt(item.rationale)
        assert task.feedback(item.question, gold) == correct(gold)
        assert task.answer(gold) == task.answer_flexible(item.rationale) == item.answer
        kind, error = planted(item, gold, rng)
        missed[kind] += task.feedback(item.question, error.attempt).step != error.step
        edited = improve.edit(Trajectory(item.question, (Turn(error.attempt),)))
        assert isinstance(edited, Kept), (kind, item.question, error.attempt.text)
        assert edited.trajectory.updates <= 5
        assert task.answer(edited.trajectory.last) == item.answer
        kinds[kind] += 1
        count += 1
    assert count == ITEMS
    assert set(kinds) == set(PLANTS[name](item))
    assert missed.total() <= ITEMS / 1000, missed.most_common()
