"""Whether the experts of a project can be asked, found out before any work starts."""

from __future__ import annotations

from contextlib import closing

from engine.experts.failing import unavailable
from engine.experts.prompts import load_prompts
from engine.experts.team import expert_options
from engine.methods import facts_of
from engine.project import Project
from engine.task_setup import prompt_folders
from engine.tasks.base import Task
from local_experts.errors import ExpertError


def check_experts(project: Project, task: Task) -> None:
    """Look for the models that the settings name, and read the prompts; nothing is generated.

    Raises:
        ConfigError: a file of prompts is wrong.
        ExpertUnavailable: a server or a model is not there, its context is too small, a key is
            refused.
    """
    experts = project.settings.experts
    if not facts_of(project.settings).corrects or not experts.models:
        return
    load_prompts(task.name, prompt_folders(project, task))
    if experts.offline:
        return
    from local_experts.opening import open_expert

    for name in experts.models:
        try:
            with closing(open_expert(name, expert_options(experts))) as expert:
                expert.facts()
        except ExpertError as error:
            raise unavailable(error, expert=name) from error
