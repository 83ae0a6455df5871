"""What can go wrong, named for the person who has to deal with it.

The command line prints title and message to stderr and ends with ``exit_code``; the app shows
them in a dialog. The store has errors of its own (`db.errors`), which count as `ProjectError`.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class TripostError(Exception):
    """An error that a person can do something about.

    ``title`` is a short line without a full stop; ``message`` says what it is about, what
    happened and what can be done.
    """

    title: str = "TriPosT failed"
    exit_code: int = 1

    def __init__(self, message: str, title: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if title is not None:
            self.title = title

    def __str__(self) -> str:
        return f"{self.title}: {self.message}"


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One thing wrong with the settings.

    ``key`` is ``section.key``, or empty where the whole file is meant. ``value`` is as a person
    wrote it, ``allowed`` what may stand there, ``nearest`` the known key most like a wrong one.
    """

    key: str
    value: str
    allowed: str
    nearest: str | None = None


class ConfigError(TripostError):
    """Settings that cannot be read or are not allowed."""

    title = "The settings are wrong"
    exit_code = 2

    def __init__(
        self, message: str, title: str | None = None, problems: Sequence[SettingProblem] = ()
    ) -> None:
        super().__init__(message, title)
        self.problems = tuple(problems)


class ProjectError(TripostError):
    """The project folder is missing, is none, cannot be written, or its disk is full."""

    title = "The project cannot be used"
    exit_code = 3


class StudentError(TripostError):
    """The student cannot be loaded."""

    title = "The student cannot be used"
    exit_code = 4


class BusyError(TripostError):
    """Another engine is at work on the project. ``pid`` is its process, where known."""

    title = "Another engine is running"
    exit_code = 5

    def __init__(self, message: str, title: str | None = None, pid: int | None = None) -> None:
        super().__init__(message, title)
        self.pid = pid


class RunFailed(TripostError):  # the run failed, not the caller
    """The run ended because of an error; what it had collected is kept."""

    title = "The run failed"
    exit_code = 6


class ExpertUnavailable(TripostError):
    """An expert cannot be asked; what was collected is kept. ``expert`` is its name, if known."""

    title = "The expert cannot be used"
    exit_code = 8

    def __init__(self, message: str, title: str | None = None, expert: str | None = None) -> None:
        super().__init__(message, title)
        self.expert = expert


class BudgetUsedUp(Exception):
    """Experts have cost what they may; the text says what to do. A run stops, it does not fail."""


class Interrupted(TripostError):  # no error: a wish
    """A person interrupted the work; it can be taken up again."""

    title = "Interrupted"
    exit_code = 130


_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


def project_error(path: Path, error: OSError) -> ProjectError:
    """Translate an error of the operating system about a file or folder of a project."""
    what = error.strerror or str(error)
    if error.errno in _FULL:
        return ProjectError(f"{path}: {what}. Free some space, then run again.", "The disk is full")
    if error.errno in _DENIED:
        return ProjectError(
            f"{path}: {what}. Check the permissions of the folder, or choose another.",
            "The project cannot be written",
        )
    return ProjectError(f"{path}: {what}.")
