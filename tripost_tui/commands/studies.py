"""`tripost compare`: a study's runs, worked off and compared."""

from __future__ import annotations

from pathlib import Path

import click

from tripost_tui.commands.arguments import json_option


@click.command()
@click.argument("study", metavar="STUDY.toml", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The study's folder.  [default: beside the file, under its name without .toml]",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Runs at work at the same time.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would run, and what it takes.")
@click.option("--list", "listed", is_flag=True, help="Only tell how the runs stand.")
@click.option("--tables", is_flag=True, help="Only make the tables of what is there.")
@json_option
def compare(
    study: Path,
    out: Path | None,
    jobs: int,
    dry_run: bool,
    listed: bool,
    tables: bool,
    as_json: bool,
) -> None:
    """Run a study and compare: methods, settings and seeds on the same test items.

    The file says what to run; docs/studies.md tells how. Each run is a project in the study's
    folder, which every other command and the app open. What is finished is not run again: the
    same command goes on with a study that was interrupted, killed, or has failed runs. ctrl+c has
    the runs at work save and end. The tables are printed, and written into the folder as
    Markdown, CSV and JSON.
    """
    from tripost_tui.comparing import list_runs, print_tables, run_study

    if dry_run + listed + tables > 1:
        raise click.UsageError("--dry-run, --list and --tables each do one thing: choose one.")
    folder = out or study.with_suffix("")
    if folder == study:
        raise click.UsageError("Name the study's folder with --out.")
    folder = folder.expanduser().absolute()
    if dry_run or listed:
        list_runs(study, folder, jobs, as_json=as_json, plan=dry_run)
    elif tables:
        print_tables(study, folder, as_json=as_json)
    else:
        run_study(study, folder, jobs, as_json=as_json)
