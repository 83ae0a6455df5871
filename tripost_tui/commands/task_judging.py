"""`tripost task judge`: the attempts in a file, judged by a task's scripts."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

import click

from tripost_tui.commands.arguments import task_argument

if TYPE_CHECKING:
    from engine.attempt_rows import AttemptRow, Unreadable
    from engine.judging import Tally

_STDIO = "-"
_SHOWN_EVERY_S = 0.1


@click.command()
@task_argument
@click.option(
    "--in",
    "source",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    required=True,
    help="Attempts, in JSON lines; - is stdin.",
)
@click.option(
    "--out",
    "target",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    required=True,
    help="What is found of each, in JSON lines; - is stdout.",
)
def judge(name: str, source: str, target: str) -> None:
    """Judge attempts that any model wrote.

    Each row {question, attempt, target} comes back, in its place, with "answer" (and
    "answer_form": strict or flexible), "correct" and "feedback" {verdict, step, span, reason}.
    The target may be left out where the task knows the answer. Where something cannot be told
    it is null, and "not_compared" or "not_judged" says why. A line that is no row comes back as
    {line, error}. An attempt ends where a line begins with "Feedback:" or "Updated Answer:".

    The output is written whole or not at all; to stdout it is written as it comes.
    """
    from engine.judging import AttemptJudge
    from engine.tasks.own import OwnTask
    from tripost_tui.commands.opening import opened
    from tripost_tui.progress import json_line
    from tripost_tui.task_text import numbered, quoted, tally_text

    if _is_same_file(source, target):
        raise click.BadParameter("this is the file that is read.", param_hint="--out")
    # Whether the rows of one's own are in order is for tripost task check to find out.
    with opened(name, run_scripts=False) as task:
        if isinstance(task, OwnTask) and task.folder.error_count:
            errors = numbered(task.folder.error_count, "error")
            click.echo(f"{errors} in the task: tripost task check {quoted(name)}", err=True)
        work = AttemptJudge(task)
        is_shown = not (target == _STDIO and sys.stdout.isatty())
        with (
            _reading(source) as file,
            _writing(target) as stream,
            _progress(file, work.tally, is_shown=is_shown) as show,
        ):
            for judged in work.judge(_rows(file, source)):
                stream.write(json_line(judged))
                show()
    click.echo(tally_text(work.tally), err=True)


def _is_same_file(source: str, target: str) -> bool:
    """Tell whether the output would take the place of the input, by whatever name."""
    if target == _STDIO or not os.path.isfile(target):
        return False
    try:
        status = os.fstat(sys.stdin.fileno()) if source == _STDIO else os.stat(source)
    except OSError:  # stdin is no file
        return False
    return os.path.samestat(status, os.stat(target))


@contextmanager
def _reading(source: str) -> Iterator[BinaryIO]:
    if source == _STDIO:
        yield sys.stdin.buffer
        return
    with open(source, "rb") as file:
        yield file


def _rows(file: BinaryIO, source: str) -> Iterator[AttemptRow | Unreadable]:
    """Read the rows. Raises ConfigError where the file cannot be read."""
    from engine.attempt_rows import read_attempts
    from engine.errors import ConfigError

    try:
        yield from read_attempts(file)
    except OSError as error:
        message = f"{source}: {error.strerror or error}."
        raise ConfigError(message, "The attempts cannot be read") from error


@contextmanager
def _writing(target: str) -> Iterator[TextIO]:
    """Give a stream whose text becomes the file at the end. Raises ProjectError."""
    from engine.errors import ProjectError
    from engine.files import replacing

    if target == _STDIO:
        yield sys.stdout
        sys.stdout.flush()
        return
    path = Path(target)
    try:
        # A pipe or a device cannot be replaced.
        if path.exists() and not path.is_file():
            with path.open("w", encoding="ascii") as stream:
                yield stream
            return
        with replacing(path) as partial, partial.open("x", encoding="ascii") as stream:
            yield stream
    except OSError as error:
        message = f"{path}: {error.strerror or error}."
        raise ProjectError(message, "The output cannot be written") from error


@contextmanager
def _progress(file: BinaryIO, tally: Tally, *, is_shown: bool) -> Iterator[Callable[[], None]]:
    """Give what shows on stderr, if that is a terminal, how far the work is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    size = _size(file)
    columns = (TextColumn("{task.fields[rows]:,} rows"), BarColumn(), TimeRemainingColumn())
    hidden = not is_shown or not console.is_terminal or console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        bar = progress.add_task("", total=size, rows=0)
        shown_at = 0.0

        def show() -> None:
            nonlocal shown_at
            if hidden or time.monotonic() - shown_at < _SHOWN_EVERY_S:
                return
            progress.update(bar, completed=file.tell() if size else 0, rows=tally.rows)
            shown_at = time.monotonic()

        yield show


def _size(file: BinaryIO) -> int | None:
    """Return how many bytes there are to read, where that is known."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
