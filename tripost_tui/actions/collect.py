"""Actions of the collect screen."""

from tripost_tui.actions import steering
from tripost_tui.actions.kinds import Action, Target
from tripost_tui.situation import (
    can_switch_expert,
    has_trajectory,
    hold_label,
    live,
    report_label,
    report_or_retry,
    stop_label,
    stop_or_scripts,
)

ACTIONS: tuple[Action, ...] = (
    steering.pause(Target.COLLECT),
    Action(
        id="collect.report",
        label="report/retry",
        description="Show the report, or ask an offline expert again",
        keys=("r",),
        why_not=report_or_retry,
        footer=2,
        label_now=report_label,
    ),
    Action(
        id="collect.switch",
        label="expert",
        description="Let another expert go on; what is collected stays",
        keys=("w",),
        why_not=live(can_switch_expert),
        footer=3,
    ),
    Action(
        id="collect.stop",
        label="stop/scripts",
        description="Stop and save; with the expert offline, use scripts",
        keys=("s",),
        why_not=live(stop_or_scripts),
        footer=4,
        label_now=stop_label,
    ),
    Action(
        id="collect.hold",
        label="hold/follow",
        description="Hold this trajectory, or follow the newest again",
        keys=("space",),
        why_not=has_trajectory,
        footer=5,
        label_now=hold_label,
    ),
    Action(
        id="collect.previous",
        label="previous",
        description="Show the trajectory before, and hold it",
        keys=("k",),
        why_not=has_trajectory,
    ),
    Action(
        id="collect.next",
        label="next",
        description="Show the trajectory after",
        keys=("j",),
        why_not=has_trajectory,
    ),
    *steering.iterations(Target.COLLECT),
    steering.checkpoint(Target.COLLECT, footer=None),
    steering.zoom(Target.COLLECT),
    Action(
        id="collect.copy",
        label="copy",
        description="Copy the trajectory that is shown",
        keys=("y",),
        why_not=has_trajectory,
    ),
)
