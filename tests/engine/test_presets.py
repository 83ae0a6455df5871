"""Presets: what each sets, that they go together, and an equal budget."""

from pathlib import Path
from typing import get_args

import pytest

from engine.config import Settings, settings_changed, with_values
from engine.errors import ConfigError
from engine.methods import METHODS, Attempts, attempts_by, iterations_of
from engine.presets import (
    PRESETS,
    Group,
    begin,
    preset_named,
    same_budget,
    trained_tokens,
    with_presets,
)
from engine.project import Project
from engine.settings import RunSettings

BEGINS = [name for name, preset in PRESETS.items() if preset.group is Group.BEGIN]
OTHERS = [name for name, preset in PRESETS.items() if preset.group is not Group.BEGIN]


def test_every_method_has_a_preset_of_its_name() -> None:
    assert set(get_args(RunSettings.model_fields["method"].annotation)) == set(METHODS)
    assert {n for n in OTHERS if PRESETS[n].group is Group.METHOD} == set(METHODS)
    for name in METHODS:
        assert with_presets(Settings(), [PRESETS[name]]).run.method == name


@pytest.mark.parametrize("name", BEGINS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_method_leaves_start_and_test_as_they_are(name: str, other: str) -> None:
    base = begin(name, "multistep_arithmetic")
    settings = with_presets(base, [PRESETS[other]])
    assert settings.student == base.student
    assert settings.task == base.task
    assert settings.evaluate == base.evaluate
    assert settings.run.seed == base.run.seed
    assert settings.collect.minimum <= settings.collect.questions


@pytest.mark.parametrize("other", [n for n in OTHERS if PRESETS[n].group is Group.ABLATION])
def test_an_ablation_is_tripost_but_for_one_part(other: str) -> None:
    base = Settings()
    settings = with_presets(with_values(base, {"train.change_factor": 2.0}), [PRESETS[other]])
    assert settings.run.method == "tripost"
    changed = {one.key for one in settings_changed(settings.model_dump(mode="json"))}
    parts = {
        "no_interaction": {"collect.attempts", "train.change_factor"},
        "no_filtering": {"collect.keep_failed", "train.change_factor"},
        "no_balance": {"postprocess.ratio", "train.change_factor"},
        "no_weights": {"train.weight"},
    }
    assert changed == parts[other]


def test_who_writes_the_attempts() -> None:
    by = {name: attempts_by(with_presets(Settings(), [PRESETS[name]])) for name in OTHERS}
    assert {name for name, who in by.items() if who is Attempts.EXPERT} == {
        "ft_si_demo",
        "no_interaction",
    }
    assert {name for name, who in by.items() if who is Attempts.NOBODY} == {
        "ft_rationale",
        "continued_rationale",
        "prompt_only",
    }


def test_rejection_sampling_wants_as_many_samples_as_questions_in_five_passes() -> None:
    collect = with_presets(begin("demo", "word_sorting"), [PRESETS["lmsi"]]).collect
    assert (collect.temperature, collect.passes, collect.target) == (1.2, 5, 400)


def test_more_gold_rationales_are_fresh_in_each_iteration() -> None:
    settings = with_presets(begin("demo", "word_sorting"), [PRESETS["continued_rationale"]])
    assert settings.collect.questions * settings.run.iterations <= settings.task.train_items


@pytest.mark.parametrize("tokens", [1, 999, 1000, 1001])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_an_equal_budget_is_equal_over_all_iterations(name: str, tokens: int) -> None:
    settings = with_presets(Settings(), [PRESETS[name]])
    each = same_budget(settings, tokens).train.token_budget
    count = iterations_of(settings)
    assert tokens <= each * count < tokens + count


def test_a_run_that_has_not_ended_is_no_budget(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", Settings())
    with pytest.raises(ConfigError, match="not trained to its end"):
        trained_tokens(project)


def test_an_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'star'.*ft_si_demo"):
        preset_named("star")
