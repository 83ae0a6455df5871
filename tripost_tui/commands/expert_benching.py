"""`tripost experts bench`: experts compared on planted errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tripost_tui.commands.arguments import json_option
from tripost_tui.commands.expert_basis import (
    basis,
    check_expert_name,
    chosen_task,
    context_option,
    experts_project_option,
)

if TYPE_CHECKING:
    from engine.project import Project
    from local_experts.accounts import Price
    from local_experts.calling import CallBook
    from tripost_tui.expert_bench import Course, Row

_SCRIPT = "script"
_VOTING_TEMPERATURE = 0.7


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--task",
    "task_names",
    metavar="NAME|DIR",
    multiple=True,
    help="Which task.  [default: multistep_arithmetic, or the project's] Several times for more.",
)
@experts_project_option
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Errors for each task.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="The same seed gives the same errors.",
)
@context_option
@click.option("--votes", type=click.IntRange(1, 25), help="Feedbacks on each error, which vote.")
@click.option(
    "--price",
    "prices",
    metavar="NAME=IN/OUT",
    multiple=True,
    help="What a million tokens read and written cost. Several times for more experts.",
)
@click.option("--fresh", is_flag=True, help="Ask again: replay no reply of an earlier bench.")
@click.option(
    "--out",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write results and every single item here, in JSON lines.",
)
@json_option
def bench(
    names: tuple[str, ...],
    task_names: tuple[str, ...],
    folder: Path | None,
    count: int,
    seed: int,
    context_tokens: int | None,
    votes: int | None,
    prices: tuple[str, ...],
    fresh: bool,
    target: Path | None,
    as_json: bool,
) -> None:
    """Compare experts on errors that are planted in right answers.

    NAME may be "script", too: the task's own scripts, which know every error. Replies are kept
    in the user's cache folder: an interrupted bench goes on where it was, and what was replied
    once is not paid for again. ctrl+c shows what is done.
    """
    from engine.experts.candidates import settings_for
    from local_experts.accounts import Price
    from tripost_tui.expert_bench import Row, run_row

    names = tuple(dict.fromkeys(names))
    for name in names:
        if name != _SCRIPT:
            check_expert_name(name)
    project, base = basis(folder)
    more: dict[str, float | None] = {"votes": votes, "context_tokens": context_tokens}
    if votes is not None and votes > 1 and not base.experts.feedback_temperature:
        more["feedback_temperature"] = _VOTING_TEMPERATURE
    settings = {name: settings_for(name, base, **more) for name in names}
    priced = {name: one.price_of(name) for name, one in settings.items()}
    priced |= _prices(prices, names)
    rows: list[Row] = []
    interrupted = False
    with ExitStack() as stack:
        courses = [
            stack.enter_context(_course(task_name, project, count, seed))
            for task_name in task_names or (None,)
        ]
        book = stack.enter_context(_book(fresh=fresh))
        try:
            for place, name in enumerate(names):
                for course in courses:
                    price = priced.get(name, Price())
                    row = Row(course.task.name, name, len(course.errors), price)
                    rows.append(row)
                    last = course is courses[-1]
                    with _shown(row) as show:
                        run_row(
                            row,
                            course,
                            settings[name],
                            book,
                            show,
                            unload=last and place < len(names) - 1,
                        )
        except KeyboardInterrupt:
            interrupted = True
    _tell(rows, names, seed, target, as_json=as_json, interrupted=interrupted)
    if interrupted:
        from engine.errors import Interrupted

        raise Interrupted("The same command goes on: what was replied is kept.")
    if any(row.problem is not None for row in rows):
        click.get_current_context().exit(8)


def _prices(prices: Sequence[str], names: Sequence[str]) -> dict[str, Price]:
    from local_experts.accounts import parse_price
    from local_experts.errors import ExpertAddressInvalid

    parsed = {}
    for text in prices:
        try:
            name, price = parse_price(text)
        except ExpertAddressInvalid as error:
            raise click.BadParameter(error.message, param_hint="--price") from None
        if name not in names:
            raise click.BadParameter(f"{name} is not benched.", param_hint="--price")
        parsed[name] = price
    return parsed


@contextmanager
def _course(
    task_name: str | None, project: Project | None, count: int, seed: int
) -> Iterator[Course]:
    """A task with its planted errors. Raises ConfigError where there can be none."""
    from engine.errors import ConfigError
    from engine.experts.candidates import planted_errors, prompt_places
    from engine.experts.prompts import load_prompts
    from tripost_tui.expert_bench import Course
    from tripost_tui.expert_trying import NO_ERRORS

    with chosen_task(task_name, project) as task:
        prompts = load_prompts(task.name, prompt_places(task, project))
        errors = planted_errors(task, count, seed)
        if not errors:
            raise ConfigError(f"{task.name}: {NO_ERRORS}", "No errors to try experts on")
        if len(errors) < count:
            said = f"{task.name}: {len(errors)} errors can be planted, not {count}."
            click.echo(said, err=True)
        yield Course(task, prompts, errors, seed)


@contextmanager
def _book(*, fresh: bool) -> Iterator[CallBook]:
    """The replies of earlier benches, and of this one. Raises RecordUnusable."""
    from engine.project import cache_dir
    from local_experts.books import FileBook, MemoryBook

    if fresh:
        yield MemoryBook()
        return
    with FileBook(cache_dir() / "expert-replies.db") as book:
        yield book


@contextmanager
def _shown(row: Row) -> Iterator[Callable[[], None]]:
    """Show on stderr, if that is a terminal, how far an expert is; else a line at its end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from tripost_tui.expert_bench import step_share
    from tripost_tui.text import one_line

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    hidden = not console.is_terminal or console.is_dumb_terminal
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        TextColumn("{task.completed}/{task.total}", markup=False),
        TextColumn("{task.fields[said]}", markup=False),
        TimeRemainingColumn(),
    )
    name = one_line(row.expert, 36)
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        bar = progress.add_task(name, total=row.errors, said="")

        def show() -> None:
            if not hidden:
                share = step_share(row).value
                said = "" if share is None else f"step {share:.0%}"
                if row.is_ending:
                    said = "waits for calls"
                progress.update(bar, completed=row.done, said=said)

        yield show
    if hidden:
        click.echo(f"{name} on {row.task}: {row.done} of {row.errors} done", err=True)


def _tell(
    rows: Sequence[Row],
    names: Sequence[str],
    seed: int,
    target: Path | None,
    *,
    as_json: bool,
    interrupted: bool,
) -> None:
    from engine.errors import project_error
    from engine.files import write_atomically
    from tripost_tui.expert_addresses import without_keys
    from tripost_tui.expert_bench import ranked
    from tripost_tui.expert_bench_text import alike_facts, item_facts, result_facts, tables_text
    from tripost_tui.progress import json_line

    hidden = without_keys([name for name in names if name != _SCRIPT])
    tasks = dict.fromkeys(row.task for row in rows)
    facts = [
        result_facts(row, seed)
        for task in tasks
        for row in ranked([row for row in rows if row.task == task])
    ]
    facts += alike_facts(rows)
    end = {"kind": "end", "interrupted": interrupted}
    if as_json:
        for value in (*facts, end):
            sys.stdout.write(hidden(json_line(value)))
    elif rows:
        click.echo(hidden(tables_text(rows, seed)))
    if target is not None:
        items = [
            item_facts(row, number, score)
            for row in rows
            for number, score in enumerate(row.scores(), 1)
        ]
        try:
            lines = "".join(hidden(json_line(value)) for value in (*facts, *items, end))
            write_atomically(target.expanduser(), lines)
        except OSError as error:
            raise project_error(target, error) from error
