"""The tasks: those that are built in, by name, and one's own, by folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from engine.tasks.base import BuiltInTask, Task


class _BuiltIn(Mapping[str, type[BuiltInTask]]):
    """The built-in tasks, in order. Each is loaded when it is asked for, not when it is named.

    What they read questions with takes a tenth of a second to prepare, in which the app is not seen
    yet and ``--help`` is waited for.
    """

    _WHERE: Mapping[str, str] = {
        "multistep_arithmetic": "MultistepArithmetic",
        "word_sorting": "WordSorting",
        "date_understanding": "DateUnderstanding",
        "logical_deduction": "LogicalDeduction",
    }

    def __getitem__(self, name: str) -> type[BuiltInTask]:
        # An unknown name is a KeyError before anything is imported by it.
        kind = self._WHERE[name]
        found = getattr(import_module(f"engine.tasks.{name}"), kind)
        return cast("type[BuiltInTask]", found)

    def __contains__(self, name: object) -> bool:
        return name in self._WHERE

    def __iter__(self) -> Iterator[str]:
        return iter(self._WHERE)

    def __len__(self) -> int:
        return len(self._WHERE)


TASKS: Mapping[str, type[BuiltInTask]] = _BuiltIn()


def is_folder(name: str) -> bool:
    """Whether a task is named by its folder, which is written as a path: ``./mine``."""
    return name.startswith((".", "~")) or "/" in name or "\\" in name


def as_named(said: str) -> str:
    """Return the name of a task from what a person says: a folder here needs no ./ before it."""
    return f"./{said}" if said not in TASKS and Path(said).is_dir() else said


def label(name: str) -> str:
    """Name a task for lists: one of one's own by the last part of its folder."""
    return (Path(name).name or name) if is_folder(name) else name


def make_task(
    name: str, seen: Sequence[str] = (), unseen: Sequence[str] = (), *, run_scripts: bool = True
) -> Task:
    """Return a task by its name, or one of one's own by its folder; to be closed after use.

    ``seen`` and ``unseen`` name difficulties in a built-in task's notation, or subtasks of one's
    own. Without ``run_scripts`` nothing of a person's own is run while the folder is read.

    Raises:
        ValueError: a difficulty that the task does not know; the text says what it knows.
        ConfigError: the folder is no task; its rows' problems are in ``folder.problems`` instead.
        KeyError: no such task.
    """
    if not is_folder(name):
        return TASKS[name](seen, unseen)
    # It rests on the settings, which know the built-in tasks.
    from engine.tasks.own import load_task

    return load_task(Path(name).expanduser(), seen, unseen, run_scripts=run_scripts)
