"""Actions of questions that are asked."""

from tripost_tui.actions.kinds import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="quit.leave",
        label="leave running",
        description="Quit the app, leave the run at work",
        keys=("l",),
    ),
    Action(
        id="quit.stop",
        label="stop and save",
        description="Ask the run to stop after the item at hand, then quit",
        keys=("s",),
    ),
    Action(
        id="quit.cancel",
        label="cancel",
        description="Do not quit",
        keys=("c", "escape"),
    ),
    Action(id="confirm.yes", label="yes", description="Do it", keys=("y",)),
    Action(id="confirm.no", label="no", description="Leave it", keys=("n", "escape")),
)
