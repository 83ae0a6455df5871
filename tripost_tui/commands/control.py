"""`tripost status`, `stop`, `pause`, `resume`, `continue`: asking after a run, and steering it.

What is asked of an engine is a row in the database; it answers by acting.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tripost_tui.commands.arguments import json_option, project_argument

if TYPE_CHECKING:
    from engine.project import Project


@click.command()
@project_argument
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Tell how a project's latest run stands."""
    from db.store import Store
    from engine.project import Project
    from engine.run_view import run_view
    from tripost_tui.live_status import live_json, live_lines, live_status
    from tripost_tui.progress import write_json
    from tripost_tui.standing import accuracies, alert_of, standing_json, standing_text

    project = Project.open(folder)
    with Store.read(project.db_path) as store:
        view = run_view(project, store)
        accuracy = accuracies(store, view.run.id) if view.run else []
        alert = alert_of(store, view)
        reviews = store.review_counts(view.run.id) if view.run else None
    live = live_status(project)
    if as_json:
        standing = standing_json(project, view, accuracy, alert, reviews)
        write_json(standing | live_json(live))
    else:
        click.echo(standing_text(project, view, accuracy, alert, reviews, live_lines(live)))


@click.command()
@project_argument
@click.option("--wait", is_flag=True, help="Return when the engine has ended.")
def stop(folder: Path, wait: bool) -> None:
    """Ask the engine to save and end; tripost run goes on from there.

    It ends after the item at hand. Where no engine is at work there is nothing to do.
    """
    from db.records import CommandKind
    from engine.project import Project

    project = Project.open(folder)
    if not _send(project, CommandKind.STOP):
        click.echo(f"{project.path}: no engine is at work.")
        return
    click.echo(f"{project.path}: the engine was asked to stop; it ends after the item at hand.")
    if wait:
        _wait_for_end(project)
        click.echo("The engine has ended.")


@click.command()
@project_argument
def pause(folder: Path) -> None:
    """Have the engine pause after the item at hand; it keeps its memory."""
    from db.records import CommandKind

    _ask(folder, CommandKind.PAUSE, "pause after the item at hand")


@click.command()
@project_argument
def resume(folder: Path) -> None:
    """Have a paused engine go on."""
    from db.records import CommandKind

    _ask(folder, CommandKind.RESUME, "go on")


@click.command("continue")
@project_argument
def continue_(folder: Path) -> None:
    """Have a run that waits for review go on without what is undecided."""
    from db.records import CommandKind
    from db.store import Store
    from engine.control import REVIEW_WAIT
    from engine.errors import ProjectError
    from engine.project import Project
    from engine.run_view import run_view

    project = Project.open(folder)
    with Store.read(project.db_path) as store:
        state = run_view(project, store).state
    if state != REVIEW_WAIT:
        raise ProjectError(
            f"{project.path}: the run is {state}, and does not wait for review.",
            "There is nothing to go on with",
        )
    _ask(folder, CommandKind.CONTINUE, "go on without what is undecided")


def _ask(folder: Path, kind: str, what: str) -> None:
    from db.records import CommandKind
    from engine.errors import ProjectError
    from engine.project import Project

    project = Project.open(folder)
    if not _send(project, CommandKind(kind)):
        raise ProjectError(
            f"{project.path}: nothing to {kind}. Start or resume the run: tripost run {folder}",
            "No engine is at work",
        )
    click.echo(f"{project.path}: the engine was asked to {what}.")


def _send(project: Project, kind: str) -> bool:
    """Leave a command for the engine; False where none is at work."""
    import time

    from db.records import CommandKind
    from db.store import Store
    from engine.run_view import engine_state
    from tripost_tui.following import POLL_S

    with Store.open(project.db_path) as store:
        while engine_state(project, store).alive:
            run = store.latest_run()
            if run is not None:
                store.send_command(run.id, CommandKind(kind))
                return True
            # An engine that has just been started for a first run takes seconds to load.
            time.sleep(POLL_S)
    return False


def _wait_for_end(project: Project) -> None:
    import time

    from db.store import Store
    from engine.run_view import engine_state
    from tripost_tui.following import POLL_S

    with Store.read(project.db_path) as store:
        while engine_state(project, store).alive:
            time.sleep(POLL_S)
