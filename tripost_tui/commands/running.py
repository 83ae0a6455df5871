"""`tripost demo` and `tripost run`: start or resume an engine, and follow it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tripost_tui.commands.arguments import (
    demo_argument,
    detach_option,
    json_option,
    plain_option,
    project_argument,
)

if TYPE_CHECKING:
    from engine.project import Project


@click.command()
@demo_argument
@click.option("--fresh", is_flag=True, help="Begin anew; an earlier demo is put aside.")
@click.option("--task", metavar="NAME", help="Which task.  [default: multistep_arithmetic]")
@click.option(
    "--student", metavar="PATH", help="A model's folder or hub id.  [default: the embedded student]"
)
@click.option(
    "--four-bit", is_flag=True, help="Train a LoRA adapter on a student in 4 bits (QLoRA)."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of a new demo.  [default: 1]")
@detach_option
@json_option
@plain_option
def demo(
    folder: Path | None,
    fresh: bool,
    task: str | None,
    student: str | None,
    four_bit: bool,
    seed: int | None,
    detach: bool,
    as_json: bool,
    plain: bool,
) -> None:
    """Run the whole loop for real, on the embedded student.

    Needs no GPU, no other model and no network. It lives in a project of its own (DIR,
    ./tripost-demo unless given); an unfinished demo is taken up where it was, a finished one
    shows its report.
    """
    from engine.config import FOUR_BIT_DEMO
    from tripost_tui.demo import demo_folder, open_demo, put_aside

    folder = folder or demo_folder(task, four_bit=four_bit)
    wanted = {"task.name": task, "student.path": student, "run.seed": seed}
    values = {key: value for key, value in wanted.items() if value is not None}
    if four_bit:
        values |= FOUR_BIT_DEMO
    if fresh and (aside := put_aside(folder)):
        click.echo(f"The earlier demo is now {aside}", err=True)
    project = open_demo(folder, values)
    _run(project, detach=detach, as_json=as_json, plain=plain, if_finished="--fresh begins anew")


@click.command()
@project_argument
@click.option("--new", is_flag=True, help="Begin another run in the project; the last one is kept.")
@click.option(
    "--offline",
    is_flag=True,
    help="Call no expert: replay what they replied before. The settings stay as they are.",
)
@detach_option
@json_option
@plain_option
def run(folder: Path, new: bool, offline: bool, detach: bool, as_json: bool, plain: bool) -> None:
    """Start a project's run, or resume it, and follow it.

    Where an engine is at work already none is started, and the run is followed. ctrl+c ends the
    following alone: the run goes on.
    """
    from engine.project import Project

    _run(
        Project.open(folder),
        new=new,
        offline=offline,
        detach=detach,
        as_json=as_json,
        plain=plain,
        if_finished="--new begins another",
    )


def _run(
    project: Project,
    *,
    detach: bool,
    as_json: bool,
    plain: bool,
    if_finished: str,
    new: bool = False,
    offline: bool = False,
) -> None:
    import time

    from db.records import RunStatus
    from db.store import Store
    from engine.process import busy, engine_state, spawn_engine
    from tripost_tui.commands.remembering import remember
    from tripost_tui.following import End, Ending, Follower, follow, last_event_id
    from tripost_tui.outcome import tell
    from tripost_tui.progress import display_for, write_json

    remember(project)
    # Writable, so that what keeps an engine from writing is known before one is started.
    with Store.open(project.db_path) as store:
        latest = store.latest_run()
        engine = engine_state(project, store)
        after_id = last_event_id(store)
    finished = latest is not None and latest.status is RunStatus.FINISHED
    if finished and not engine.alive and not new:
        if not as_json:
            click.echo(f"{project.path}: this run is finished: {if_finished}.\n", err=True)
        tell(project, Ending(End.FINISHED), as_json=as_json)
        return
    if engine.alive and (detach or new or offline):
        raise busy(project)
    since, pid = 0.0, engine.pid
    if not engine.alive:
        since = time.time()
        pid = spawn_engine(project, new=new, offline=offline)
    if as_json:
        kind = "engine.attached" if engine.alive else "engine.started"
        write_json({"kind": kind, "pid": pid, "project": str(project.path)})
    else:
        verb = "is at work already" if engine.alive else "is at work"
        click.echo(f"{project.path}: the engine (process {pid}) {verb}.", err=True)
    if detach:
        if not as_json:
            click.echo(_where_to_look(project), err=True)
        return
    display = display_for(as_json=as_json, plain=plain)
    try:
        with Store.read(project.db_path) as store:
            ending = follow(Follower(project, store, after_id, since), display)
    except KeyboardInterrupt:
        from engine.errors import Interrupted

        raise Interrupted(
            _where_to_look(project), "The run goes on without this terminal"
        ) from None
    finally:
        display.close()
    tell(project, ending, as_json=as_json)


def _where_to_look(project: Project) -> str:
    import shlex

    folder = shlex.quote(str(project.path))
    return (
        f"Follow it: tripost run {folder}\n"
        f"See how it stands: tripost status {folder}\n"
        f"End it: tripost stop {folder}"
    )
