"""`tripost export`: what was trained, as a folder for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from tripost_tui.commands.arguments import project_argument


@click.command()
@project_argument
@click.argument("out", metavar="[OUT]", required=False, type=click.Path(path_type=Path))
@click.option("--iteration", type=click.IntRange(1), help="Which iteration.  [default: the last]")
@click.option("--merge", is_flag=True, help="Add an adapter into its model: one model, no peft.")
@click.option(
    "--precision",
    type=click.Choice(["bf16", "fp16", "fp32"]),
    default="bf16",
    show_default=True,
    help="Number format of a merged model.",
)
def export(
    folder: Path, out: Path | None, iteration: int | None, merge: bool, precision: str
) -> None:
    """Write what a run has trained into a folder (OUT, in the project's exports/ unless given).

    That is a LoRA adapter in peft's format, or with --merge, and where all weights were trained, a
    model that transformers loads, with its tokenizer.
    """
    import subprocess
    import sys

    from engine.project import Project
    from engine.trained import find_trained

    project = Project.open(folder)
    trained = find_trained(project, iteration)
    if out is None:
        kind = "-merged" if merge and trained.is_adapter else ""
        name = f"run{trained.run.id}-iteration{trained.iteration}{kind}"
        out = project.exports / name
    command = [sys.executable, "-m", "engine", "export", str(project.path), str(out)]
    command += ["--iteration", str(trained.iteration), "--precision", precision]
    # In a process of its own, since the app and its commands never load torch.
    done = subprocess.run(
        [*command, *(["--merge"] if merge else [])], capture_output=True, text=True, check=False
    )
    click.echo(done.stdout, nl=False)
    click.echo(done.stderr, nl=False, err=True)
    if done.returncode:
        raise click.exceptions.Exit(done.returncode)
