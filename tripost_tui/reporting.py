"""Printing the report of a project's latest run, in the format that is asked for."""

import json

import click

from db.store import Store
from engine.errors import ProjectError
from engine.project import Project
from engine.report import build_report
from engine.report_formats import to_json, to_markdown
from tripost_tui.text import clean_text

FORMATS = ("text", "md", "json")


def print_report_of(project: Project, form: str) -> None:
    """Print to stdout; ``form`` is one of FORMATS. Raises ProjectError without a run."""
    with Store.read(project.db_path) as store:
        run = store.latest_run()
        if run is None:
            raise ProjectError(
                f"{project.path}: there is no run yet. Start one: tripost run {project.path}",
                "Nothing to report on",
            )
        report = build_report(store, run.id)
    if form == "json":
        click.echo(json.dumps(to_json(report), indent=2))
    elif form == "md":
        click.echo(clean_text(to_markdown(report)), nl=False)
    else:
        from tripost_tui.report_text import print_report

        print_report(report)
