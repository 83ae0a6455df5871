"""Actions of the run screen."""

from tripost_tui.actions import steering
from tripost_tui.actions.kinds import Action, Target
from tripost_tui.situation import can_open_review, has_trajectory

ACTIONS: tuple[Action, ...] = (
    steering.pause(Target.RUN),
    steering.stop(Target.RUN),
    steering.checkpoint(Target.RUN),
    steering.report(Target.RUN),
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
    steering.zoom(Target.RUN),
)
