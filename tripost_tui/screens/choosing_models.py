"""A list of evaluated models to choose one from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tripost_tui.screens.choosing import ChoiceDialog
from tripost_tui.state.models import Model, ModelChoice
from tripost_tui.state.new_project import Choice

if TYPE_CHECKING:
    from tripost_tui.app import TripostApp


def offer_models(
    app: TripostApp,
    title: str,
    choices: Sequence[ModelChoice],
    now: Model | None,
    here: tuple[Path, int],
    take: Callable[[ModelChoice], object],
) -> None:
    """Show ``choices``, named as seen from the run ``here``; ``take`` gets what is chosen."""
    named: dict[str, ModelChoice] = {}
    for choice in choices:
        name = choice.model.name(*here)
        if name in named:
            name = f"{name} ({choice.model.path})"
        named[name] = choice

    def chosen(name: str | None) -> None:
        if name is not None:
            take(named[name])

    others = any(choice.why_not for choice in choices)
    note = "Models on another test cannot be compared with this run's." if others else ""
    listed = [Choice(name, choice.about) for name, choice in named.items()]
    current = next((name for name, choice in named.items() if choice.model == now), "")
    app.push_screen(ChoiceDialog(title, listed, current, note), chosen)
