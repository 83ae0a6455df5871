"""What commands about experts rest on: a name, a project's settings, a task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.project import Project
    from engine.settings import Settings
    from engine.tasks.base import Task

DEFAULT_TASK = "multistep_arithmetic"

experts_project_option = click.option(
    "--project",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Take settings, task and prompts from a project.",
)

context_option = click.option(
    "--context-tokens",
    type=click.IntRange(512, 1_048_576),
    help="Context of a local model.  [default: experts.context_tokens of the settings, 8192]",
)


def check_expert_name(name: str) -> None:
    """Raises click.BadParameter for what names no expert."""
    from local_experts.errors import ExpertAddressInvalid
    from local_experts.names import parse_name
    from tripost_tui.text import clean_text

    try:
        parse_name(name)
    except ExpertAddressInvalid as error:
        raise click.BadParameter(clean_text(error.message), param_hint="NAME") from None


def basis(folder: Path | None) -> tuple[Project | None, Settings]:
    """The project in ``folder``, if any, and its settings, or the defaults."""
    from engine.config import Settings
    from engine.project import Project

    project = None if folder is None else Project.open(folder)
    return project, Settings() if project is None else project.settings


@contextmanager
def chosen_task(
    name: str | None, project: Project | None, *, run_scripts: bool = True
) -> Iterator[Task]:
    """The named task, else the project's, else the first that is built in; closed in the end."""
    from contextlib import closing

    from engine.task_setup import project_task
    from tripost_tui.commands.opening import opened

    if name is None and project is not None:
        with closing(project_task(project, run_scripts=run_scripts)) as task:
            yield task
    else:
        with opened(name or DEFAULT_TASK, run_scripts=run_scripts) as task:
            yield task
