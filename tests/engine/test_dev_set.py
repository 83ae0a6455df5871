"""Development questions decide with which weights an iteration ends, and when it is enough."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from engines import QUIET, TRAINING_ALONE, Engines, Rows, assert_same, small_project, undisturbed
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from db.records import Event
from db.store import Store
from engine.dev_set import Looked, looks
from engine.project import Project
from engine.settings import TrainSettings
from engine.training.schedule import StepPlan

ONE = {**TRAINING_ALONE, "task.dev_items": 6, "train.epochs": 6, "train.learning_rate": 0.02}


def settings(**values: Any) -> TrainSettings:
    return TrainSettings.model_validate({"select_by": "dev_loss"} | values)


def plans(epochs: int, steps_of_an_epoch: int) -> list[StepPlan]:
    count = epochs * steps_of_an_epoch
    return [StepPlan((), (number + 1) / steps_of_an_epoch) for number in range(count)]


def test_it_looks_after_every_epoch_or_share_of_one_and_at_the_end() -> None:
    assert looks(plans(3, 4), settings()) == {4, 8, 12}
    assert looks(plans(2, 4), settings(dev_every=0.5)) == {2, 4, 6, 8}
    assert looks(plans(3, 4), settings(dev_every=2.0)) == {8, 12}
    assert looks(plans(1, 3), settings(dev_every=100.0)) == {3}
    assert looks(plans(1, 3), settings(dev_every=0.01)) == {1, 2, 3}
    assert looks(plans(3, 4), settings(select_by="last")) == frozenset()


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_the_best_look_is_the_first_of_the_highest(values: list[float]) -> None:
    looked = Looked()
    for step, value in enumerate(values, 1):
        looked = looked.after(step, value)
    best = values.index(max(values))
    assert looked == Looked(best + 1, values[best], len(values) - best - 1)
    assert Looked(**looked.state()) == looked


def test_what_is_no_number_is_never_the_best() -> None:
    assert Looked().after(1, math.nan) == Looked(worse=1)
    assert Looked(1, 0.5).after(2, math.nan) == Looked(1, 0.5, 1)


def dev_events(project: Project) -> list[Event]:
    with Store.open(project.db_path, readonly=True) as store:
        return [event for event in store.events(1) if event.kind == "train.dev"]


def train_detail(project: Project) -> dict[str, Any]:
    with Store.open(project.db_path, readonly=True) as store:
        (stage,) = [stage for stage in store.stages(1) if stage.name == "train"]
    return dict(stage.detail)


def test_an_iteration_ends_with_the_weights_that_did_best(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    """With so many epochs the later ones are worse: the best is neither the last nor lost."""
    long = ONE | {"train.epochs": 30}
    project = small_project(tmp_path / "p", able_student, long | {"train.select_by": "dev_loss"})
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    found = dev_events(project)
    assert len(found) == 30
    values = [event.data["value"] for event in found]
    best = found[values.index(max(values))]
    detail = train_detail(project)
    assert (detail["best_step"], detail["best_value"]) == (best.data["step"], best.data["value"])
    assert detail["best_step"] < detail["steps"]
    assert detail["stopped_early"] is False
    # As if training had ended there.
    folder = project.checkpoints / "run1-iteration1"
    assert [path.name for path in project.checkpoints.iterdir()] == [folder.name]
    kept = load_file(folder / "model.safetensors")
    last = undisturbed(engines, tmp_path / "last", able_student, long).project
    unlike = load_file(last.checkpoints / folder.name / "model.safetensors")
    assert any(not kept[name].equal(unlike[name]) for name in kept)


@pytest.mark.parametrize("select_by", ["dev_loss", "dev_accuracy"])
def test_killed_while_it_looks_and_saves_it_ends_as_the_undisturbed_one(
    engines: Engines, able_student: Path, tmp_path: Path, select_by: str
) -> None:
    values = ONE | {"train.select_by": select_by, "train.dev_every": 0.5, "train.patience": 4}
    whole = undisturbed(engines, tmp_path / "whole", able_student, values)
    project = small_project(tmp_path / "p", able_student, values)
    rng = random.Random(2)
    where = {"where": "1 train 1"}
    moments: list[dict[str, Any]] = [
        {"function": "engine.iteration_weights:save_weights", "call": 1, "when": "before"},
        {"function": "engine.iteration_weights:save_weights", "call": 1, "when": "after"},
        {"function": "engine.dev_set:DevSet.look", "call": 2, "when": "after"},
        {"function": "engine.iteration_weights:save_state", "call": 3, "when": "after"},
        {"function": "engine.iteration_weights:forget_steps", "call": 2, "when": "after"},
        {"statement": rng.randint(5, 12)},
        {"function": "engine.fitting:load_best", "call": 1, "when": "after"},
    ]
    for moment in moments:
        ended = engines.run(project, death=where | moment, patches=QUIET)
        # The last one is never reached where the last weights are the best.
        assert ended.code < 0 or moment is moments[-1], (moment, ended.output)
    assert engines.run(project).code == 0
    assert_same(Rows.of(project), whole.rows)
    names = sorted(path.name for path in whole.project.checkpoints.iterdir())
    assert sorted(path.name for path in project.checkpoints.iterdir()) == names


def test_training_stops_when_it_gets_no_better(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = ONE | {"train.select_by": "dev_loss", "train.patience": 2, "train.epochs": 30}
    project = small_project(tmp_path / "p", able_student, values)
    assert engines.run(project).code == 0
    found = dev_events(project)
    detail = train_detail(project)
    assert detail["stopped_early"] is True
    assert len(found) < 30
    assert [event.data["best"] for event in found[-3:]] == [True, False, False]
    with Store.open(project.db_path, readonly=True) as store:
        assert len(store.train_steps(1)) == detail["steps"] == found[-1].data["step"]


def test_without_development_questions_it_is_told(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = ONE | {"task.dev_items": 0, "train.select_by": "dev_accuracy"}
    project = small_project(tmp_path / "p", able_student, values)
    ended = engines.run(project)
    assert ended.code == 6
    assert "No development questions" in ended.output
    assert "task.dev_items" in ended.output
