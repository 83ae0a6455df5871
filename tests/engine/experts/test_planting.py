"""Planted errors: the scripts know what is wrong, and a perfect expert could say it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import Item, Split, Subtask
from engine.experts.planting import Planted, as_reply, plant
from engine.experts.replies import read_feedback
from engine.tasks import TASKS, make_task
from engine.tasks.base import Task
from engine.tasks.own.writing import new_folder
from engine.trajectory import FINAL_RESPONSE, parse_attempt

COUNT = 120


def items_of(name: str, count: int = 30) -> list[Item]:
    return TASKS[name]().generate(Split.DEV, list(Subtask), count, seed=4)


@pytest.fixture(scope="module", params=sorted(TASKS))
def planted(request: pytest.FixtureRequest) -> tuple[Task, list[Planted]]:
    task = TASKS[request.param]()
    return task, list(plant(task, items_of(request.param), COUNT, seed=1))


def test_there_are_as_many_as_asked_for_and_none_twice(planted: tuple[Task, list[Planted]]) -> None:
    _, errors = planted
    assert len({(error.item.question, error.attempt) for error in errors}) == COUNT


def test_one_step_is_changed_and_the_script_names_it(planted: tuple[Task, list[Planted]]) -> None:
    task, errors = planted
    for error in errors:
        gold = parse_attempt(error.item.rationale).steps
        changed = [
            new.label for new, old in zip(error.attempt.steps, gold, strict=True) if new != old
        ]
        assert changed == [error.truth.step]
        assert task.feedback(error.item.question, error.attempt) == error.truth


def test_an_expert_could_reply_the_truth(planted: tuple[Task, list[Planted]]) -> None:
    for error in planted[1]:
        assert read_feedback(as_reply(error.truth), error.attempt) == error.truth
        assert parse_attempt(error.attempt.text) == error.attempt


def test_kinds_and_steps_are_spread(planted: tuple[Task, list[Planted]]) -> None:
    kinds = Counter(error.kind for error in planted[1])
    assert len(kinds) >= 3
    assert max(kinds.values()) <= 0.45 * COUNT
    first = sum(error.truth.step == "1" for error in planted[1])
    final = sum(error.truth.step == FINAL_RESPONSE for error in planted[1])
    assert first < 0.5 * COUNT
    assert 0.05 * COUNT < final < 0.5 * COUNT


def test_a_seed_gives_the_same_errors_and_another_seed_others() -> None:
    task, items = TASKS["word_sorting"](), items_of("word_sorting", 8)
    assert list(plant(task, items, 10, seed=3)) == list(plant(task, items, 10, seed=3))
    assert list(plant(task, items, 10, seed=3)) != list(plant(task, items, 10, seed=4))


def test_a_task_of_ones_own_with_a_script_has_them_too(tmp_path: Path) -> None:
    new_folder(tmp_path / "units")
    task = make_task(str(tmp_path / "units"))
    try:
        items = task.generate(Split.TRAIN, [Subtask.SEEN], 4, seed=1)
        errors = list(plant(task, items, 8))
    finally:
        task.close()
    assert len(errors) == 8
    assert len({error.kind for error in errors}) >= 2


def test_what_has_no_rationale_or_a_wrong_one_gives_none() -> None:
    task, items = TASKS["multistep_arithmetic"](), items_of("multistep_arithmetic", 2)
    unusable = [replace(items[0], rationale=""), replace(items[1], rationale=items[0].rationale)]
    assert list(plant(task, unusable, 5)) == []


def test_few_items_give_no_endless_search() -> None:
    task = TASKS["word_sorting"]()
    errors = list(plant(task, items_of("word_sorting", 1), 100_000))
    assert 5 < len(errors) < 5_000
