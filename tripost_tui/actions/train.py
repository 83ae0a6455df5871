"""Actions of the train screen."""

from tripost_tui.actions import steering
from tripost_tui.actions.kinds import Action, Target
from tripost_tui.situation import has_steps

ACTIONS: tuple[Action, ...] = (
    steering.pause(Target.TRAIN),
    steering.stop(Target.TRAIN),
    steering.checkpoint(Target.TRAIN),
    Action(
        id="train.log",
        label="log/linear",
        description="Loss and gradient norm on a logarithmic or linear axis",
        keys=("l",),
        why_not=has_steps,
        footer=4,
    ),
    steering.zoom(Target.TRAIN, footer=5),
    *steering.iterations(Target.TRAIN),
    steering.report(Target.TRAIN, footer=None),
    Action(
        id="train.copy",
        label="copy",
        description="Copy the figures that are shown",
        keys=("y",),
        why_not=has_steps,
    ),
)
