"""Opening the app on the terminal."""

from __future__ import annotations

import sys

import click


def open_app(ctx: click.Context, *, look: bool = False) -> None:
    """Open it with the options of the group ``tripost``. Raises UsageError without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("The app needs a terminal. Without one, use a command.")
    from tripost_tui.app import TripostApp

    said = ctx.find_root().params
    TripostApp(
        look=look,
        ascii_only=said["ascii_only"] or None,
        theme=said["theme"],
        motion=False if said["no_motion"] else None,
    ).run()
