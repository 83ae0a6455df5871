"""`tripost task list`, `show` and `sample`: which tasks there are, and what they ask."""

from __future__ import annotations

import click

from tripost_tui.commands.arguments import json_option, task_argument
from tripost_tui.commands.task_folders import check, new
from tripost_tui.commands.task_judging import judge
from tripost_tui.failures import Commands


@click.group(cls=Commands)
def task() -> None:
    """Look at tasks, make your own, and judge attempts.

    NAME is a built-in task; DIR is a task of your own, its folder written as a path: ./mine.
    """


@task.command("list")
@json_option
def list_tasks(as_json: bool) -> None:
    """List the built-in tasks, and say how your own are named."""
    from engine.tasks import TASKS
    from tripost_tui.progress import write_json
    from tripost_tui.task_facts import about
    from tripost_tui.task_text import list_text

    listed = [about(built_in) for built_in in TASKS.values()]
    if not as_json:
        click.echo(list_text(listed))
    for facts in listed if as_json else ():
        write_json(facts)


@task.command()
@task_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Tell all about one task, with an example.

    Of a task of your own no script is run: tripost task check does that.
    """
    from tripost_tui.commands.opening import opened
    from tripost_tui.progress import write_json
    from tripost_tui.task_facts import all_about
    from tripost_tui.task_text import facts_text

    with opened(name, run_scripts=False) as shown:
        facts = all_about(shown)
    if as_json:
        write_json(facts)
    else:
        click.echo(facts_text(facts, name))


@task.command()
@task_argument
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, 100_000),
    default=5,
    show_default=True,
    help="How many questions.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="The same seed gives the same questions.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    default="train",
    show_default=True,
    help="Which questions.",
)
@click.option(
    "--subtask",
    type=click.Choice(["seen", "unseen"]),
    help="Which questions.  [default: as in a run, seen ones, in the test both in turn]",
)
@click.option("--seen", multiple=True, metavar="DIFFICULTY", help="What counts as seen.")
@click.option("--unseen", multiple=True, metavar="DIFFICULTY", help="What counts as unseen.")
@json_option
def sample(
    name: str,
    count: int,
    seed: int,
    split: str,
    subtask: str | None,
    seen: tuple[str, ...],
    unseen: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print questions of a task, with answers and rationales.

    Difficulties are in the task's notation, or subtasks of your own; --seen and --unseen may be
    given several times. The JSON lines are rows that tripost task new --from takes.
    """
    from db.records import Split, Subtask
    from engine.errors import TripostError
    from tripost_tui.commands.opening import opened
    from tripost_tui.progress import write_json
    from tripost_tui.task_text import item_text, row_of

    if subtask is not None:
        subtasks = [Subtask(subtask)]
    else:
        subtasks = list(Subtask) if split == Split.TEST else [Subtask.SEEN]
    with opened(name, seen, unseen, run_scripts=False) as sampled:
        try:
            items = sampled.generate(Split(split), subtasks, count, seed)
        except ValueError as error:
            if isinstance(error, TripostError):
                raise
            raise click.BadParameter(f"{error}.", param_hint="-n") from error
    for number, item in enumerate(items, 1):
        if as_json:
            write_json(row_of(item))
        else:
            click.echo(item_text(item, number))


for _command in (new, check, judge):
    task.add_command(_command)
