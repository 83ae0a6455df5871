"""Presets: named sets of settings. One says where to begin, others which method or ablation to run.

The others are taken on top: each sets what makes a run that method and nothing else, so that with
the same beginning all runs have the same student, the same test items, and differ in the method.
``train.token_budget`` makes their training tokens equal, too (`same_budget`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from db.store import Store
from engine.config import Settings, demo_settings, paper_settings, with_values
from engine.errors import ConfigError
from engine.methods import WEIGHTS_OF_ONE, iterations_of
from engine.project import Project
from engine.tasks import TASKS

_FITS_ANY_TASK = "date_understanding"
"""A task for which the demo has no difficulties of its own."""


class Group(StrEnum):
    """What presets are for."""

    BEGIN = "where to begin"
    METHOD = "the method, and baselines"
    ABLATION = "ablations: TriPosT without one of its parts"


Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of settings; ``values`` are what it sets on top of others.

    ``part`` names where in TriPosT's paper it belongs.
    """

    name: str
    group: Group
    says: str
    part: str
    values: Callable[[Settings], Values] = lambda settings: {}


def _lmsi(settings: Settings) -> Values:
    """As many right samples as there are questions, in five passes over them at most."""
    collect = settings.collect
    return {
        "run.method": "lmsi",
        "collect.temperature": 1.2,
        "collect.passes": 5,
        "collect.target": collect.target or collect.questions,
    }


def _continued(settings: Settings) -> Values:
    """All training questions, the same number in each iteration, so that none comes twice."""
    fresh = max(1, settings.task.train_items // settings.run.iterations)
    return {
        "run.method": "continued_rationale",
        "collect.questions": fresh,
        "collect.minimum": min(settings.collect.minimum, fresh),
        "collect.target": 0,
    }


def _set(values: Values) -> Callable[[Settings], Values]:
    return lambda settings: values


_TRIPOST = {"run.method": "tripost", "collect.attempts": "student"}
PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("default", Group.BEGIN, "Every setting at its default.", ""),
        Preset("demo", Group.BEGIN, "The embedded student, in minutes, as in `tripost demo`.", ""),
        Preset("paper", Group.BEGIN, "The reference code's training of LLaMA-7B.", "appendix"),
        Preset(
            "tripost",
            Group.METHOD,
            "TriPosT: the student's own attempts, corrected, filtered, balanced and weighted.",
            "section 3",
            _set(_TRIPOST),
        ),
        Preset(
            "ft_rationale",
            Group.METHOD,
            "Fine-tuning on the gold rationales of all training questions, five epochs. An "
            "embedded student starts as just that.",
            "baseline",
            _set({"run.method": "ft_rationale", "run.iterations": 1, "train.epochs": 5}),
        ),
        Preset(
            "continued_rationale",
            Group.METHOD,
            "Going on with gold rationales, fresh questions in each iteration; a control that "
            "the paper does not have.",
            "control",
            _continued,
        ),
        Preset(
            "lmsi",
            Group.METHOD,
            "LMSI, rejection sampling: the student's own right samples at T = 1.2 and their bare "
            "answers, in five passes at most.",
            "baseline",
            _lmsi,
        ),
        Preset(
            "ft_si_demo",
            Group.METHOD,
            "Fine-tuning on an expert's own attempts, feedback and updates; processed as in "
            "TriPosT, w = 1. Scripts plant errors in gold rationales.",
            "baseline",
            _set({"run.method": "ft_si_demo", **WEIGHTS_OF_ONE}),
        ),
        Preset(
            "prompt_only",
            Group.METHOD,
            "No training: the student is shown examples of self-improvement, and tested.",
            "baseline",
            _set({"run.method": "prompt_only"}),
        ),
        Preset(
            "no_interaction",
            Group.ABLATION,
            "The expert's attempts are corrected, not the student's; weighted, unlike ft_si_demo.",
            "ablation",
            _set({"run.method": "tripost", "collect.attempts": "expert"}),
        ),
        Preset(
            "no_filtering",
            Group.ABLATION,
            "Trajectories whose correction failed are kept as far as it came.",
            "ablation",
            _set({**_TRIPOST, "collect.keep_failed": True}),
        ),
        Preset(
            "no_balance",
            Group.ABLATION,
            "All examples are trained on, whatever their kind (r = 0).",
            "ablation",
            _set({**_TRIPOST, "postprocess.ratio": 0.0}),
        ),
        Preset(
            "no_weights",
            Group.ABLATION,
            "Every token that is learned weighs the same (w = 1).",
            "ablation",
            _set({**_TRIPOST, **WEIGHTS_OF_ONE}),
        ),
    )
}
"""Every preset, in the order in which to show them."""


def preset_named(name: str) -> Preset:
    """Return a preset. Raises ConfigError."""
    if name in PRESETS:
        return PRESETS[name]
    known = ", ".join(PRESETS)
    raise ConfigError(f"There is no preset {name!r}. There are: {known}.", "No such preset")


def begin(name: str, task: str) -> Settings:
    """Return the settings that a beginning has for a task; the project's name stays its folder's.

    What the demo has for one's own task are not the difficulties of another.
    """
    if name == "paper":
        return paper_settings()
    if name == "demo":
        known = demo_settings(task if task in TASKS else _FITS_ANY_TASK)
        return with_values(known, {"run.name": ""})
    return Settings()


def with_presets(settings: Settings, presets: Sequence[Preset]) -> Settings:
    """Return the settings with methods and ablations set on top, in their order."""
    for preset in presets:
        settings = with_values(settings, preset.values(settings), f"preset {preset.name}")
    return settings


def trained_tokens(project: Project) -> int:
    """Return on how many tokens a project's latest run was trained in all its iterations.

    Raises:
        ConfigError: it has not come to the end of its training.
        StoreError: its database cannot be read.
    """
    tokens, done = 0, False
    if project.db_path.exists():
        with Store.open(project.db_path, readonly=True) as store:
            run = store.latest_run()
            if run is not None:
                by_iteration = [
                    sum(step.tokens for step in store.train_steps(run.id, iteration))
                    for iteration in range(1, run.iterations + 1)
                ]
                tokens, done = sum(by_iteration), run.status.terminal and all(by_iteration)
    if not done:
        raise ConfigError(
            f"{project.path}: its run is not trained to its end, so that nobody knows how many "
            "training tokens would be as many.",
            "No budget to take over",
        )
    return tokens


def same_budget(settings: Settings, tokens: int) -> Settings:
    """Return settings whose iterations train on as many tokens together, each on as many."""
    each = -(-tokens // iterations_of(settings))
    return with_values(settings, {"train.token_budget": each})
