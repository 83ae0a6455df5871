"""Errors on the command line: title and message on stderr, and an exit code that scripts can use.

The codes are part of the interface: they stand in the help, in the README and here, once.
"""

from typing import Any, NoReturn

import click

from db.errors import StoreError
from engine.errors import ExpertUnavailable, ProjectError, TripostError
from local_experts.errors import ExpertError
from tripost_tui.text import clean_text

STOPPED = 7
INTERRUPTED = 130

EXIT_CODES = {
    0: "done",
    1: "doctor or task check found an error, or something happened that nobody foresaw",
    2: "wrong usage or wrong settings",
    3: "the project cannot be used: missing, read-only, disk full, damaged",
    4: "the student cannot be loaded",
    5: "another engine is at work on the project",
    6: "the run failed; what it collected is kept",
    STOPPED: "the run was stopped before its end; tripost run goes on with it",
    8: "an expert cannot be used; what the run collected is kept",
    INTERRUPTED: "interrupted with ctrl+c; a run goes on without its terminal",
}


class RunStopped(TripostError):
    """The run that was followed was stopped before its end."""

    title = "The run was stopped"
    exit_code = STOPPED


class Commands(click.Group):
    """A group of commands that tells the project's errors from programming errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of use, not of the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TripostError as error:
            _end(ctx, error.title, error.message, error.exit_code)
        except StoreError as error:
            _end(ctx, error.title, error.message, ProjectError.exit_code)
        except ExpertError as error:
            _end(ctx, error.title, error.message, ExpertUnavailable.exit_code)
        except KeyboardInterrupt:
            _end(ctx, "Interrupted", "", INTERRUPTED)


def _end(ctx: click.Context, title: str, message: str, exit_code: int) -> NoReturn:
    click.echo(clean_text(f"{title}\n{message}".rstrip()), err=True)
    ctx.exit(exit_code)
