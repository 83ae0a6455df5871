"""Another expert in the settings of a project whose run is to go on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import BusyError, project_error
from engine.expert_settings import SCRIPT
from engine.lock import lock_holder
from engine.project import Project
from engine.settings_editing import change_settings


def switched(
    chains: Mapping[str, Sequence[str]], old: str | None, new: str
) -> dict[str, tuple[str, ...]]:
    """Chains of experts in which ``new`` takes the place of ``old``.

    Where no chain has ``old``, it takes that of every language model, or of scripts where there
    is none.
    """
    everyone = {name for chain in chains.values() for name in chain}
    gone = {old} if old in everyone else everyone - {SCRIPT} or everyone
    return {
        role: tuple(dict.fromkeys(new if name in gone else name for name in chain))
        for role, chain in chains.items()
    }


def switch_expert(project: Project, old: str | None, new: str) -> None:
    """Write the settings; an engine that is started then tells that another expert works.

    Raises:
        BusyError: an engine is at work, which has read the settings already.
        ConfigError: the settings do not fit, as where a hosted expert needs a price.
        ProjectError: the file cannot be written.
    """
    holder = lock_holder(project)
    if holder is not None and holder.alive:
        raise BusyError(f"{project.path}: stop it first, then choose another expert.")
    experts = project.settings.experts
    chains = {"experts.feedback": experts.feedback, "experts.improve": experts.improve}
    values = switched(chains, old, new)
    try:
        change_settings(project.settings_path, values)
    except OSError as error:
        raise project_error(project.settings_path, error) from error
