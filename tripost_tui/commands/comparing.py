"""`tripost compare-items`: two models, item by item."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tripost_tui.commands.arguments import json_option, project_argument

if TYPE_CHECKING:
    from tripost_tui.state.models import Model

CHANGES = ("broken", "fixed", "both-wrong", "both-right", "all")
_MODEL = re.compile(
    r"(?:(?P<folder>.+):)?(?:(?P<run>\d{1,9})/)?(?P<iteration>\d{1,9}|start|last)", re.ASCII
)


@click.command("compare-items")
@project_argument
@click.argument("first", metavar="[A]", default="start")
@click.argument("second", metavar="[B]", default="last")
@click.option(
    "--answer",
    type=click.Choice(["final", "first"]),
    default="final",
    show_default=True,
    help="Which answer counts: the final one, or the first attempt's.",
)
@click.option("--flexible", is_flag=True, help="Read answers flexibly: any statement counts.")
@click.option("--subtask", type=click.Choice(["seen", "unseen"]), help="Only these items.")
@click.option(
    "--change",
    "changes",
    type=click.Choice(CHANGES),
    multiple=True,
    help="Items of which kind to list; may be given several times.  [default: broken, fixed]",
)
@click.option("--find", "words", default="", metavar="WORDS", help="List items with these words.")
@click.option("--limit", type=click.IntRange(0), help="List so many items at most; 0 for none.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the items as CSV, without the table.")
@json_option
def compare_items(
    folder: Path,
    first: str,
    second: str,
    answer: str,
    flexible: bool,
    subtask: str | None,
    changes: tuple[str, ...],
    words: str,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Tell which test items went from wrong to right between two models, and which back.

    A and B are iterations: 0 or start, 1, 2, ..., or last; of the latest run, or of another one as
    RUN/ITERATION; or those of another project with the same test items, as DIR:ITERATION or
    DIR:RUN/ITERATION. Prints their 2x2 table, the exact McNemar test, and the items with what
    both models wrote.
    """
    from db.records import Subtask
    from engine.comparing import Measure, Outcome
    from tripost_tui.items_compared import Wanted, print_comparison

    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways to print the same: choose one.")
    measures = {
        ("final", False): Measure.FINAL,
        ("final", True): Measure.FINAL_FLEXIBLE,
        ("first", False): Measure.FIRST,
        ("first", True): Measure.FIRST_FLEXIBLE,
    }
    kinds = {change.replace("-", " ") for change in changes or ("broken", "fixed")}
    wanted = Wanted(
        measure=measures[answer, flexible],
        subtask=Subtask(subtask) if subtask else None,
        kinds=tuple(kind for kind in Outcome if kind.value in kinds or "all" in kinds),
        words=words,
        limit=limit,
    )
    one = _model(folder, first, "A")
    other = _model(folder, second, "B")
    print_comparison(one, other, wanted, form="csv" if as_csv else "json" if as_json else "text")


def _model(folder: Path, text: str, hint: str) -> Model:
    """The model that a person named. Raises BadParameter, ProjectError, StoreError."""
    from db.store import Store
    from engine.comparing import NotComparable
    from engine.errors import ProjectError
    from engine.project import Project
    from tripost_tui.state.models import Model

    match = _MODEL.fullmatch(text)
    if match is None:
        raise click.BadParameter(
            f"{text!r} names no model. Write an iteration (0, start, 2, last), RUN/ITERATION, or "
            "DIR:ITERATION.",
            param_hint=hint,
        )
    project = Project.open(match["folder"] or folder)
    with Store.read(project.db_path) as store:
        run = store.run(int(match["run"])) if match["run"] else store.latest_run()
        if run is None:
            raise ProjectError(
                f"{project.path}: there is no run yet. Start one: tripost run {project.path}",
                "Nothing to compare",
            )
        if match["iteration"] == "last":
            evaluated = store.evaluated_counts(run.id)
            if not evaluated:
                raise NotComparable(f"{project.path}: run {run.id} has no evaluation yet.")
            iteration = evaluated[-1][0]
        else:
            iteration = 0 if match["iteration"] == "start" else int(match["iteration"])
    return Model(project.path, project.name, run.id, iteration)
