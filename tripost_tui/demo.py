"""The demo's project: made when it is not there, opened when it is."""

from pathlib import Path

from engine.config import Settings, demo_settings, with_values
from engine.errors import ConfigError, project_error
from engine.lock import busy, lock_holder
from engine.project import SETTINGS_FILE, Project


def open_demo(folder: Path, seed: int | None = None) -> Project:
    """The project in ``folder``, made with the demo's settings where there is none.

    ``seed`` is that of a new demo. Raises ConfigError when the demo there has another one,
    ProjectError and StoreError.
    """
    if not (folder / SETTINGS_FILE).exists():
        settings = demo_settings()
        if seed is not None:
            settings = with_values(settings, {"run.seed": seed})
        return Project.create(folder, settings)
    project = Project.open(folder)
    if seed is not None and project.settings.run.seed != seed:
        raise ConfigError(
            f"{project.settings_path}: run.seed = {project.settings.run.seed}, not {seed}. "
            "Begin anew with --fresh, or name another folder.",
            "The demo there has another seed",
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
