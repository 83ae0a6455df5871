"""The screens about one run, by what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tripost_tui.actions import Target

if TYPE_CHECKING:
    from tripost_tui.screens.base import BaseScreen
    from tripost_tui.state.place import Place


def stage_screen(target: Target, place: Place) -> BaseScreen:
    """A new screen about one run. Imports it only now: plots bring numpy."""
    match target:
        case Target.RUN:
            from tripost_tui.screens.run import RunScreen

            return RunScreen(place)
        case Target.COLLECT:
            from tripost_tui.screens.collect import CollectScreen

            return CollectScreen(place)
        case Target.TRAIN:
            from tripost_tui.screens.train import TrainScreen

            return TrainScreen(place)
        case Target.REVIEW:
            from tripost_tui.screens.review import ReviewScreen

            return ReviewScreen(place)
        case Target.BALANCE:
            from tripost_tui.screens.balance import BalanceScreen

            return BalanceScreen(place)
        case Target.EVALUATE:
            from tripost_tui.screens.evaluate import EvaluateScreen

            return EvaluateScreen(place)
        case Target.EXPORT:
            from tripost_tui.screens.export import ExportScreen

            return ExportScreen(place)
        case Target.PLAYGROUND:
            from tripost_tui.screens.playground import PlaygroundScreen

            return PlaygroundScreen(place)
    raise ValueError(f"{target} is no stage")
