"""`tripost review`: deciding about trajectories without the app, by lines, by ids or as JSON."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tripost_tui.commands.arguments import json_option, project_argument

if TYPE_CHECKING:
    from db.review_conditions import ReviewFilter, ReviewOrder
    from db.store import Store
    from engine.project import Project


class _Ids(click.ParamType[list[int]]):
    """Ids of trajectories: ``17``, ``17,18``, ``20-30``."""

    name = "ids"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        found: list[int] = []
        for part in str(value).split(","):
            first, dash, last = part.strip().partition("-")
            if not (_is_id(first) and (_is_id(last) if dash else True)):
                self.fail(f"{part!r} is no id; write 17, 17,18 or 20-30.", param, ctx)
            begin, end = int(first), int(last or first)
            if end - begin >= 100_000:
                self.fail(f"{part!r} is more than 100,000 ids.", param, ctx)
            found += range(begin, end + 1)
        return found


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


@click.command()
@project_argument
@click.option("--plain", is_flag=True, help="Ask by lines; there is no other way without the app.")
@click.option(
    "--filter",
    "filter_text",
    default="",
    metavar="FILTER",
    help='Which: status:pending iter:2 check:fail tag:wrong-step by:expert updates>1 "words" -not.',
)
@click.option(
    "--order",
    "order_text",
    default="newest",
    show_default=True,
    metavar="ORDER",
    help="newest, oldest, shortest, or checker: first where the task's checker disagrees.",
)
@click.option("--limit", type=click.IntRange(1), help="End after so many.")
@click.option(
    "--accept", type=_Ids(), multiple=True, metavar="IDS", help="Accept these: 17,18 or 20-30."
)
@click.option("--reject", type=_Ids(), multiple=True, metavar="IDS", help="Reject these.")
@click.option("--undo", is_flag=True, help="Take back the last step that stands.")
@click.option("--redo", is_flag=True, help="Bring back what was taken back last.")
@click.option("--stats", is_flag=True, help="Tell counts, pace and agreement.")
@json_option
def review(
    folder: Path,
    plain: bool,
    filter_text: str,
    order_text: str,
    limit: int | None,
    accept: tuple[list[int], ...],
    reject: tuple[list[int], ...],
    undo: bool,
    redo: bool,
    stats: bool,
    as_json: bool,
) -> None:
    """Accept, reject and edit trajectories before they are trained on.

    Without an option that says otherwise it asks about each that is undecided. With --json it
    lists them, decided or not. What is decided is stored at once, and can be undone.
    """
    from db.store import Store
    from engine.errors import ProjectError
    from engine.project import Project

    wanted, order = _parsed(filter_text, order_text)
    accepted, rejected = list(chain(*accept)), list(chain(*reject))
    if undo and redo:
        raise click.UsageError("--undo and --redo together do nothing.")
    if both := set(accepted) & set(rejected):
        raise click.UsageError(f"{min(both)} is to be both accepted and rejected.")
    project = Project.open(folder)
    with Store.open(project.db_path) as store:
        run = store.latest_run()
        if run is None:
            raise ProjectError(
                f"{project.path}: there is nothing to review before a run. Start one: tripost run "
                f"{folder}",
                "There is no run",
            )
        acted = bool(accepted or rejected or undo or redo)
        if undo or redo:
            _turn_back(store, run.id, redo=redo)
        if accepted or rejected:
            _decide(store, run.id, accepted, rejected)
        if stats:
            _tell_stats(store, run.id, as_json)
        elif as_json:
            _list(project, store, run.id, wanted, order, limit)
        elif not acted:
            _ask(project, store, run.id, wanted, order, limit)


def _parsed(filter_text: str, order_text: str) -> tuple[ReviewFilter, ReviewOrder]:
    from engine.review_filter import FilterFault, parse_filter, parse_order

    try:
        wanted = parse_filter(filter_text)
    except FilterFault as fault:
        raise click.BadParameter(
            f"{fault}\n  {filter_text}\n  {' ' * fault.position}^", param_hint="--filter"
        ) from None
    try:
        return wanted, parse_order(order_text)
    except FilterFault as fault:
        raise click.BadParameter(
            f"{fault.message}. {fault.allowed}", param_hint="--order"
        ) from None


def _turn_back(store: Store, run_id: int, *, redo: bool) -> None:
    from tripost_tui.plain_review import step_text

    step = store.redo_review(run_id) if redo else store.undo_review(run_id)
    if step is None:
        click.echo("nothing to redo" if redo else "nothing to undo", err=True)
    else:
        click.echo(f"{'redone' if redo else 'undone'}: {step_text(step)}", err=True)


def _decide(store: Store, run_id: int, accepted: list[int], rejected: list[int]) -> None:
    from db.review_records import ReviewChange, ReviewKind

    changes = [
        ReviewChange(trajectory_id=key, kind=kind)
        for keys, kind in ((accepted, ReviewKind.ACCEPT), (rejected, ReviewKind.REJECT))
        for key in dict.fromkeys(keys)
    ]
    store.review_step(run_id, changes)
    click.echo(
        f"{len(set(accepted)):,} accepted, {len(set(rejected)):,} rejected; one undo step.",
        err=True,
    )


def _list(
    project: Project,
    store: Store,
    run_id: int,
    wanted: ReviewFilter,
    order: ReviewOrder,
    limit: int | None,
) -> None:
    from contextlib import closing

    from engine.review import as_reviewed
    from engine.task_setup import project_task
    from tripost_tui.progress import write_json
    from tripost_tui.review_text import trajectory_json

    with closing(project_task(project)) as task:
        _check_if_asked(store, task, run_id, wanted, order)
        ids = store.review_ids(run_id, wanted, order, limit=-1 if limit is None else limit)
        for key in ids:
            row, state = store.trajectory(key), store.review_state(key)
            check = store.checks([key]).get(key)
            if state.edited is not None:
                check = state.edited_checked
            write_json(
                trajectory_json(
                    store.item(row.item_id), as_reviewed(row, state, task.hint), state, check
                )
            )


def _ask(
    project: Project,
    store: Store,
    run_id: int,
    wanted: ReviewFilter,
    order: ReviewOrder,
    limit: int | None,
) -> None:
    import io
    import sys
    from contextlib import closing

    from engine.task_setup import project_task
    from tripost_tui.plain_review import PlainReview

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")

    def ask(prompt: str) -> str | None:
        click.echo(prompt, nl=False)
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None

    def edit(text: str) -> str | None:
        return click.edit(text, extension=".txt")

    with closing(project_task(project)) as task:
        _check_if_asked(store, task, run_id, wanted, order)
        PlainReview(store, task, run_id, ask=ask, tell=click.echo, edit=edit).run(
            wanted, order, limit
        )


def _check_if_asked(
    store: Store, task: Any, run_id: int, wanted: ReviewFilter, order: ReviewOrder
) -> None:
    """The checker takes its time: all are looked at only where that decides what is shown."""
    from db.review_conditions import ReviewField, ReviewOrder
    from tripost_tui.plain_review import check_all

    asks = any(term.field is ReviewField.CHECK for term in wanted.terms)
    if asks or order is ReviewOrder.CHECKER:
        check_all(store, task, run_id, lambda text: click.echo(text, err=True))


def _tell_stats(store: Store, run_id: int, as_json: bool) -> None:
    from dataclasses import asdict

    from engine.report_formats import share_json
    from engine.second_looks import agreements
    from tripost_tui.progress import write_json

    counts, speed = store.review_counts(run_id), store.review_speed(run_id)
    found = agreements(store, run_id)
    shares = {"with_oneself": found.with_oneself, "with_checker": found.with_checker}
    if as_json:
        write_json(
            asdict(counts)
            | {"per_minute": speed.per_minute, "accept_rate": speed.accept_rate}
            | {name: share_json(share) for name, share in shares.items()}
        )
        return
    click.echo(
        f"{counts.pending:,} pending, {counts.accepted:,} accepted, {counts.rejected:,} rejected, "
        f"{counts.flagged:,} flagged, {counts.edited:,} edited"
    )
    if speed.per_minute is not None:
        click.echo(f"{speed.per_minute:.1f} items a minute")
    if speed.accept_rate is not None:
        click.echo(f"{100 * speed.accept_rate:.1f}% accepted")
    for name, share in shares.items():
        if share.value is not None:
            low, high = 100 * share.interval.low, 100 * share.interval.high
            who = "your second look" if name == "with_oneself" else "the task's checker"
            click.echo(
                f"agreement with {who}: {share.count} of {share.of}, {100 * share.value:.1f}% "
                f"({low:.1f}–{high:.1f})"
            )
