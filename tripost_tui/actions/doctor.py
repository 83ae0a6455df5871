"""Actions of the doctor and the log."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import has_log, not_looking

ACTIONS: tuple[Action, ...] = (
    Action(
        id="doctor.copy",
        label="copy report",
        description="Copy findings, last errors and the end of the log",
        keys=("y",),
        footer=1,
    ),
    Action(
        id="doctor.again",
        label="look again",
        description="Examine the machine anew",
        keys=("r",),
        why_not=not_looking,
        footer=2,
    ),
    Action(
        id="doctor.filter",
        label="filter",
        description="The log: all of it, warnings and errors, errors alone",
        keys=("f",),
        why_not=has_log,
        footer=3,
    ),
    Action(
        id="doctor.all",
        label="all lines",
        description="Show all lines of the log",
        keys=("1",),
        why_not=has_log,
    ),
    Action(
        id="doctor.warnings",
        label="warnings",
        description="Show warnings and errors of the log",
        keys=("2",),
        why_not=has_log,
    ),
    Action(
        id="doctor.errors",
        label="errors",
        description="Show errors of the log alone",
        keys=("3",),
        why_not=has_log,
    ),
    Action(
        id="doctor.zoom",
        label="zoom",
        description="Zoom the focused pane to the whole screen, or back",
        keys=("z",),
        footer=4,
    ),
    Action(
        id="doctor.down",
        label="down",
        description="Scroll down, as the arrows do; end follows the log",
        keys=("j",),
    ),
    Action(
        id="doctor.up",
        label="up",
        description="Scroll up; the log stands still until end is pressed",
        keys=("k",),
    ),
)
