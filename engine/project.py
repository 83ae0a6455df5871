"""A project: a folder with settings, database, checkpoints, logs and exports. Copy it: it moves.

The user's state folder remembers which projects there are, so that Home can list them.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import platformdirs
from filelock import FileLock

from db.store import Store
from engine.config import Settings, load_settings, with_values, write_settings
from engine.errors import ProjectError, project_error
from engine.files import write_atomically

SETTINGS_FILE = "project.toml"
DATABASE_FILE = "tripost.db"
RECORDING_FILE = "recording.txt"
"""Where it is, the project is a run to look at that was made elsewhere, without its weights."""
_FOLDERS = ("checkpoints", "logs", "exports")


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder (absolute) and its settings as read when it was opened."""

    path: Path
    settings: Settings

    @property
    def name(self) -> str:
        return self.settings.run.name or self.path.name

    @property
    def settings_path(self) -> Path:
        return self.path / SETTINGS_FILE

    @property
    def db_path(self) -> Path:
        return self.path / DATABASE_FILE

    @property
    def is_recording(self) -> bool:
        return (self.path / RECORDING_FILE).exists()

    def refuse_recording(self) -> None:
        """Raise ProjectError where the project is only a recording."""
        if self.is_recording:
            raise ProjectError(
                f"{self.path}: it can be looked at and reviewed, but has no weights to go on with. "
                "Make them: tripost demo",
                "This is a recording",
            )

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def exports(self) -> Path:
        return self.path / "exports"

    @classmethod
    def create(cls, path: Path | str, settings: Settings | None = None) -> Self:
        """Make a project in a new or empty folder. After an error the folder is as before.

        Raises ProjectError (the path is taken or cannot be written, the disk is full) and
        StoreError.
        """
        folder = Path(path).expanduser().absolute()
        project = cls(folder, settings or Settings())
        made = _make_folder(folder)
        try:
            project.prepare()
            Store.create(project.db_path).close()
            # Last, as it is what makes the folder a project.
            write_settings(project.settings_path, project.settings)
        except BaseException as error:
            _take_back(folder, made)
            if isinstance(error, OSError):
                raise project_error(folder, error) from error
            raise
        return project

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a project to read; nothing in it is changed.

        Raises ProjectError where there is none, ConfigError for wrong settings.
        """
        folder = Path(path).expanduser().absolute()
        advice = f"Make a project first: tripost new {folder}"
        try:
            if not folder.exists():
                raise ProjectError(f"{folder}: no such folder. {advice}", "No such project")
            if not folder.is_dir():
                raise ProjectError(f"{folder}: this is a file, not a folder.", "Not a project")
            if not (folder / SETTINGS_FILE).exists():
                raise ProjectError(
                    f"{folder}: it has no {SETTINGS_FILE}. {advice}", "Not a project"
                )
            settings = load_settings(folder / SETTINGS_FILE)
            if not (folder / DATABASE_FILE).exists():
                raise ProjectError(
                    f"{folder}: it has settings but no {DATABASE_FILE}. Copy that file too, or "
                    "make a new project.",
                    "The project is incomplete",
                )
        except OSError as error:
            raise project_error(folder, error) from error
        return cls(folder, settings)

    def offline(self) -> Self:
        """The same project, in which no expert is called; its file stays as it is."""
        settings = with_values(self.settings, {"experts.offline": True}, "--offline")
        return replace(self, settings=settings)

    def prepare(self) -> None:
        """Make sure that its folders are there and can be written. Raises ProjectError."""
        for name in _FOLDERS:
            folder = self.path / name
            try:
                folder.mkdir(exist_ok=True)
                probe = folder / f".probe-{os.getpid()}"
                probe.touch()
                probe.unlink()
            except OSError as error:
                raise project_error(folder, error) from error


def _make_folder(folder: Path) -> list[Path]:
    """Make ``folder`` and its parents; return those that are new, innermost first."""
    try:
        if folder.exists():
            if not folder.is_dir():
                raise ProjectError(f"{folder}: this is a file.", "The path is taken")
            if (folder / SETTINGS_FILE).exists():
                raise ProjectError(
                    f"{folder}: there is a project already. Open it, or choose another folder.",
                    "The path is taken",
                )
            first = min((entry.name for entry in folder.iterdir()), default=None)
            if first is not None:
                raise ProjectError(
                    f"{folder}: the folder is not empty (it has {first!r}). Choose another.",
                    "The path is taken",
                )
        made = [part for part in (folder, *folder.parents) if not part.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise project_error(folder, error) from error
    return made


def _take_back(folder: Path, made: list[Path]) -> None:
    """Remove what was made; what resists stays, the error that led here matters more."""
    with suppress(OSError):
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        for part in made:
            part.rmdir()


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project that was opened on this machine; ``opened_at`` in seconds since the epoch."""

    path: Path
    opened_at: float

    @property
    def exists(self) -> bool:
        """False when the folder has been moved or deleted since."""
        try:
            return (self.path / SETTINGS_FILE).is_file()
        except OSError:
            return False


def state_dir() -> Path:
    """The user's state folder; ``TRIPOST_STATE_DIR`` names another. It need not exist."""
    named = os.environ.get("TRIPOST_STATE_DIR")
    return Path(named) if named else platformdirs.user_state_path("tripost")


def cache_dir() -> Path:
    """The user's folder for what can be had again; with ``TRIPOST_STATE_DIR`` it lies in that."""
    named = os.environ.get("TRIPOST_STATE_DIR")
    return Path(named) / "cache" if named else platformdirs.user_cache_path("tripost")


def config_dir() -> Path:
    """The user's folder for settings of the app; with ``TRIPOST_STATE_DIR`` it lies in that."""
    named = os.environ.get("TRIPOST_STATE_DIR")
    return Path(named) / "config" if named else platformdirs.user_config_path("tripost")


def known_projects() -> list[KnownProject]:
    """Projects that were remembered, the last opened first.

    A list that is missing or unreadable counts as empty: the projects themselves are unharmed.
    """
    try:
        rows = json.loads((state_dir() / "projects.json").read_bytes())["projects"]
        found = [KnownProject(Path(row["path"]), float(row["opened_at"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted(found, key=lambda known: known.opened_at, reverse=True)


def remember_project(path: Path) -> None:
    """Put a project at the top of the list. Raises ProjectError where it cannot be written."""
    _change_known(path, keep=True)


def forget_project(path: Path) -> None:
    """Take a project off the list; its folder stays. Raises ProjectError."""
    _change_known(path, keep=False)


def _change_known(path: Path, *, keep: bool) -> None:
    path = path.expanduser().absolute()
    folder = state_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "projects.json.lock", timeout=5):
            others = [known for known in known_projects() if known.path != path]
            known = [KnownProject(path, time.time()), *others] if keep else others
            rows = [{"path": str(one.path), "opened_at": one.opened_at} for one in known]
            write_atomically(
                folder / "projects.json", json.dumps({"projects": rows}, indent=1) + "\n"
            )
    except OSError as error:  # filelock's Timeout is one too
        raise project_error(folder, error) from error
