"""Actions of the report."""

from tripost_tui.actions.kinds import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="report.copy",
        label="copy",
        description="Copy the report as Markdown",
        keys=("y",),
        footer=1,
    ),
    Action(
        id="report.page",
        label="web page",
        description="Write the report as a web page with figures, in the project's exports folder",
        keys=("w",),
        footer=2,
    ),
    Action(
        id="report.down",
        label="down",
        description="Scroll down, as the arrows do; pgdn a page, end to the end",
        keys=("j",),
    ),
    Action(
        id="report.up",
        label="up",
        description="Scroll up; pgup a page, home to the start",
        keys=("k",),
    ),
)
