"""Keeping the list of known projects, which is a convenience and never in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.errors import ProjectError

if TYPE_CHECKING:
    from engine.project import Project


def remember(project: Project) -> None:
    """Put the project on Home's list; where that cannot be written, say so and go on."""
    from engine.project import remember_project

    try:
        remember_project(project.path)
    except ProjectError as error:
        click.echo(f"Not on the list of projects: {error.message}", err=True)
