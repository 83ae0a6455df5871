"""Actions that a screen about one run shares with the run screen: the same keys do the same."""

from collections.abc import Callable

from tripost_tui.actions.kinds import Action, Target
from tripost_tui.situation import (
    Reason,
    Situation,
    always,
    can_stop,
    has_engine,
    has_other_iterations,
    has_run,
    live,
    pause_label,
    start_or_pause,
)


def pause(target: Target, footer: int | None = 1) -> Action:
    return Action(
        id=f"{target}.pause",
        label="pause/resume",
        description="Pause the run, resume it, or start its engine",
        keys=("p",),
        why_not=live(start_or_pause),
        footer=footer,
        label_now=pause_label,
    )


def stop(target: Target, footer: int | None = 2) -> Action:
    return Action(
        id=f"{target}.stop",
        label="stop",
        description="Stop after the item at hand and save; asks first",
        keys=("s",),
        why_not=live(can_stop),
        footer=footer,
    )


def checkpoint(target: Target, footer: int | None = 3) -> Action:
    return Action(
        id=f"{target}.checkpoint",
        label="checkpoint",
        description="Write a checkpoint now",
        keys=("c",),
        why_not=live(has_engine),
        footer=footer,
    )


def report(target: Target, footer: int | None = 4) -> Action:
    return Action(
        id=f"{target}.report",
        label="report",
        description="Show the report: accuracy, before and after",
        keys=("r",),
        why_not=has_run,
        footer=footer,
    )


def zoom(
    target: Target,
    footer: int | None = None,
    why_not: Callable[[Situation], Reason] = always,
) -> Action:
    return Action(
        id=f"{target}.zoom",
        label="zoom",
        description="Zoom the focused pane to the whole screen, or back",
        keys=("z",),
        why_not=why_not,
        footer=footer,
    )


def iterations(target: Target, footer: int | None = None) -> tuple[Action, Action]:
    return (
        Action(
            id=f"{target}.earlier",
            label="earlier",
            description="Look at the iteration before",
            keys=("comma",),
            why_not=has_other_iterations,
            footer=footer,
        ),
        Action(
            id=f"{target}.later",
            label="later",
            description="Look at the iteration after; the last one is live",
            keys=("full_stop",),
            why_not=has_other_iterations,
        ),
    )
