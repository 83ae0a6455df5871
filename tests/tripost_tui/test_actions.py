"""The action registry: what the app's keys, footer, help and palette are made of."""

import pytest

from tripost_tui.actions import (
    ACTIONS,
    MOST_FOOTER_KEYS,
    Action,
    Target,
    actions_of,
    clashes,
    footer_actions,
    goto_actions,
    more_key,
    shown_key,
)
from tripost_tui.actions.keymap import fill, named_in
from tripost_tui.app import TripostApp
from tripost_tui.glyphs import UNICODE
from tripost_tui.screens.balance import BalanceScreen
from tripost_tui.screens.collect import CollectScreen
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.doctor import DoctorScreen
from tripost_tui.screens.evaluate import EvaluateScreen
from tripost_tui.screens.export import ExportScreen
from tripost_tui.screens.help import help_content
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.new_project import NewProjectScreen
from tripost_tui.screens.playground import PlaygroundScreen
from tripost_tui.screens.quit import QuitDialog
from tripost_tui.screens.report import ReportScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.screens.settings import SettingsScreen
from tripost_tui.screens.train import TrainScreen
from tripost_tui.situation import Situation
from tripost_tui.widgets.key_footer import footer_parts

PLACES = {
    Target.GLOBAL: TripostApp,
    Target.HOME: HomeScreen,
    Target.RUN: RunScreen,
    Target.COLLECT: CollectScreen,
    Target.TRAIN: TrainScreen,
    Target.REPORT: ReportScreen,
    Target.PLAYGROUND: PlaygroundScreen,
    Target.REVIEW: ReviewScreen,
    Target.BALANCE: BalanceScreen,
    Target.EVALUATE: EvaluateScreen,
    Target.QUIT: QuitDialog,
    Target.CONFIRM: ConfirmDialog,
    Target.NEW: NewProjectScreen,
    Target.DOCTOR: DoctorScreen,
    Target.SETTINGS: SettingsScreen,
    Target.EXPORT: ExportScreen,
}
SCREENS = [
    Target.HOME,
    Target.RUN,
    Target.COLLECT,
    Target.TRAIN,
    Target.REPORT,
    Target.PLAYGROUND,
    Target.REVIEW,
    Target.BALANCE,
    Target.EVALUATE,
    Target.NEW,
    Target.DOCTOR,
    Target.SETTINGS,
    Target.EXPORT,
]
RUNNING = Situation(selected=True, has_run=True, state="running", alive=True, has_trajectory=True)


def test_no_key_and_no_letter_is_given_twice() -> None:
    assert clashes() == []


def test_a_clash_would_be_found() -> None:
    twin = Action(id="run.twin", label="twin", description="Take p as well", keys=("p",))
    shadow = Action(id="home.shadow", label="shadow", description="Take g", keys=("g",))
    assert clashes([*ACTIONS, twin]) == ["p (run): run.pause and run.twin"]
    assert clashes([*ACTIONS, shadow]) == ["g (home): home.shadow and global.goto"]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_described_and_can_be_carried_out(action: Action) -> None:
    assert action.label
    assert action.description[0].isupper()
    assert not action.description.endswith(".")
    assert callable(getattr(PLACES[action.target], action.handler))
    assert set(named_in(action.description)) <= {each.id for each in ACTIONS}
    assert action.keys or action.letter or action.id == "global.theme"


@pytest.mark.parametrize("target", SCREENS)
def test_help_lists_every_action(target: Target) -> None:
    text = " ".join(help_content(target, RUNNING, UNICODE, 300).plain.split())
    for action in ACTIONS:
        assert fill(action.description) in text


def test_in_help_a_long_key_is_set_off_from_what_it_does() -> None:
    lines = help_content(Target.PLAYGROUND, RUNNING, UNICODE, 60).plain.splitlines()
    (at,) = [n for n, line in enumerate(lines) if "S-enter" in line]
    assert lines[at].split() == [
        "^j",
        "S-enter",
        "Begin",
        "a",
        "new",
        "line",
        "in",
        "the",
        "field",
    ]
    (at,) = [n for n, line in enumerate(lines) if line.startswith("  ^r r")]
    assert max(map(len, lines[at : at + 2])) <= 60


def test_help_says_why_something_is_not_possible_now() -> None:
    text = " ".join(help_content(Target.RUN, Situation(), UNICODE, 300).plain.split())
    assert "asks first. Not now: No engine is at work on this run." in text
    assert "Write a checkpoint now. Not now, either." in text


@pytest.mark.parametrize("target", SCREENS)
def test_the_footer_has_at_most_seven_keys_and_then_more(target: Target) -> None:
    assert len(footer_actions(target)) <= MOST_FOOTER_KEYS
    parts = footer_parts(footer_actions(target), RUNNING, 200, more_key(target))
    assert len(parts) <= MOST_FOOTER_KEYS + 1
    assert parts[-1] == (more_key(target), "more", "global.help")


def test_where_letters_are_typed_no_letter_is_offered_as_a_key() -> None:
    offered = [action.keys[0] for action in footer_actions(Target.NEW)]
    assert offered
    assert all(len(key) > 1 for key in offered)
    assert more_key(Target.NEW) == "F1"
    assert more_key(Target.HOME) == "?"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_the_footer_fits_and_always_ends_with_more(width: int) -> None:
    parts = footer_parts(footer_actions(Target.RUN), RUNNING, width)
    assert sum(len(key) + len(label) + 3 for key, label, _ in parts) <= width
    assert parts[-1][0] == "?"


def test_an_action_that_is_not_possible_stays_in_the_footer_without_its_id() -> None:
    parts = footer_parts(footer_actions(Target.RUN), Situation(), 120)
    assert ("c", "checkpoint", None) in parts


@pytest.mark.parametrize(
    ("now", "label"),
    [
        (RUNNING, "pause"),
        (Situation(has_run=True, state="paused", alive=True), "resume"),
        (Situation(has_run=True, state="stopped"), "resume"),
        (Situation(), "start"),
    ],
)
def test_one_key_pauses_resumes_and_starts(now: Situation, label: str) -> None:
    (pause,) = [action for action in ACTIONS if action.id == "run.pause"]
    assert pause.labelled(now) == label
    assert pause.why_not(now) is None


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (Situation(has_run=True, state="finished"), "finished"),
        (Situation(has_run=True, state="stopping", alive=True), "stopping"),
        (Situation(has_run=True, state="stopped", latest=False), "earlier run"),
        (Situation(readable=False), "cannot be read"),
        (Situation(busy="Starting the engine"), "Starting the engine"),
    ],
)
def test_pausing_that_is_not_possible_gives_its_reason(now: Situation, reason: str) -> None:
    (pause,) = [action for action in ACTIONS if action.id == "run.pause"]
    assert reason in (pause.why_not(now) or "")


def test_the_go_to_menu_has_letters_of_one_character() -> None:
    assert {action.letter for action in goto_actions()} >= {"h", "r", "e", "o", "d", "v"}
    assert all(len(action.letter or "") == 1 for action in goto_actions())


def test_keys_are_shown_as_they_stand_on_a_keyboard() -> None:
    assert [shown_key(key) for key in ("question_mark", "ctrl+q", "p")] == ["?", "^q", "p"]
    assert all(shown_key(key).isascii() for action in ACTIONS for key in action.keys)


def test_each_target_has_actions() -> None:
    assert all(actions_of(target) for target in Target)
