"""The screens about one run, by what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tripost_tui.actions import Target

if TYPE_CHECKING:
    from tripost_tui.screens.base import BaseScreen
    from tripost_tui.state.place import Place


def stage_screen(target: Target, place: Place) -> BaseScreen:
    """A new screen about a run: of `actions.STAGES`, or the Playground.

    Imports it only now: plots bring numpy.
    """
    match target:
        case Target.RUN:
            from tripost_tui.screens.run import RunScreen

            return RunScreen(place)
        case Target.REVIEW:
            from tripost_tui.screens.review import ReviewScreen

            return ReviewScreen(place)
        case Target.PLAYGROUND:
            from tripost_tui.screens.playground import PlaygroundScreen

            return PlaygroundScreen(place)
    raise ValueError(f"{target} is no stage")
