"""Actions of the run screen."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import (
    can_open_review,
    can_stop,
    has_engine,
    has_run,
    has_trajectory,
    live,
    pause_label,
    start_or_pause,
)

ACTIONS: tuple[Action, ...] = (
    Action(
        id="run.pause",
        label="pause/resume",
        description="Pause the run, resume it, or start its engine",
        keys=("p",),
        why_not=live(start_or_pause),
        footer=1,
        label_now=pause_label,
    ),
    Action(
        id="run.stop",
        label="stop",
        description="Stop after the item at hand and save; asks first",
        keys=("s",),
        why_not=live(can_stop),
        footer=2,
    ),
    Action(
        id="run.checkpoint",
        label="checkpoint",
        description="Write a checkpoint now",
        keys=("c",),
        why_not=live(has_engine),
        footer=3,
    ),
    Action(
        id="run.report",
        label="report",
        description="Show the report: accuracy, intervals, comparison with the start",
        keys=("r",),
        why_not=has_run,
        footer=4,
    ),
    Action(
        id="run.copy",
        label="copy",
        description="Copy the trajectory that is shown",
        keys=("y",),
        why_not=has_trajectory,
        footer=6,
    ),
    Action(
        id="run.review",
        label="review",
        description="Review trajectories: accept, reject, edit",
        keys=("v",),
        why_not=can_open_review,
        footer=5,
    ),
    Action(
        id="run.zoom",
        label="zoom",
        description="Give the whole screen to the focused pane; esc gives it back",
        keys=("z",),
    ),
)
