"""The demo's project: made when it is not there, opened when it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config import Settings, demo_settings, with_values
from engine.errors import ConfigError, project_error
from engine.lock import busy, lock_holder
from engine.project import SETTINGS_FILE, Project
from engine.tasks import TASKS

DEFAULT_TASK = "multistep_arithmetic"


def demo_folder(task: str | None, *, four_bit: bool = False) -> Path:
    """Where the demo of a task lives unless another folder is named."""
    name = "tripost-demo" if task in (None, DEFAULT_TASK) else f"tripost-demo-{task}"
    return Path(f"{name}-4bit" if four_bit else name)


def open_demo(folder: Path, values: Mapping[str, Any] | None = None) -> Project:
    """The project in ``folder``, made with the demo's settings where there is none.

    ``values`` are settings, by key, that a new demo has instead.

    Raises:
        ConfigError: one is wrong, or the demo there has another one.
        ProjectError, StoreError: it cannot be made or opened.
    """
    wanted = dict(values or {})
    if not (folder / SETTINGS_FILE).exists():
        task = wanted.get("task.name", DEFAULT_TASK)
        if task not in TASKS:
            # No task, or one's own: what is wrong with it is told where settings are checked.
            with_values(demo_settings(), {"task.name": task})
            raise ConfigError(
                f"{task}: the demo is of a built-in task. For one of your own: "
                f"tripost new DIR --task {task}",
                "No demo of this task",
            )
        return Project.create(folder, with_values(demo_settings(task), wanted))
    project = Project.open(folder)
    there = project.settings.model_dump()
    for key, value in wanted.items():
        section, _, name = key.partition(".")
        if (found := there[section][name]) != value:
            raise ConfigError(
                f"{project.settings_path}: {key} = {found}, not {value}. Begin anew with "
                "--fresh, or name another folder.",
                f"The demo there has another {key}",
            )
    return project


def put_aside(folder: Path) -> Path | None:
    """Rename a project's folder so that its name is free; nothing in it is lost.

    Returns its new path, None where there is no project. It may be one that cannot be opened.
    Raises BusyError while an engine is at work there, ProjectError.
    """
    path = folder.expanduser().absolute()
    if not (path / SETTINGS_FILE).exists():
        return None
    unread = Project(path, Settings())
    holder = lock_holder(unread)
    if holder is not None and holder.alive:
        raise busy(unread)
    number = 1
    while (aside := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    try:
        return path.rename(aside)
    except OSError as error:
        raise project_error(path, error) from error
