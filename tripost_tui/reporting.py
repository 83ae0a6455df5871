"""The report of a project's run, printed or written in the format that is asked for."""

import json
from pathlib import Path

import click

from db.records import Run
from db.store import Store
from engine.errors import ProjectError, project_error
from engine.files import write_atomically
from engine.project import Project
from engine.report import build_report
from engine.report_formats import to_json, to_markdown
from tripost_tui.text import clean_text

FORMATS = ("text", "md", "json")


def print_report_of(project: Project, form: str) -> None:
    """Print to stdout; ``form`` is one of FORMATS. Raises ProjectError without a run."""
    with Store.read(project.db_path) as store:
        report = build_report(store, _run_of(project, store, None).id)
    if form == "json":
        click.echo(json.dumps(to_json(report), indent=2))
    elif form == "md":
        click.echo(clean_text(to_markdown(report)), nl=False)
    else:
        from tripost_tui.report_text import print_report

        print_report(report)


def write_report_of(project: Project, form: str, path: Path, run_id: int | None = None) -> None:
    """Write a run's report to a file, whole or not at all; of the latest run when None.

    ``form`` is "html" or "md". Raises ProjectError without a run, and where ``path`` cannot be
    written; StoreError.
    """
    # Drawing is loaded only here: it takes half a second.
    from engine.report_whole import build_whole_report

    with Store.read(project.db_path) as store:
        whole = build_whole_report(store, _run_of(project, store, run_id).id)
    if form == "html":
        from tripost_tui.report_html.page import html_report

        text = html_report(whole, project.name)
    else:
        from tripost_tui.report_markdown import whole_markdown

        text = whole_markdown(whole, project.name)
    try:
        write_atomically(path, text)
    except OSError as error:
        raise project_error(path, error) from error


def write_report_page(project: Project, run_id: int | None) -> Path:
    """Write a run's page into the project's exports, in place of an earlier one; return its path.

    Raises as `write_report_of` does.
    """
    with Store.read(project.db_path) as store:
        run = _run_of(project, store, run_id)
    path = project.exports / f"report-run{run.id}.html"
    write_report_of(project, "html", path, run.id)
    return path


def _run_of(project: Project, store: Store, run_id: int | None) -> Run:
    run = store.latest_run() if run_id is None else store.run(run_id)
    if run is None:
        raise ProjectError(
            f"{project.path}: there is no run yet. Start one: tripost run {project.path}",
            "Nothing to report on",
        )
    return run
