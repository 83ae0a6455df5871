"""Settings that hold from one iteration's stage 2 to the next: p, and the loss weights.

They decide which examples are trained on and how much each token weighs, and nothing before. So a
person who has seen what an iteration collected may change them in project.toml while the run goes
on. The engine reads them when it makes an iteration's examples, stores them with these, and an
event tells where they are not those of the iteration before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.records import Run, Stage, StageName, StageStatus
from db.store import Store
from engine.config import load_settings, with_values
from engine.postprocess import share_of_improving
from engine.project import Project
from engine.settings import Settings
from engine.settings_editing import change_settings

CHANGED = "selection.changed"
"""Kind of the event that an iteration's examples are made with other settings."""

STAGE_TWO = (
    "postprocess.ratio",
    "train.weight",
    "train.wrong_attempt_weight",
    "train.change_factor",
    "train.question_weight",
)
"""Settings of which each iteration takes those of its own stage 2."""

Values = Mapping[str, float]


def stage_two_values(settings: Settings) -> dict[str, float]:
    """Return the settings of stage 2, by key."""
    return values_in(settings.model_dump(mode="json"))


def values_in(config: Mapping[str, Any]) -> dict[str, float]:
    """Return the settings of stage 2 in a stored configuration; what it lacks is at its default."""
    found = {}
    for key in STAGE_TWO:
        section, _, name = key.partition(".")
        there = config.get(section)
        value = there.get(name) if isinstance(there, Mapping) else None
        found[key] = float(value) if isinstance(value, int | float) else _default(section, name)
    return found


def values_used(stage: Stage, run: Run) -> dict[str, float]:
    """Return the settings that a finished stage 2 was done with."""
    used = stage.detail.get("settings")
    found = values_in(run.config)
    if isinstance(used, Mapping):
        found |= {key: float(used[key]) for key in STAGE_TWO if key in used}
    return found


def values_before(store: Store, run: Run, iteration: int) -> dict[str, float]:
    """Return the settings of the last stage 2 before an iteration's, or those the run began with.

    Raises StoreError.
    """
    done = [
        stage
        for stage in store.stages(run.id)
        if (stage.name, stage.status) == (StageName.POSTPROCESS, StageStatus.DONE)
        and stage.iteration < iteration
    ]
    if not done:
        return values_in(run.config)
    return values_used(max(done, key=lambda stage: stage.iteration), run)


def settings_of_now(project: Project, settings: Settings) -> Settings:
    """Return ``settings`` with those of stage 2 as project.toml has them. Raises ConfigError."""
    values = stage_two_values(load_settings(project.settings_path))
    if values == stage_two_values(settings):
        return settings
    return with_values(settings, values, str(project.settings_path))


def save_values(project: Project, values: Values) -> None:
    """Write settings of stage 2 into project.toml; the others stay as the file has them.

    Raises:
        ConfigError: the file cannot be read, or a value is not allowed.
        OSError: it cannot be written.
    """
    change_settings(project.settings_path, values)


def told(before: Values, now: Values) -> str:
    """Say in one line what has changed; empty where nothing has."""
    parts = []
    for key in STAGE_TWO:
        if before[key] != now[key]:
            parts.append(f"{key} {before[key]:g} → {now[key]:g}")
            if key == "postprocess.ratio":
                parts[-1] += f" ({p_said(now[key])})"
    return ", ".join(parts)


def p_said(ratio: float) -> str:
    """Say which share of improving examples a ratio aims at."""
    return f"p = {share_of_improving(ratio):.2f}" if ratio > 0 else "no rebalancing"


def _default(section: str, name: str) -> float:
    return float(getattr(getattr(Settings(), section), name))
