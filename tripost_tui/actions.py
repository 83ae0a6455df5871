"""Everything a person can do in the app, in one table.

Key bindings, the footer, the help screen, the go-to menu and the command palette are all made
from it, so that they cannot disagree. An action that is not possible now stays where it is and
says why. The one who carries out ``run.pause`` is ``do_pause`` of the run screen; for the target
``global`` it is the app.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tripost_tui.situation import (
    Reason,
    Situation,
    always,
    can_open_review,
    can_review,
    can_stop,
    has_choices,
    has_engine,
    has_log,
    has_run,
    has_trajectory,
    not_busy,
    not_looking,
    not_typing,
    pause_label,
    selected,
    start_or_pause,
    typing,
)

MOST_FOOTER_KEYS = 7


class Target(StrEnum):
    """Where an action's keys work."""

    GLOBAL = "global"
    HOME = "home"
    RUN = "run"
    REPORT = "report"
    REVIEW = "review"
    QUIT = "quit"
    CONFIRM = "confirm"
    NEW = "new"
    DOCTOR = "doctor"


TITLES = {
    Target.GLOBAL: "Everywhere",
    Target.HOME: "Home",
    Target.RUN: "Run",
    Target.REPORT: "Report",
    Target.REVIEW: "Review",
    Target.QUIT: "When quitting with a run at work",
    Target.CONFIRM: "When asked to confirm",
    Target.NEW: "New project",
    Target.DOCTOR: "Doctor and log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do. ``footer`` is its rank there, the lowest first; None keeps it out.

    ``letter`` puts it into the go-to menu.
    """

    id: str
    label: str
    description: str
    keys: tuple[str, ...]
    why_not: Callable[[Situation], Reason] = always
    footer: int | None = None
    letter: str | None = None
    label_now: Callable[[Situation], str] | None = None

    @property
    def target(self) -> Target:
        return Target(self.id.split(".", 1)[0])

    @property
    def handler(self) -> str:
        """Name of the method that carries it out."""
        return "do_" + self.id.split(".", 1)[1]

    def labelled(self, now: Situation) -> str:
        """The footer's word for it in this situation."""
        return self.label_now(now) if self.label_now else self.label


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
        id="home.forget",
        label="forget",
        description="Take the project off this list; its files stay as they are",
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
    Action(
        id="run.pause",
        label="pause/resume",
        description="Pause the run, resume it, or start its engine",
        keys=("p",),
        why_not=start_or_pause,
        footer=1,
        label_now=pause_label,
    ),
    Action(
        id="run.stop",
        label="stop",
        description="Stop after the item at hand and save; asks first",
        keys=("s",),
        why_not=can_stop,
        footer=2,
    ),
    Action(
        id="run.checkpoint",
        label="checkpoint",
        description="Write a checkpoint now",
        keys=("c",),
        why_not=has_engine,
        footer=3,
    ),
    Action(
        id="run.report",
        label="report",
        description="Show the report: accuracy, intervals, comparison with the start",
        keys=("r",),
        why_not=has_run,
        footer=4,
    ),
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
    Action(
        id="run.zoom",
        label="zoom",
        description="Give the whole screen to the focused pane; esc gives it back",
        keys=("z",),
    ),
    Action(
        id="report.copy",
        label="copy",
        description="Copy the report as Markdown",
        keys=("y",),
        footer=1,
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
    Action(
        id="review.accept",
        label="accept",
        description="Accept it, or all of the range, and go to the next undecided one",
        keys=("a",),
        why_not=can_review,
        footer=1,
    ),
    Action(
        id="review.reject",
        label="reject",
        description="Reject it, or all of the range: rejected is left out of training",
        keys=("x",),
        why_not=can_review,
        footer=2,
    ),
    Action(
        id="review.undo",
        label="undo",
        description="Take back the newest step, also of earlier sessions",
        keys=(
            "u",
            "z",
            "backspace",
        ),
        why_not=not_typing,
        footer=3,
    ),
    Action(
        id="review.edit",
        label="edit",
        description="Edit the last attempt here; the original is kept, the checker looks again",
        keys=("e",),
        why_not=can_review,
        footer=4,
    ),
    Action(
        id="review.diff",
        label="diff",
        description="Show updates plain, with changed words marked, or beside the attempt",
        keys=("d",),
        why_not=can_review,
        footer=5,
    ),
    Action(
        id="review.filter",
        label="filter",
        description="Filter the list, such as: status:pending iter:2 tag:wrong-step len>800 words",
        keys=("slash",),
        why_not=not_typing,
        footer=6,
    ),
    Action(
        id="review.later",
        label="later",
        description="Put it to the end of the queue",
        keys=("s",),
        why_not=can_review,
        footer=7,
    ),
    Action(
        id="review.redo",
        label="redo",
        description="Bring back the step that was taken back last",
        keys=(
            "U",
            "Z",
        ),
        why_not=not_typing,
    ),
    Action(
        id="review.flag",
        label="flag",
        description="Flag it, or take the flag off",
        keys=("f",),
        why_not=can_review,
    ),
    Action(
        id="review.note",
        label="note",
        description="Write a note on it",
        keys=("m",),
        why_not=can_review,
    ),
    Action(
        id="review.external",
        label="in $EDITOR",
        description="Edit the last attempt in $EDITOR",
        keys=("E",),
        why_not=can_review,
    ),
    Action(
        id="review.range",
        label="range",
        description="Begin a range that j and k extend, then a or x decides all of it",
        keys=("v",),
        why_not=can_review,
    ),
    Action(
        id="review.blind",
        label="blind",
        description="Hide the checker's verdict, or show it",
        keys=("b",),
        why_not=not_typing,
    ),
    Action(
        id="review.order",
        label="order",
        description="Order: newest, disagreeing with the checker, shortest",
        keys=("o",),
        why_not=not_typing,
    ),
    Action(
        id="review.copy",
        label="copy",
        description="Copy the trajectory that is shown",
        keys=("y",),
        why_not=can_review,
    ),
    Action(
        id="review.down",
        label="down",
        description="Next trajectory",
        keys=(
            "j",
            "down",
        ),
        why_not=not_typing,
    ),
    Action(
        id="review.up",
        label="up",
        description="Previous trajectory",
        keys=(
            "k",
            "up",
        ),
        why_not=not_typing,
    ),
    Action(
        id="review.first",
        label="first",
        description="First trajectory of the list",
        keys=("home",),
        why_not=not_typing,
    ),
    Action(
        id="review.last",
        label="last",
        description="Last trajectory of the list",
        keys=("end",),
        why_not=not_typing,
    ),
    Action(
        id="review.page_down",
        label="scroll down",
        description="Scroll the text a page down; this never decides",
        keys=(
            "space",
            "pagedown",
        ),
        why_not=not_typing,
    ),
    Action(
        id="review.page_up",
        label="scroll up",
        description="Scroll the text a page up",
        keys=("pageup",),
        why_not=not_typing,
    ),
    Action(
        id="review.anew",
        label="read anew",
        description="Read the list anew, with what has come since",
        keys=("r",),
        why_not=not_typing,
    ),
    Action(
        id="review.save",
        label="save",
        description="Save what is in the editor; esc leaves it without",
        keys=("ctrl+s",),
        why_not=typing,
    ),
    *(
        Action(
            id=f"review.tag{number}",
            label=f"tag {number}",
            description=f"Put reason tag {number} on it, or take it off; see below the text",
            keys=(str(number),),
            why_not=can_review,
        )
        for number in range(1, 10)
    ),
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
    Action(
        id="doctor.copy",
        label="copy report",
        description="Copy findings, last errors and the end of the log as text",
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
        description="Show other levels of the log: all, warnings and errors, errors",
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
        description="Give the whole screen to the focused pane; esc gives it back",
        keys=("z",),
        footer=4,
    ),
    Action(
        id="doctor.down",
        label="down",
        description="Scroll down, as the arrows do; end follows what is written",
        keys=("j",),
    ),
    Action(
        id="doctor.up",
        label="up",
        description="Scroll up; the log stands still until end is pressed",
        keys=("k",),
    ),
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
        description="Run: the one that is selected",
        keys=(),
        why_not=selected,
        letter="r",
    ),
    Action(
        id="global.report",
        label="report",
        description="Report of that run",
        keys=(),
        why_not=has_run,
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
        why_not=can_open_review,
        letter="v",
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

_SCREENS = (
    Target.HOME,
    Target.RUN,
    Target.REPORT,
    Target.REVIEW,
    Target.NEW,
    Target.DOCTOR,
)

_BY_ID = {action.id: action for action in ACTIONS}

_SHOWN = {
    "question_mark": "?",
    "escape": "esc",
    "f1": "F1",
    "ctrl+p": "^p",
    "ctrl+q": "^q",
    "ctrl+n": "^n",
    "ctrl+o": "^o",
    "ctrl+r": "^r",
    "ctrl+s": "^s",
    "shift+tab": "S-tab",
    "slash": "/",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "backspace": "bksp",
}


def action(action_id: str) -> Action:
    """Raises KeyError when there is no such action."""
    return _BY_ID[action_id]


def actions_of(*targets: Target) -> list[Action]:
    """The actions of these targets, in the table's order."""
    return [each for each in ACTIONS if each.target in targets]


def types(target: Target) -> bool:
    """Whether letters are typed there most of the time, so that they are no keys."""
    return target is Target.NEW


def more_key(target: Target) -> str:
    """The key that shows all others, as it is shown."""
    return "F1" if types(target) else "?"


def footer_actions(target: Target) -> list[Action]:
    """What the footer of a screen shows, at most `MOST_FOOTER_KEYS`; the key for more comes after.

    Where one types, keys that would only type are left out.
    """
    ranked = [
        each
        for each in actions_of(target, Target.GLOBAL)
        if each.footer is not None and not (types(target) and len(each.keys[0]) == 1)
    ]
    return sorted(ranked, key=lambda each: each.footer or 0)[:MOST_FOOTER_KEYS]


def goto_actions() -> list[Action]:
    """The go-to menu."""
    return [each for each in ACTIONS if each.letter]


def shown_key(key: str) -> str:
    """A key as it stands on a keyboard, and short: ``esc``, ``^q``, ``?``."""
    return _SHOWN.get(key, key)


def shown_keys(keys: Iterable[str]) -> str:
    return " ".join(shown_key(key) for key in keys)


def clashes(table: Iterable[Action] = ACTIONS) -> list[str]:
    """Keys, letters and ids that are given twice where only one can have them, in words.

    A key of a screen may not be a global one either, save escape. Dialogs have their own.
    """
    found: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for each in table:
        places = [("id", each.id)] + [(each.target.value, key) for key in each.keys]
        if each.letter:
            places.append(("go-to menu", each.letter))
        for place in places:
            if place in seen:
                found.append(f"{place[1]} ({place[0]}): {seen[place]} and {each.id}")
            seen.setdefault(place, each.id)
    for (target, key), owner in seen.items():
        shared = seen.get((Target.GLOBAL.value, key))
        if shared and target in _SCREENS and key != "escape":
            found.append(f"{key} ({target}): {owner} and {shared}")
    return found
