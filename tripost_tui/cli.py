"""The command `tripost`. Alone it opens the app; every command of the app's works headless here.

Importing this module loads click and little else, so that ``--help`` is there at once; each
command loads what it needs when it runs.
"""

import sys

import click

from tripost_tui.commands.asking import ask
from tripost_tui.commands.balancing import balance
from tripost_tui.commands.comparing import compare_items
from tripost_tui.commands.control import continue_, pause, resume, status, stop
from tripost_tui.commands.doctor import doctor
from tripost_tui.commands.evaluating import evaluate
from tripost_tui.commands.experts import experts
from tripost_tui.commands.exporting import export
from tripost_tui.commands.keys import keys
from tripost_tui.commands.looking import look
from tripost_tui.commands.plan import plan
from tripost_tui.commands.project_list import projects
from tripost_tui.commands.projects import new, report
from tripost_tui.commands.reviewing import review
from tripost_tui.commands.running import demo, run
from tripost_tui.commands.studies import compare
from tripost_tui.commands.tasks import task
from tripost_tui.commands.the_app import OPEN, FoldersToo, open_app
from tripost_tui.commands.train_log import train_log
from tripost_tui.failures import EXIT_CODES
from tripost_tui.theme_names import THEME_NAMES

_EPILOG = "\b\nExit codes:\n" + "\n".join(
    f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items()
)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"tripost {version('tripost-tui')}")
        ctx.exit()


@click.group(
    cls=FoldersToo,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option("--ascii", "ascii_only", is_flag=True, help="The app in ASCII, as TRIPOST_ASCII=1.")
@click.option(
    "--no-motion", is_flag=True, help="Nothing glides in the app, as TEXTUAL_ANIMATIONS=none."
)
@click.option("--theme", type=click.Choice(list(THEME_NAMES)), help="The app's colours, this time.")
@click.pass_context
def tripost(ctx: click.Context, ascii_only: bool, no_motion: bool, theme: str | None) -> None:
    """Teach a small language model to correct itself, on your own machine.

    Without a command it opens the app; with a folder in place of a command, the app on that
    project: tripost ./demo. NO_COLOR=1 opens it without colours; what holds for good
    is set in the app (g s).
    """
    if ctx.invoked_subcommand is None:
        open_app(ctx)
    elif ctx.invoked_subcommand not in ("look", OPEN) and (ascii_only or no_motion or theme):
        raise click.UsageError("--ascii, --no-motion and --theme are for the app alone.")


for _command in (
    demo,
    look,
    new,
    projects,
    run,
    status,
    stop,
    pause,
    resume,
    review,
    balance,
    continue_,
    report,
    compare,
    compare_items,
    evaluate,
    train_log,
    ask,
    export,
    task,
    experts,
    plan,
    doctor,
    keys,
):
    tripost.add_command(_command)


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        # A sign that the terminal's encoding lacks is no reason to fail.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    tripost(prog_name="tripost")
