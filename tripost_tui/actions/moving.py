"""Actions for moving in a list with a text beside it: the same keys wherever there is one."""

from collections.abc import Callable

from tripost_tui.actions.kinds import Action, Target
from tripost_tui.situation import Reason, Situation, not_typing


def moving(
    target: Target,
    row: str,
    *,
    down: str,
    up: str,
    first: str = "first",
    text: str = "the text",
    page: str = "",
    why_not: Callable[[Situation], Reason] = not_typing,
) -> tuple[Action, ...]:
    """A line on or back, to either end, and the text by pages.

    ``row`` is the word for what the lines are. ``down`` and ``up`` describe the steps, which are
    possible whenever nothing is typed; ``page`` adds to the text's. ``first`` is the name of what
    goes to the first line.
    """
    return (
        Action(
            id=f"{target}.down",
            label="down",
            description=down,
            keys=("j", "down"),
            why_not=not_typing,
        ),
        Action(
            id=f"{target}.up",
            label="up",
            description=up,
            keys=("k", "up"),
            why_not=not_typing,
        ),
        Action(
            id=f"{target}.{first}",
            label="first",
            description=f"First {row} of the list",
            keys=("home",),
            why_not=why_not,
        ),
        Action(
            id=f"{target}.last",
            label="last",
            description=f"Last {row} of the list",
            keys=("end",),
            why_not=why_not,
        ),
        Action(
            id=f"{target}.page_down",
            label="scroll down",
            description=f"Scroll {text} a page down{page}",
            keys=("space", "pagedown"),
            why_not=why_not,
        ),
        Action(
            id=f"{target}.page_up",
            label="scroll up",
            description=f"Scroll {text} a page up",
            keys=("pageup",),
            why_not=why_not,
        ),
    )
