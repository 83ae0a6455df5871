"""Opening the app on the terminal, also on a project's folder: ``tripost ./demo``."""

from __future__ import annotations

import difflib
import os
import signal
import sys
from pathlib import Path

import click

from tripost_tui.commands.arguments import project_argument
from tripost_tui.failures import Commands

OPEN = "open"
"""How a folder in place of a command is carried out; not in the list of commands."""


class FoldersToo(Commands):
    """Where a command would stand, the folder of a project may. A command comes first: a folder
    of its name is written as a path, ``./run``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        first = args[0]
        if self.get_command(ctx, first) is not None or first.startswith("-"):
            return super().resolve_command(ctx, args)
        if is_path(first):
            return OPEN, open_project, args
        near = difflib.get_close_matches(first, self.list_commands(ctx), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        ctx.fail(
            f"There is neither a command nor a folder {first!r}.{hint} See: tripost --help",
        )


def is_path(text: str) -> bool:
    """Whether a person means a folder: it is there, or it is written as a path."""
    separators = [sign for sign in (os.sep, os.altsep) if sign]
    return (
        text in (".", "..")
        or text.startswith("~")
        or any(sign in text for sign in separators)
        or Path(text).exists()
    )


@click.command(OPEN, hidden=True)
@project_argument
@click.pass_context
def open_project(ctx: click.Context, folder: Path) -> None:
    """Open the app on a project."""
    from engine.project import Project
    from tripost_tui.commands.remembering import remember

    project = Project.open(folder.expanduser())
    remember(project)
    open_app(ctx, project=project.path)


def open_app(ctx: click.Context, *, project: Path | None = None, look: bool = False) -> None:
    """Open it with the options of the group ``tripost``. Raises UsageError without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("The app needs a terminal. Without one, use a command.")
    from tripost_tui.app import TripostApp

    if hasattr(signal, "SIGHUP"):
        # nohup has it ignored, and an app whose terminal is gone would go on without end.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    said = ctx.find_root().params
    TripostApp(
        project,
        look=look,
        ascii_only=said["ascii_only"] or None,
        theme=said["theme"],
        motion=False if said["no_motion"] else None,
    ).run()
