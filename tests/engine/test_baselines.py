"""What the baselines and the ablations train on, by real engine processes."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from engines import QUIET, Engines, Finished, Rows, assert_same, run_of, small_project, undisturbed

from db.records import Example, ExampleKind, Origin, StageName
from db.store import Store
from engine.postprocess import share_of_improving
from engine.task_setup import project_task
from engine.trajectory import Author, parse

ONCE = {"run.iterations": 1}


def selected(finished: Finished) -> list[Example]:
    return [example for example in finished.rows.examples if example.selected]


def weights_in(examples: list[Example]) -> set[float]:
    """All weights that any part of the examples has."""
    found: set[float] = set()
    for example in examples:
        for _, weight in example.segments:
            runs = [(0, weight)] if isinstance(weight, int | float) else weight
            found |= {value for _, value in runs}
    return found


def text_of(example: Example) -> str:
    return "".join(text for text, _ in example.segments)


def test_gold_rationales_of_all_questions_are_trained_on_for_several_epochs(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = {**ONCE, "run.method": "ft_rationale", "train.epochs": 3, "task.test_items": 0}
    finished = undisturbed(engines, tmp_path / "p", able_student, values)
    rows = finished.rows
    assert rows.attempts == rows.trajectories == []
    train = {item.id: item for item in rows.items if item.split == "train"}
    assert {e.item_id for e in selected(finished)} == set(train)
    for example in selected(finished):
        assert example.kind is ExampleKind.GROUND_TRUTH
        assert text_of(example).endswith(train[example.item_id].rationale)
        assert "Feedback:" not in text_of(example)
    assert rows.train_steps[-1].epoch == 3
    assert weights_in(rows.examples) == {0.0, 1.0}


@pytest.fixture(scope="module")
def demonstrated(
    engines: Engines, able_student: Path, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    values = {
        "run.method": "ft_si_demo",
        "train.weight": 3.0,
        "train.change_factor": 4.0,
        "postprocess.ratio": 1.0,
    }
    return undisturbed(engines, tmp_path_factory.mktemp("demo") / "p", able_student, values)


def test_demonstrations_correct_planted_errors_and_never_the_students(
    demonstrated: Finished,
) -> None:
    rows = demonstrated.rows
    hint = project_task(demonstrated.project).hint
    assert rows.trajectories
    items = {item.id: item for item in rows.items}
    for trajectory in rows.trajectories:
        assert {turn.author for turn in trajectory.turns} == {Author.SCRIPT}
        assert trajectory.origin is Origin.EDITED
        read = parse(trajectory.text, hint)
        assert read is not None
        # The error is one of a single step; its correction ends as the gold rationale does.
        assert read.first.text != items[trajectory.item_id].rationale
        last = read.turns[-1].feedback
        assert last is not None
        assert last.is_correct
    assert not any(attempt.tokens for attempt in rows.attempts)


def test_demonstrations_have_the_same_processing_and_weights_of_one(
    demonstrated: Finished,
) -> None:
    examples = selected(demonstrated)
    kinds = [example.kind for example in examples]
    assert set(kinds) == set(ExampleKind)
    for iteration in (1, 2):
        some = [e.kind for e in examples if e.iteration == iteration]
        p = some.count(ExampleKind.IMPROVING) / len(some)
        assert abs(p - share_of_improving(1.0)) <= 1 / len(some)
    assert weights_in(examples) == {0.0, 1.0}


def test_without_interaction_demonstrations_weigh_as_in_tripost(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = {**ONCE, "collect.attempts": "expert", "train.weight": 3.0, "task.test_items": 0}
    finished = undisturbed(engines, tmp_path / "p", able_student, values)
    authors = {turn.author for t in finished.rows.trajectories for turn in t.turns}
    assert authors == {Author.SCRIPT}
    assert weights_in(selected(finished)) == {0.0, 1.0, 3.0}


def test_without_balance_all_is_trained_on(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = {**ONCE, "postprocess.ratio": 0.0, "task.test_items": 0}
    rows = undisturbed(engines, tmp_path / "p", able_student, values).rows
    assert not any(e.drop_reason == "surplus after rebalancing" for e in rows.examples)


@pytest.mark.parametrize("short", [True, False])
def test_rejection_sampling_has_a_short_form_beside_each_sample_if_wanted(
    engines: Engines, able_student: Path, tmp_path: Path, short: bool
) -> None:
    values = {
        **ONCE,
        "run.method": "lmsi",
        "postprocess.short_answers": short,
        "task.test_items": 0,
    }
    finished = undisturbed(engines, tmp_path / "p", able_student, values)
    assert {a.pass_ for a in finished.rows.attempts} == {0, 1}
    examples = selected(finished)
    answers = {item.id: item.answer for item in finished.rows.items}
    bare = [e for e in examples if e.segments[-1][0] == f" So the answer is {answers[e.item_id]}."]
    sampled = {t.item_id for t in finished.rows.trajectories}
    assert {e.item_id for e in bare} == (sampled if short else set())
    assert {e.item_id for e in examples if e not in bare} == sampled
    assert {e.kind for e in examples} == {ExampleKind.NON_IMPROVING}
    assert weights_in(examples) == {0.0, 1.0}


def test_prompting_trains_nothing_and_keeps_the_first_attempts(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    finished = undisturbed(engines, tmp_path / "p", able_student, {"run.method": "prompt_only"})
    rows = finished.rows
    assert rows.attempts == rows.examples == rows.train_steps == rows.weights == []
    assert {name for _, name, *_ in rows.stages} == {StageName.EVALUATE}
    assert run_of(finished.project).iterations == 1
    start, prompted = ({e.item_id: e for e in rows.evaluations if e.iteration == i} for i in (0, 1))
    assert start.keys() == prompted.keys()
    for key, before in start.items():
        now = prompted[key]
        assert now.first_answer == before.first_answer
        # Whatever it wrote, it was asked for feedback, unless there was no room for it.
        assert "Feedback:" in now.text or now.finish_reason == "length"
    with Store.open(finished.project.db_path, readonly=True) as store:
        (told,) = store.events_of_kind(run_of(finished.project).id, "prompt.examples")
    assert told.data["examples"] in (0, 1, 2, 3)


BUDGETED: Mapping[str, Mapping[str, Any]] = {
    "ft_rationale": {},
    "continued_rationale": {},
    "lmsi": {},
    "ft_si_demo": {},
}


@pytest.mark.parametrize("method", BUDGETED)
def test_a_token_budget_is_kept_to_within_one_step(
    engines: Engines, able_student: Path, tmp_path: Path, method: str
) -> None:
    values = {
        "run.method": method,
        "train.token_budget": 2000,
        # A step is an example or two.
        "train.batch_tokens": 16,
        "task.test_items": 0,
    }
    rows = undisturbed(engines, tmp_path / "p", able_student, values).rows
    for iteration in (1, 2):
        tokens = [step.tokens for step in rows.train_steps if step.iteration == iteration]
        assert sum(tokens) >= 2000 > sum(tokens[:-1])


@pytest.mark.parametrize("method", ["ft_rationale", "lmsi", "ft_si_demo", "prompt_only"])
def test_a_killed_baseline_collects_the_same_rows(
    engines: Engines, able_student: Path, tmp_path: Path, method: str
) -> None:
    values = {**ONCE, "run.method": method}
    whole = undisturbed(engines, tmp_path / "whole", able_student, values)
    project = small_project(tmp_path / "killed", able_student, values)
    first_entries = [place for place in whole.statements if place.endswith(" 1")]
    for place, share in zip(first_entries, itertools.cycle((2, 3)), strict=False):
        statement = max(1, whole.statements[place] // share)
        death = {"where": place, "statement": statement}
        ended = engines.run(project, death=death, patches=QUIET)
        assert ended.code == -9, (death, ended.output)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    assert_same(Rows.of(project), whole.rows)
