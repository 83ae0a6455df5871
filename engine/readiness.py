"""What keeps an engine from working on a project, found out before one is started.

The engine looks again when it holds the lock. Here it is told to whoever wants to start one, in
the very words, and without the seconds that torch takes.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from db.records import Run, RunStatus
from db.store import Store
from engine.config import (
    NO_PART_OF_THE_EXPERIMENT,
    TOLD_WHEN_CHANGED,
    Settings,
    settings_hash,
)
from engine.errors import ConfigError
from engine.experts.preflight import check_experts
from engine.memory_check import check_memory
from engine.project import Project
from engine.stage_two import STAGE_TWO
from engine.student_place import find_student
from engine.task_setup import project_task


def check_ready(project: Project, *, new: bool = False) -> None:
    """Check that a run can be taken up or, with ``new``, begun; nothing is changed.

    Raises:
        ProjectError: it is only a recording.
        ConfigError: the task is none or lacks something, or settings changed during a run.
        StudentError: there is no such student, or memory does not suffice for it.
        ExpertUnavailable: an expert cannot be asked.
        StoreError: the database cannot be read.
    """
    project.refuse_recording()
    place = find_student(project.settings.student, project.settings.task.name)
    check_memory(project.settings, place)
    with (
        closing(project_task(project, run_scripts=False)) as task,
        Store.open(project.db_path) as store,
    ):
        check_experts(project, task)
        check_settings_of_runs(project, store, task.name, new=new)


def check_settings_of_runs(project: Project, store: Store, task: str, *, new: bool) -> None:
    """Check the settings against those of the run that goes on, or of those before a new one.

    Raises ConfigError.
    """
    run = store.latest_run()
    if run is None:
        return
    if new:
        _check_questions(project, store, task, run)
    elif run.status is not RunStatus.FINISHED and (changed := _changed(project.settings, run)):
        raise ConfigError(
            f"{project.settings_path}: {', '.join(changed)} changed since run "
            f"{run.id} began. Put the old value back to go on with it, or start anew: "
            f"tripost run {project.path} --new",
            "The settings changed during a run",
        )


def _changed(settings: Settings, run: Run) -> list[str]:
    """Return the settings of the experiment that are not as they were when a run began.

    One that there was not yet, in an older version, was at its default in effect. Those that an
    iteration may change for itself do not count (`engine.stage_two`).
    """
    if run.config_hash == settings_hash(settings):
        return []
    before, now, defaults = (
        _flat(config)
        for config in (
            dict(run.config),
            settings.model_dump(mode="json"),
            Settings().model_dump(mode="json"),
        )
    )
    # Each iteration takes p and the weights as they are at its stage 2, and says so.
    may_change = (NO_PART_OF_THE_EXPERIMENT | TOLD_WHEN_CHANGED).union(STAGE_TWO)
    return [
        key
        for key, value in now.items()
        if key not in may_change and before.get(key, defaults[key]) != value
    ]


def _check_questions(project: Project, store: Store, task: str, before: Run) -> None:
    """All runs of a project share its questions, so that they can be compared."""
    if before.config.get("task") == project.settings.task.model_dump(mode="json"):
        return
    if store.items(task):
        raise ConfigError(
            f"{project.settings_path}: [task] differs from that of run {before.id}, and the "
            "project's questions are made. Put the old values back, or make a new project.",
            "The questions of a project cannot change",
        )


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{section}.{key}": value
        for section, values in config.items()
        for key, value in values.items()
    }
