"""What the settings screen shows and changes, without a screen."""

from pathlib import Path

from tripost_tui.actions import ACTIONS
from tripost_tui.preferences import Ascii, Preferences
from tripost_tui.state.settings import SettingsState

PATH = Path("/home/ada/app.toml")


def state_of(preferences: Preferences | None = None, selected: str = "theme") -> SettingsState:
    state = SettingsState(preferences or Preferences(), PATH)
    state.selected = selected
    return state


def test_every_action_is_listed_under_its_screen() -> None:
    rows = state_of().key_rows()
    assert [row.action.id for row in rows if row.action] == sorted(
        (action.id for action in ACTIONS), key=[row.action.id for row in rows if row.action].index
    )
    assert {row.action.id for row in rows if row.action} == {action.id for action in ACTIONS}
    titles = [row.title for row in rows if row.action is None]
    assert titles[:3] == ["Everywhere", "Home", "Run"]


def test_an_action_without_a_key_shows_the_way_by_the_go_to_menu() -> None:
    keys = {row.action.id: row.keys for row in state_of().key_rows() if row.action}
    assert keys["global.doctor"] == "g d"
    assert keys["global.theme"] == ""


def test_the_filter_finds_words_screens_and_keys() -> None:
    state = state_of()

    def found(words: str) -> set[str]:
        state.words = words
        return {row.action.id for row in state.key_rows() if row.action}

    assert found("checkpoint") == {f"{one}.checkpoint" for one in ("run", "collect", "train")}
    assert found("review accept") >= {"review.accept"}
    assert "home.open" not in found("review accept")
    assert found("^q") == {"global.quit"}
    assert found("no such thing") == set()
    state.words = "no such thing"
    assert state.key_rows() == []


def test_with_nothing_selected_nothing_can_be_changed() -> None:
    state = state_of(selected="")
    possible = {
        action.id
        for action in ACTIONS
        if action.id.startswith("settings.") and not (action.why_not(state.situation()))
    }
    assert possible.isdisjoint({"settings.change", "settings.default", "settings.add"})
    assert "settings.filter" in possible
    assert state.detail() == "No action has these words; esc shows all."


def test_a_key_of_ones_own_is_said_to_be_so() -> None:
    state = state_of(Preferences(keys={"run.pause": ("f5",)}), "run.pause")
    (row,) = [row for row in state.key_rows() if row.action and row.action.id == "run.pause"]
    assert (row.keys, row.yours) == ("F5", True)
    assert "F5, yours; by default p. In the file: run.pause" in state.detail()
    assert state.title() == f"Keys of {len(ACTIONS)} actions, 1 yours"


def test_the_look_says_what_holds_only_this_time() -> None:
    state = SettingsState(
        Preferences(theme="light"), PATH, theme_now="dark", motion_now=False, ascii_now=True
    )
    theme, motion, ascii_row = state.look_rows()
    assert (theme.value, theme.note, theme.yours) == ("Light", "this time Dark", True)
    assert (motion.value, motion.note, motion.yours) == ("on", "this time off", False)
    assert ascii_row.note.startswith("now on")


def test_a_switch_goes_round() -> None:
    state = state_of(selected="ascii")
    seen = []
    for _ in Ascii:
        state.preferences = state.switched()
        seen.append(state.preferences.ascii)
    assert seen == [Ascii.ON, Ascii.OFF, Ascii.AUTO]
    state.selected = "motion"
    assert state.switched().motion is False


def test_a_default_comes_back_unless_somebody_else_has_its_key_now() -> None:
    mine = Preferences(theme="light", keys={"run.pause": ("f5",), "run.stop": ("p",)})
    state = state_of(mine, "run.pause")
    assert 'p is "stop" of Run' in (state.default_refusal() or "")
    state.selected = "run.stop"
    assert state.default_refusal() is None
    assert dict(state.with_default().keys) == {"run.pause": ("f5",)}
    state.selected = "theme"
    assert state.with_default().theme == "dark"


def test_the_default_keys_are_no_change() -> None:
    state = state_of(Preferences(keys={"run.pause": ("f5",)}), "run.pause")
    assert dict(state.with_keys(("p",)).keys) == {}
