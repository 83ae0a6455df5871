"""Actions of the form of a new project."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import has_choices, not_busy

ACTIONS: tuple[Action, ...] = (
    Action(
        id="new.make",
        label="make it",
        description="Make the project, then offer to start its run",
        keys=("enter", "ctrl+s"),
        why_not=not_busy,
        footer=1,
    ),
    Action(
        id="new.choose",
        label="choose",
        description="Choose the field's value from a list",
        keys=("ctrl+o",),
        why_not=has_choices,
        footer=2,
    ),
    Action(
        id="new.next",
        label="next choice",
        description="Take the next value of that list",
        keys=("ctrl+n",),
        why_not=has_choices,
        footer=3,
    ),
    Action(
        id="new.again",
        label="look again",
        description="Look for experts and run the preflight anew",
        keys=("ctrl+r",),
        footer=4,
    ),
    Action(
        id="new.down",
        label="down",
        description="Next field; emptied, it has the preset's value again",
        keys=("down",),
    ),
    Action(
        id="new.up",
        label="up",
        description="Previous field",
        keys=("up",),
    ),
    Action(
        id="new.back",
        label="back",
        description="Back; what is filled in stays for the next time",
        keys=("escape",),
        footer=5,
    ),
)
