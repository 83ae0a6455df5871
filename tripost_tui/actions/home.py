"""Actions of Home."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import not_busy, selected

ACTIONS: tuple[Action, ...] = (
    Action(
        id="home.open",
        label="open",
        description="Open the project: watch its run, or start it",
        keys=("enter",),
        why_not=selected,
        footer=1,
    ),
    Action(
        id="home.new",
        label="new",
        description="Make a new project: task, student, experts",
        keys=("n",),
        why_not=not_busy,
        footer=2,
    ),
    Action(
        id="home.demo",
        label="demo",
        description="Start the demo in ./tripost-demo, or attach to it",
        keys=("d",),
        why_not=not_busy,
        footer=3,
    ),
    Action(
        id="home.look",
        label="look around",
        description="Look around in a recorded run; nothing is started",
        keys=("l",),
        why_not=not_busy,
        footer=5,
    ),
    Action(
        id="home.forget",
        label="forget",
        description="Take the project off this list; its files stay",
        keys=("x",),
        why_not=selected,
        footer=4,
    ),
    Action(
        id="home.down",
        label="down",
        description="Next run, as the arrows do",
        keys=("j",),
    ),
    Action(
        id="home.up",
        label="up",
        description="Previous run",
        keys=("k",),
    ),
)
