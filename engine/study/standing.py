"""How the runs of a study stand, read from their projects: nothing else remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from db.errors import StoreError
from db.records import Run, RunStatus, StageName, StageStatus
from db.store import Store
from engine.config import NO_PART_OF_THE_EXPERIMENT
from engine.errors import TripostError
from engine.project import SETTINGS_FILE, Project
from engine.settings import Settings
from engine.study.plan import PlannedRun

RUNS = "runs"
"""The folder of a study's projects."""
_BUDGET = "train.token_budget"


class Stand(StrEnum):
    """How a run stands. ``CHANGED``: its project has other settings than the study by now."""

    NOT_STARTED = "not started"
    UNFINISHED = "unfinished"
    STOPPED = "stopped"
    FAILED = "failed"
    FINISHED = "finished"
    CHANGED = "other settings"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands, why in words, and what is done of it that others can take over.

    ``tokens`` are those of all its training steps, ``seconds`` its working time.
    """

    stand: Stand
    why: str = ""
    tokens: int = 0
    seconds: float = 0.0
    tested: bool = False
    collected: bool = False


def folder_of(study_folder: Path, run: PlannedRun) -> Path:
    """Return where a run's project is, or will be."""
    return study_folder / RUNS / run.name


def standing(study_folder: Path, run: PlannedRun, expected: Settings | None) -> Standing:
    """Tell how a run stands; ``expected`` are its settings, None while its budget is not known."""
    folder = folder_of(study_folder, run)
    if not (folder / SETTINGS_FILE).exists():
        return Standing(Stand.NOT_STARTED)
    try:
        project = Project.open(folder)
        with Store.read(project.db_path) as store:
            found = store.latest_run()
            if keys := _other_settings(project, found, run, expected):
                return Standing(Stand.CHANGED, _told(folder, keys))
            return Standing(Stand.NOT_STARTED) if found is None else _of_run(store, found)
    except (TripostError, StoreError) as error:
        return Standing(Stand.FAILED, f"{error.title}: {error.message}")


def _of_run(store: Store, run: Run) -> Standing:
    stages = store.stages(run.id)
    done = {(s.iteration, s.name) for s in stages if s.status is StageStatus.DONE}
    stand = {
        RunStatus.FINISHED: Stand.FINISHED,
        RunStatus.FAILED: Stand.FAILED,
        RunStatus.STOPPED: Stand.STOPPED,
    }.get(run.status, Stand.UNFINISHED)
    return Standing(
        stand,
        run.why_ended,
        tokens=sum(tokens_by_iteration(store, run.id).values()),
        seconds=sum(stage.seconds for stage in stages),
        tested=(0, StageName.EVALUATE) in done,
        collected=(1, StageName.EDIT) in done,
    )


def tokens_by_iteration(store: Store, run_id: int) -> dict[int, int]:
    """Return how many tokens each iteration has trained on."""
    found: dict[int, int] = {}
    for step in store.train_steps(run_id):
        found[step.iteration] = found.get(step.iteration, 0) + step.tokens
    return found


def differing(config: Mapping[str, Any], settings: Settings) -> list[str]:
    """Return the settings of the experiment in which a stored configuration is another one.

    What an older version did not have was at its default in effect.
    """
    defaults = Settings().model_dump(mode="json")
    return [
        f"{section}.{key}"
        for section, values in settings.model_dump(mode="json").items()
        for key, value in values.items()
        if f"{section}.{key}" not in NO_PART_OF_THE_EXPERIMENT
        and config.get(section, {}).get(key, defaults[section][key]) != value
    ]


def _other_settings(
    project: Project, found: Run | None, run: PlannedRun, expected: Settings | None
) -> list[str]:
    wanted = run.settings if expected is None else expected
    keys = differing(project.settings.model_dump(mode="json"), wanted)
    if not keys and found is not None:
        keys = differing(found.config, wanted)
    return [key for key in keys if expected is not None or key != _BUDGET]


def _told(folder: Path, keys: list[str]) -> str:
    shown = ", ".join(keys[:3]) + (", …" if len(keys) > 3 else "")
    return f"{shown} not as in the study; move {folder} away to run it anew"
