"""Opening the app on the terminal."""

from __future__ import annotations

import sys

import click


def open_app(*, ascii_only: bool, look: bool = False) -> None:
    """Raises UsageError without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("The app needs a terminal. Without one, use a command.")
    from tripost_tui.app import TripostApp

    TripostApp(look=look, ascii_only=ascii_only or None).run()
