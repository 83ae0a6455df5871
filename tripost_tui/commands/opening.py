"""Opening the task that a command is about; what is wrong with its name is wrong usage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from engine.errors import TripostError

if TYPE_CHECKING:
    from engine.tasks.base import Task


@contextmanager
def opened(
    name: str, seen: Sequence[str] = (), unseen: Sequence[str] = (), *, run_scripts: bool = True
) -> Iterator[Task]:
    """Give a task by its name or folder, and end its scripts afterwards.

    Raises:
        click.BadParameter: there is no such task, or it has no such difficulty.
        ConfigError: the folder is no task.
    """
    from engine.tasks import TASKS, as_named, make_task

    try:
        task = make_task(as_named(name), seen, unseen, run_scripts=run_scripts)
    except KeyError:
        raise click.BadParameter(
            f"there is no task {name!r}. Built in are {', '.join(TASKS)}; "
            f"a folder is written as a path: {f'./{name}'!r}.",
            param_hint="NAME|DIR",
        ) from None
    except ValueError as error:
        if isinstance(error, TripostError):
            raise
        raise click.BadParameter(f"{error}.", param_hint="--seen, --unseen") from error
    try:
        yield task
    finally:
        task.close()
