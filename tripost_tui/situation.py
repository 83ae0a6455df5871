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
    a trajectory to decide about. ``typing``: an editor is open. ``has_example``: one is shown.
    ``has_iterations``: the run can be read. ``other_values``: p or a weight is not as it is saved.
    ``has_p``: the run's method has improving examples.
    ``has_pairs``: two models are compared; ``in_items``: their items are shown; ``has_item``: one
    of them is chosen. ``iterations`` can be chosen from. ``has_steps``: there is something to
    plot. ``held``: what is shown live stands still. ``expert_offline``: the run ended for an
    expert's sake; ``has_scripts``: the task has its own. ``on_key``: an action is selected that
    keys can be given to.
    ``no_export``, ``no_command`` and ``no_ollama`` say why the export screen cannot do that.
    ``recording``: the run was made elsewhere, and only its rows are here.
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
    has_example: bool = False
    has_iterations: bool = False
    other_values: bool = False
    has_p: bool = True
    has_pairs: bool = False
    in_items: bool = False
    has_item: bool = False
    iterations: int = 0
    has_steps: bool = False
    held: bool = False
    expert_offline: bool = False
    has_scripts: bool = True
    on_key: bool = False
    no_export: str | None = None
    no_command: str | None = None
    no_ollama: str | None = None
    recording: bool = False


Reason = str | None
"""Why an action is not possible; None when it is. ``{run.pause}`` in it stands for a key, which
`actions.keymap.fill` puts there."""


def always(_: Situation) -> Reason:
    return None


RECORDED = (
    "This is a recording, without engine and weights. "
    "{home.demo} on Home starts a demo of your own."
)


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
    """Empty where there never will be anything to pause: the footer has no room for that."""
    if now.state == "finished":
        return ""
    if not now.alive:
        return "start" if now.state == "not started" else "resume"
    return "resume" if now.state in ("pausing", "paused") else "pause"


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
    text = "There is no project in the list yet: {home.new} makes one, {home.demo} the demo."
    return None if now.selected else text


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
    return "An editor is open: esc leaves it." if now.typing else None


def typing(now: Situation) -> Reason:
    return None if now.typing else "No editor is open."


def not_filtering(now: Situation) -> Reason:
    return "Words are being typed: enter keeps them, esc leaves." if now.typing else None


def on_a_setting(now: Situation) -> Reason:
    if now.typing:
        return not_filtering(now)
    return None if now.selected else "Nothing is selected: esc shows all of the list."


def on_a_key(now: Situation) -> Reason:
    if now.typing:
        return not_filtering(now)
    return None if now.on_key else "Select an action in the list of keys first."


def can_review(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return None if now.in_review else "There is no trajectory here to decide about."


def is_readable(now: Situation) -> Reason:
    return None if now.readable else "There is nothing that could be asked."


def can_ask(now: Situation) -> Reason:
    return now.busy


def has_items(now: Situation) -> Reason:
    if not now.readable:
        return is_readable(now)
    return None if now.has_choices else "The project has no test items."


def can_copy_answer(now: Situation) -> Reason:
    return None if now.has_trajectory else "Nothing has been asked yet."


def can_open_review(now: Situation) -> Reason:
    if not now.readable:
        return "The project cannot be read."
    return None if now.has_run else "There is no run yet to review."


def has_iterations(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return None if now.has_iterations else "There is no run here to look at."


def has_example(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return None if now.has_example else "There is no example here."


def can_change_values(now: Situation) -> Reason:
    if not now.has_p:
        return "This run's method has no improving examples, and so no p."
    return has_iterations(now)


def has_other_values(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return None if now.other_values else "p and the weights are as they are saved."


def can_save_values(now: Situation) -> Reason:
    return has_other_values(now)


def can_evaluate(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    if reason := start_or_pause(now):
        return reason
    if now.alive and now.state == "waiting for review":
        return "The run waits for review: {global.review} decides, or tripost continue goes on."
    if now.alive and now.state not in ("pausing", "paused"):
        return "The run is at work: its evaluations come by themselves."
    return None


def evaluate_label(now: Situation) -> str:
    if now.state == "finished":
        return ""
    return "start" if not now.alive and now.state == "not started" else "resume"


def has_models(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    if not now.readable:
        return "The project cannot be read."
    return None if now.has_run else "There is no run yet, so no model to compare."


def has_pairs(now: Situation) -> Reason:
    if now.typing:
        return not_typing(now)
    return None if now.has_pairs else "There are no two models to compare yet."


def in_items(now: Situation) -> Reason:
    if reason := has_pairs(now):
        return reason
    return None if now.in_items else "The items are not shown: {evaluate.items} shows them."


def items_label(now: Situation) -> str:
    return "accuracy" if now.in_items else "items"


def has_other_iterations(now: Situation) -> Reason:
    if now.iterations > 1:
        return None
    return "There is no other iteration to look at yet."


def has_steps(now: Situation) -> Reason:
    return None if now.has_steps else "There is no training step yet."


def stop_or_scripts(now: Situation) -> Reason:
    """Stops the run; where its expert is offline, goes on with the task's scripts."""
    if not now.expert_offline:
        return can_stop(now)
    if now.busy:
        return now.busy
    if not now.has_scripts:
        return "The task has no scripts of its own; {collect.switch} chooses another expert."
    return None


def stop_label(now: Situation) -> str:
    return "scripts" if now.expert_offline else "stop"


def report_or_retry(now: Situation) -> Reason:
    return start_or_pause(now) if now.expert_offline else has_run(now)


def report_label(now: Situation) -> str:
    return "retry" if now.expert_offline else "report"


def can_switch_expert(now: Situation) -> Reason:
    if now.busy:
        return now.busy
    if not now.readable:
        return "The project cannot be read."
    if not now.latest:
        return "This is an earlier run of the project; only its latest can go on."
    if now.alive:
        return "The engine is at work: {collect.stop} stops it, then another expert can be chosen."
    if now.state == "finished":
        return "This run is finished: no expert is asked any more."
    return None


def hold_label(now: Situation) -> str:
    return "follow" if now.held else "hold"


def can_read(now: Situation) -> Reason:
    if not now.readable:
        return "The project cannot be read."
    return None if now.has_run else "It is still being read."


def can_export(now: Situation) -> Reason:
    return now.no_export


def can_copy_command(now: Situation) -> Reason:
    return now.no_command


def can_create(now: Situation) -> Reason:
    return now.no_ollama
