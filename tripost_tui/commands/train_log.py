"""`tripost train-log`: the steps of a training, for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from tripost_tui.commands.arguments import json_option, project_argument


@click.command("train-log")
@project_argument
@click.option("--iteration", type=click.IntRange(min=1), help="Of this iteration alone.")
@json_option
def train_log(folder: Path, iteration: int | None, as_json: bool) -> None:
    """Print the optimizer steps of a project's latest run as CSV.

    Loss, learning rate, gradient norm, tokens, seconds and memory of each. What is not a number
    is empty in CSV, null in JSON.
    """
    import csv
    import sys

    from db.live import StepFacts
    from db.store import Store
    from engine.errors import ProjectError
    from engine.project import Project
    from tripost_tui.progress import write_json

    columns = [name for name in StepFacts._fields if name != "id"]
    with Store.read(Project.open(folder).db_path) as store:
        run = store.latest_run()
        if run is None:
            raise ProjectError(f"{folder}: there is no run yet.", "Nothing was trained")
        table = csv.writer(sys.stdout, lineterminator="\n")
        if not as_json:
            table.writerow(columns)
        after = 0
        while page := store.step_facts(run.id, after):
            after = page[-1].id
            for facts in page:
                if iteration not in (None, facts.iteration):
                    continue
                if as_json:
                    write_json({name: getattr(facts, name) for name in columns})
                else:
                    table.writerow([getattr(facts, name) for name in columns])
