"""Errors on the command line: title and message on stderr, and an exit code that scripts can use.

The codes are part of the interface: they stand in the help, in the README and here, once.
"""

import sys
from typing import Any, TextIO

import click

from db.errors import StoreError
from engine.errors import ProjectError, TripostError
from local_experts.errors import ExpertError
from tripost_tui.text import clean_text

STOPPED = 7
INTERRUPTED = 130

EXIT_CODES = {
    0: "done",
    1: "doctor found an error, or something happened that nobody foresaw",
    2: "wrong usage or wrong settings",
    3: "the project cannot be used: missing, read-only, disk full, damaged",
    4: "the student cannot be loaded",
    5: "another engine is at work on the project",
    6: "the run failed; what it collected is kept",
    STOPPED: "the run was stopped before its end; tripost run goes on with it",
    INTERRUPTED: "interrupted with ctrl+c; a run goes on without its terminal",
}


class Failure(click.ClickException):
    """What click shows and how it ends for an error of ours."""

    def __init__(self, title: str, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.title = title
        self.exit_code = exit_code

    def show(self, file: TextIO | None = None) -> None:  # type: ignore[override]
        text = f"{self.title}\n{self.message}" if self.message else self.title
        click.echo(clean_text(text), file=file or sys.stderr)


class Commands(click.Group):
    """A group of commands that tells the project's errors from programming errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of use, not of the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TripostError as error:
            raise Failure(error.title, error.message, error.exit_code) from error
        except StoreError as error:
            raise Failure(error.title, error.message, ProjectError.exit_code) from error
        except ExpertError as error:
            raise Failure(error.title, error.message, TripostError.exit_code) from error
        except KeyboardInterrupt as error:
            raise Failure("Interrupted", "", INTERRUPTED) from error
