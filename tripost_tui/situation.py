"""When an action is possible, and why not when it is not: one sentence for the person."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the availability of actions depends on, as the current screen sees it.

    ``state`` is the state word of the run in question; ``alive`` tells whether an engine is at
    work on it; ``latest`` is False for an earlier run of a project; ``busy`` says what is under
    way and has to end first. ``has_choices``: the field has a list to choose from. ``log_shown``:
    there is a log to filter. ``looking``: the machine is being examined. ``in_review``: there is
    a trajectory to decide about. ``typing``: an editor is open. ``recording``: the run was made
    elsewhere, and only its rows are here.
    """

    selected: bool = False
    readable: bool = True
    latest: bool = True
    has_run: bool = False
    state: str = "not started"
    alive: bool = False
    has_trajectory: bool = False
    has_choices: bool = False
    log_shown: bool = False
    looking: bool = False
    busy: str | None = None
    in_review: bool = False
    typing: bool = False
    recording: bool = False


Reason = str | None
"""Why an action is not possible; None when it is."""


def always(_: Situation) -> Reason:
    return None


RECORDED = "This is a recording, without engine and weights; d on Home starts a demo of your own."


def live(why_not: Callable[[Situation], Reason]) -> Callable[[Situation], Reason]:
    """What needs an engine or weights, which a recording has not; else ``why_not``."""
    return lambda now: RECORDED if now.recording else why_not(now)


def start_or_pause(now: Situation) -> Reason:
    if now.busy:
        return now.busy
    if not now.readable:
        return "The project cannot be read."
    if not now.latest:
        return "This is an earlier run of the project; only its latest can go on."
    if now.state == "finished":
        return "This run is finished: nothing to pause or resume."
    if now.state == "stopping":
        return "The run is stopping; resume it when it has stopped."
    if now.state == "starting":
        return "The engine is still loading."
    return None


def pause_label(now: Situation) -> str:
    if not now.alive:
        return "start" if now.state == "not started" else "resume"
    return "resume" if now.state == "paused" else "pause"


def has_engine(now: Situation) -> Reason:
    if now.alive:
        return None
    return "No engine is at work on this run."


def can_stop(now: Situation) -> Reason:
    if now.state == "stopping":
        return "The run is stopping already: it ends after the item at hand."
    return has_engine(now)


def has_run(now: Situation) -> Reason:
    if not now.readable:
        return "The project cannot be read."
    if not now.has_run:
        return "There is no run yet to report on."
    return None


def has_trajectory(now: Situation) -> Reason:
    return None if now.has_trajectory else "There is no trajectory yet."


def selected(now: Situation) -> Reason:
    return None if now.selected else "There is no project in the list yet: n makes one, d the demo."


def on_a_run(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return selected(now)


def not_busy(now: Situation) -> Reason:
    return now.busy


def has_choices(now: Situation) -> Reason:
    return None if now.has_choices else "There is nothing to choose from here: type a value."


def has_log(now: Situation) -> Reason:
    return None if now.log_shown else "There is no log yet."


def not_looking(now: Situation) -> Reason:
    return "It is being looked at already." if now.looking else None


def not_typing(now: Situation) -> Reason:
    return "An editor is open: ctrl+s saves, esc leaves it." if now.typing else None


def typing(now: Situation) -> Reason:
    return None if now.typing else "No editor is open."


def can_review(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return None if now.in_review else "There is no trajectory here to decide about."


def can_open_review(now: Situation) -> Reason:
    if not now.readable:
        return "The project cannot be read."
    return None if now.has_run else "There is no run yet to review."
