"""`tripost task new` and `check`: making a task of one's own, and finding what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tripost_tui.commands.arguments import json_option, task_argument

if TYPE_CHECKING:
    from engine.tasks.own import OwnTask
    from engine.tasks.own.importing import Imported
    from engine.tasks.own.problems import Problem, ProblemKind

_ITEMS_OF_EACH = 50


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A data set to import: .json (BIG-bench), .jsonl, .csv or .tsv.",
)
@click.option(
    "--column",
    "assignments",
    metavar="KEY=COLUMN",
    multiple=True,
    help="Which column holds what, such as question=Frage. May be given several times.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    help="Of rows that name none.  [default: the question's text decides]",
)
@click.option("--subtask", metavar="NAME", help="Of rows that name none.  [default: seen]")
@click.option("--name", help="Short name of the task.  [default: made of the folder's]")
def new(
    folder: Path,
    source: Path | None,
    assignments: tuple[str, ...],
    split: str | None,
    subtask: str | None,
    name: str | None,
) -> None:
    """Make a task of your own in a new or empty folder.

    Without --from it is a small working example, with a checker and scripts that judge and
    correct attempts. What cannot be imported is listed with its file and line; the rest is
    imported.
    """
    from db.records import Split
    from engine.tasks.own.importing import import_file
    from engine.tasks.own.writing import new_folder, slug
    from tripost_tui.task_text import path_of, quoted

    columns = dict(map(_column, assignments))
    if name is not None and slug(name) != name:
        allowed = "at most 40 small letters, digits and underscores; no built-in task's name"
        raise click.BadParameter(f"{name!r}: allowed: {allowed}.", param_hint="--name")
    if source is None:
        if columns or split or subtask:
            raise click.UsageError("--column, --split and --subtask are for importing: --from FILE")
        new_folder(folder, name)
        click.echo(f"{path_of(folder)}: a new task, the example of the unit conversions.")
    else:
        imported = import_file(
            source, columns=columns, subtask=subtask, split=Split(split) if split else None
        )
        _print_problems(imported.problems, imported.counts, err=True)
        _write(folder, source, imported, name)
    click.echo(
        f"Its settings: {path_of(folder / 'task.toml')}\n"
        f"See what is wrong with it: tripost task check {quoted(path_of(folder))}"
    )


def _column(text: str) -> tuple[str, str]:
    """A key of rows and the column that it is in. Raises BadParameter."""
    from engine.tasks.own.rows import KEYS

    key, equals, column = text.partition("=")
    if not equals or key.strip() not in KEYS or not column.strip():
        raise click.BadParameter(
            f"{text!r} is not KEY=COLUMN; a KEY is one of {', '.join(KEYS)}", param_hint="--column"
        )
    return key.strip(), column.strip()


def _write(folder: Path, source: Path, imported: Imported, name: str | None) -> None:
    """Write the task. Raises ConfigError where there is nothing to write, or it has no name."""
    from collections import Counter

    from db.records import Split
    from engine.errors import ConfigError
    from engine.tasks.own import check_task_settings
    from engine.tasks.own.problems import Severity
    from engine.tasks.own.writing import slug, write_folder
    from tripost_tui.task_text import numbered, path_of
    from tripost_tui.text import one_line

    if not imported.rows:
        message = f"{source}: no row could be read from it, and {folder} was not made."
        raise ConfigError(message, "There is nothing to import")
    title = "".join(filter(str.isprintable, one_line(folder.resolve().name, 100)))
    settings = check_task_settings(
        {
            "name": slug(folder.resolve().name) if name is None else name,
            "title": title or "A task of my own",
            "data": {"items": "items.jsonl"},
            "answer": imported.answer.model_dump(),
        },
        "command line",
    )
    write_folder(folder, settings, imported.rows)
    counts = Counter(row.its_split for row in imported.rows)
    rows = ", ".join(f"{split} {counts[split]:,}" for split in Split)
    errors = sum(problem.severity is Severity.ERROR for problem in imported.problems)
    lost = "; what could not be read is listed above" if errors else ""
    click.echo(
        f"{path_of(folder)}: a new task with {numbered(len(imported.rows), 'row')} ({rows}), "
        f"answers of the kind {imported.answer.kind!r}{lost}."
    )


@click.command()
@task_argument
@json_option
@click.option("--no-scripts", is_flag=True, help="Run nothing of the task's own.")
def check(name: str, as_json: bool, no_scripts: bool) -> None:
    """List all that is wrong with a task.

    Every row of your own is read, and its answer and rationale are compared by the task's own
    checker; then its scripts judge and correct gold rationales and wrong answers. Of a built-in
    task some hundred fresh questions are tried, and draws that repeat one are counted. Exit code
    1 where there is an error; a warning is none.
    """
    from engine.tasks.own import OwnTask
    from tripost_tui.commands.opening import opened

    with opened(name, run_scripts=not no_scripts) as task:
        if isinstance(task, OwnTask):
            errors = _check_own(task, as_json, no_scripts)
        else:
            errors = _check_built_in(name, as_json)
    if errors:
        click.get_current_context().exit(1)


def _check_own(task: OwnTask, as_json: bool, no_scripts: bool) -> int:
    from collections import Counter

    from engine.tasks.own.problems import Severity
    from engine.tasks.own.trial import try_scripts
    from tripost_tui.task_text import rows_text

    folder = task.folder
    tried = [] if no_scripts else try_scripts(task)
    errors = folder.error_count + sum(p.severity is Severity.ERROR for p in tried)
    counts = Counter(folder.counts)
    counts.update(problem.kind for problem in tried)
    rows = task.row_counts()
    has_scripts = folder.settings.feedback is not None
    scripts = "not run" if no_scripts else "tried" if has_scripts else "none for feedback"
    said = f"{len(folder.rows):,} rows: {rows_text(rows)}; scripts: {scripts}"
    facts = {"rows": rows, "scripts": scripts}
    _print_check(task.name, [*folder.problems, *tried], counts, errors, facts, said, as_json)
    return errors


def _check_built_in(name: str, as_json: bool) -> int:
    from collections import Counter

    from engine.tasks import TASKS
    from engine.tasks.trial import draw, try_task
    from tripost_tui.task_text import drawing_text

    task = TASKS[name]()
    drawing = draw(task, _ITEMS_OF_EACH, seed=1)
    problems = list(try_task(task, drawing.items))
    said = drawing_text(drawing)
    if not problems:
        said += (
            ": each rationale is read back and accepted, a wrong answer is found and corrected, "
            "and nothing is asked in two splits or twice in one"
        )
    facts = {
        "questions": len(drawing.items),
        "draws": drawing.draws,
        "duplicates": drawing.duplicates,
    }
    counts = Counter(problem.kind for problem in problems)
    _print_check(name, problems, counts, len(problems), facts, said, as_json)
    return len(problems)


def _print_check(
    name: str,
    problems: Sequence[Problem],
    counts: Mapping[ProblemKind, int],
    errors: int,
    facts: Mapping[str, object],
    said: str,
    as_json: bool,
) -> None:
    from tripost_tui.progress import write_json
    from tripost_tui.task_text import problem_json, verdict_text

    warnings = sum(counts.values()) - errors
    if as_json:
        for problem in problems:
            write_json(problem_json(problem))
        kinds = {kind.value: count for kind, count in counts.items()}
        summary = {"task": name, "errors": errors, "warnings": warnings, "problems": kinds}
        write_json({**summary, **facts})
        return
    _print_problems(problems, counts)
    click.echo(verdict_text(name, errors, warnings, said))


def _print_problems(
    problems: Sequence[Problem], counts: Mapping[ProblemKind, int], *, err: bool = False
) -> None:
    """One line for each, and one for each kind of which more were found than are listed."""
    from collections import Counter

    from tripost_tui.text import clean_text

    for problem in problems:
        # What a script wrote to stderr has several lines.
        click.echo(clean_text(problem.render()).replace("\n", "\n    "), err=err)
    listed = Counter(problem.kind for problem in problems)
    for kind, count in counts.items():
        if count > listed[kind]:
            click.echo(f"{kind.value}: {count:,} in all, {listed[kind]} are listed", err=err)
