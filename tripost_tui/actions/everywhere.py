"""Actions of the whole app; those with a letter are in the go-to menu."""

from tripost_tui.actions.kinds import Action
from tripost_tui.situation import on_a_run

ACTIONS: tuple[Action, ...] = (
    Action(
        id="global.help",
        label="help",
        description="Show every key that works here",
        keys=("question_mark", "f1"),
        letter="?",
    ),
    Action(
        id="global.palette",
        label="palette",
        description="Find an action by its name",
        keys=("ctrl+p",),
    ),
    Action(
        id="global.goto",
        label="go to",
        description="Go to another screen by its letter",
        keys=("g",),
        footer=8,
    ),
    Action(
        id="global.home",
        label="home",
        description="Home: projects and runs",
        keys=(),
        letter="h",
    ),
    Action(
        id="global.run",
        label="run",
        description="Run: how it goes, stage by stage",
        keys=(),
        why_not=on_a_run,
        letter="r",
    ),
    Action(
        id="global.report",
        label="report",
        description="Report of that run",
        keys=(),
        why_not=on_a_run,
        letter="e",
    ),
    Action(
        id="global.doctor",
        label="doctor",
        description="Doctor: this machine, its experts, the log of the selected project",
        keys=(),
        letter="d",
    ),
    Action(
        id="global.review",
        label="review",
        description="Review of that run's trajectories",
        keys=(),
        why_not=on_a_run,
        letter="v",
    ),
    Action(
        id="global.playground",
        label="playground",
        description="Playground: ask that run's student anything",
        keys=(),
        why_not=on_a_run,
        letter="p",
    ),
    Action(
        id="global.previous_stage",
        label="stage before",
        description="The screen of the stage before: run, review",
        keys=("left_square_bracket",),
        why_not=on_a_run,
    ),
    Action(
        id="global.next_stage",
        label="next stage",
        description="The screen of the stage after",
        keys=("right_square_bracket",),
        why_not=on_a_run,
    ),
    Action(
        id="global.next_pane",
        label="next pane",
        description="Focus the next pane; arrows and pgdn scroll it",
        keys=("tab",),
    ),
    Action(
        id="global.previous_pane",
        label="previous pane",
        description="Focus the previous pane",
        keys=("shift+tab",),
    ),
    Action(
        id="global.back",
        label="back",
        description="One layer back",
        keys=("escape",),
    ),
    Action(
        id="global.theme",
        label="theme",
        description="Choose the colours",
        keys=(),
    ),
    Action(
        id="global.quit",
        label="quit",
        description="Quit; a run at work may stay at work",
        keys=("ctrl+q",),
        footer=9,
    ),
)
