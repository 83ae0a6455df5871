"""`tripost experts`: who can give feedback and improvements, and how good they are at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tripost_tui.commands.arguments import json_option, project_argument
from tripost_tui.commands.expert_basis import (
    basis,
    check_expert_name,
    chosen_task,
    context_option,
    experts_project_option,
)
from tripost_tui.commands.expert_benching import bench
from tripost_tui.commands.expert_keys import key
from tripost_tui.failures import Commands

if TYPE_CHECKING:
    from tripost_tui.expert_questions import Step

_LOOK_S = 3.0
"""How long a server may take to tell its models: hosted ones take longer than local ones."""

_FOLDER = click.Path(path_type=Path)


@click.group(cls=Commands)
def experts() -> None:
    """Find experts, check one, compare several, and keep their keys and prompts.

    NAME is as settings have it: ollama:MODEL[@URL], gguf:PATH or openai:MODEL[@URL][#KEY].
    """


@experts.command("list")
@click.option(
    "--folder",
    "folders",
    metavar="DIR",
    type=_FOLDER,
    multiple=True,
    help="Look for GGUF files here, too. May be given several times.",
)
@json_option
def list_experts(folders: tuple[Path, ...], as_json: bool) -> None:
    """Find a running Ollama, GGUF files and the server of OPENAI_BASE_URL.

    Each model is told by the name that goes into settings.
    """
    from local_experts.discovery import discover
    from tripost_tui.expert_list import list_text, places, usual_and
    from tripost_tui.progress import write_json

    looked = usual_and(folders)
    listed = places(discover(folders=looked, timeout_s=_LOOK_S), looked)
    if not as_json:
        click.echo(list_text(listed))
        return
    for place in listed:
        write_json(place.facts())
        for model in place.found:
            write_json(model.facts())


@experts.command()
@click.argument("name", metavar="NAME")
@click.option("--task", "task_name", metavar="NAME|DIR", help="Whose error it is shown.")
@experts_project_option
@context_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, help="Which error.")
@json_option
def check(
    name: str,
    task_name: str | None,
    folder: Path | None,
    context_tokens: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Look whether an expert can be used, step by step, and show it one planted error.

    It is asked five times or so. Exit code 8 where it cannot be used; that it is wrong about the
    error is told, and no failure.
    """
    from dataclasses import replace

    from engine.experts.candidates import prompt_places, settings_for
    from engine.experts.prompts import load_prompts
    from local_experts.errors import ExpertError
    from tripost_tui.expert_trying import Trying
    from tripost_tui.expert_trying_text import step_facts, step_text, told_facts, told_text
    from tripost_tui.progress import write_json
    from tripost_tui.text import one_line

    check_expert_name(name)
    project, base = basis(folder)
    tried = Trying(name, settings_for(name, base, context_tokens=context_tokens))

    def tell_step(step: Step) -> None:
        step = replace(step, detail=tried.hidden(step.detail))
        if as_json:
            write_json(step_facts(step))
        else:
            click.echo(step_text(step))

    with chosen_task(task_name, project) as task:
        prompts = load_prompts(task.name, prompt_places(task, project))
        for step in tried.steps():
            tell_step(step)
        if not tried.failed:
            parts = tried.trial(task, prompts, seed)
            try:
                for told in parts:
                    told = replace(told, text=tried.hidden(told.text))
                    if as_json:
                        write_json(told_facts(told))
                    else:
                        click.echo(told_text(told))
            except ExpertError as error:
                tell_step(tried.failure(error))
    if as_json:
        write_json({"kind": "end", "usable": not tried.failed})
    else:
        verdict = "cannot be used" if tried.failed else "can be used"
        click.echo(f"\n{one_line(name, 1000)} {verdict}.")
    if tried.failed:
        click.get_current_context().exit(8)


@click.command()
@project_argument
@click.option("--task", "task_name", metavar="NAME|DIR", help="Whose.  [default: the project's]")
@json_option
def prompts(folder: Path, task_name: str | None, as_json: bool) -> None:
    """Write the prompts for experts into DIR/prompts, to be edited.

    DIR is a project, or the folder of a task of your own. A file that is there is left as it is.
    """
    from engine.experts.prompts import load_prompts, write_prompts
    from engine.project import Project
    from engine.task_setup import PROMPTS
    from engine.tasks import is_folder
    from tripost_tui.progress import write_json
    from tripost_tui.text import clean_text

    own = (folder / "task.toml").is_file()
    project = None if own else Project.open(folder)
    if task_name is None and own:
        task_name = str(folder) if is_folder(str(folder)) else f"./{folder}"
    with chosen_task(task_name, project, run_scripts=False) as task:
        where = folder.expanduser().absolute() / PROMPTS
        written = write_prompts(task.name, where)
        used = load_prompts(task.name, (where,))
    for path in used.sources:
        state = "written" if path in written else "was there, left as it is"
        if as_json:
            write_json({"file": str(path), "written": path in written})
        else:
            click.echo(clean_text(f"{path}: {state}"))
    if not as_json:
        click.echo(
            "Runs use them from now on: what they say is part of each question, so that replies "
            "to\nother prompts are not replayed. Without these files the packaged ones are used."
        )


for _command in (bench, prompts, key):
    experts.add_command(_command)
