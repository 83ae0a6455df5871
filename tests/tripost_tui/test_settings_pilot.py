"""The settings screen, driven by keys."""

from pathlib import Path

import pytest
from piloting import AppPilot, StartedBackend, app_on, at_home, said, text_of, until

from tripost_tui.app import TripostApp
from tripost_tui.preferences import Ascii, Preferences, preferences_path, read_preferences
from tripost_tui.screens.dialogs import ConfirmDialog, GotoDialog
from tripost_tui.screens.press_key import PressKeyDialog
from tripost_tui.screens.settings import SettingsScreen
from tripost_tui.screens.theme import ThemeDialog

SIZE = (80, 24)


async def open_settings(pilot: AppPilot) -> SettingsScreen:
    await at_home(pilot)
    await pilot.press("g", "s")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen), "the settings")
    screen = pilot.app.screen
    assert isinstance(screen, SettingsScreen)
    return screen


async def choose(pilot: AppPilot, action_id: str) -> None:
    """Select an action by the filter."""
    screen = pilot.app.screen
    assert isinstance(screen, SettingsScreen)
    await pilot.press("slash", "ctrl+u", *action_id.replace(".", " "), "enter")
    await until(pilot, lambda: screen.state.words, "the filter")
    for _ in range(20):
        if screen.state.selected == action_id:
            return
        await pilot.press("j")
    raise AssertionError(f"{action_id} is not in the list:\n{text_of(pilot)}")


def written() -> Preferences:
    return read_preferences().preferences


async def test_a_new_key_is_pressed_and_holds_at_once(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await choose(pilot, "global.goto")
        await pilot.press("enter")
        assert isinstance(app.screen, PressKeyDialog)
        await pilot.press("f5")
        await until(pilot, lambda: written().keys == {"global.goto": ("f5",)}, "the file")
        assert "yours" in text_of(pilot)
        await pilot.press("escape", "escape")
        home = await at_home(pilot)
        assert app.screen is home
        assert "F5 go to" in text_of(pilot)
        assert "Press F5 d for the doctor" in text_of(pilot)
        await pilot.press("g")
        assert app.screen is home
        await pilot.press("f5")
        assert isinstance(app.screen, GotoDialog)
        await pilot.press("f5")
        assert app.screen is home


async def test_keys_that_work_everywhere_are_heard_and_not_obeyed_while_asking(
    app: TripostApp,
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await choose(pilot, "run.pause")
        await pilot.press("enter", "ctrl+q")
        assert not app._exit
        assert 'Not ^q: ^q is "quit" of Everywhere.' in text_of(pilot)
        await pilot.press("ctrl+p", "tab", "s")
        assert isinstance(app.screen, PressKeyDialog)
        assert 'Not s: s is "stop" of Run.' in text_of(pilot)
        await pilot.press("escape")
        assert isinstance(app.screen, SettingsScreen)
        assert app.settings.preferences == Preferences()
        await pilot.press("ctrl+q")
        assert app._exit


async def test_a_key_is_added_and_all_taken_away_and_the_default_comes_back(
    app: TripostApp,
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_settings(pilot)
        await choose(pilot, "run.pause")
        await pilot.press("a", "f5")
        await until(pilot, lambda: written().keys == {"run.pause": ("p", "f5")}, "a second key")
        await pilot.press("d")
        await until(pilot, lambda: written().keys == {"run.pause": ()}, "no key")
        await pilot.press("x")
        await until(pilot, lambda: written().keys == {}, "the default")
        assert screen.state.selected == "run.pause"


async def test_quit_keeps_a_key(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await choose(pilot, "global.quit")
        await pilot.press("d")
        await said(pilot, "It needs a key that works where letters are typed")
        assert app.settings.preferences.keys == {}


async def test_all_keys_go_back_after_a_question(backend: StartedBackend) -> None:
    preferences_path().parent.mkdir(parents=True)
    preferences_path().write_text('[keys]\n"run.pause" = ["f5"]\n"home.new" = ["N"]\n')
    app = app_on(backend)
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await pilot.press("R")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("n", "R", "y")
        await until(pilot, lambda: written().keys == {}, "the defaults")
        await pilot.press("R")
        await said(pilot, "All keys are as by default")


async def test_the_filter_types_and_escape_takes_it_away_before_it_leaves(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_settings(pilot)
        await pilot.press("slash", *"axR")
        assert screen.state.words == "axR"
        await pilot.press("enter")
        assert "No action has these words" in text_of(pilot)
        await pilot.press("x")
        await said(pilot, "Nothing is selected")
        await pilot.press("escape")
        assert screen.state.words == ""
        assert app.screen is screen
        await pilot.press("escape")
        assert app.screen is not screen


async def test_colours_are_shown_while_choosing_and_kept_by_enter(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await pilot.press("enter")
        assert isinstance(app.screen, ThemeDialog)
        await pilot.press("j")
        await until(pilot, lambda: app.theme == "tripost-light", "the light colours")
        await pilot.press("escape")
        assert app.theme == "tripost-dark"
        assert written().theme == "dark"
        await pilot.press("enter", "j", "j", "enter")
        await until(pilot, lambda: written().theme == "contrast-dark", "the file")
        assert app.theme == "tripost-contrast-dark"
        assert "High contrast, dark" in text_of(pilot)


async def test_the_palette_has_only_our_colours_and_remembers_the_choice(app: TripostApp) -> None:
    assert all(name.startswith("tripost-") for name in app.available_themes)
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("ctrl+p", *"theme")
        await until(pilot, lambda: "Choose the colours" in text_of(pilot), "the command")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ThemeDialog), "the colours")
        await pilot.press("down", "enter")
        await until(pilot, lambda: written().theme == "light", "the file")


async def test_motion_is_switched_at_once_and_ascii_from_the_next_start(
    backend: StartedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTUAL_ANIMATIONS", raising=False)
    app = app_on(backend)
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: not written().motion, "no motion")
        assert app.animation_level == "none"
        await pilot.press("j", "enter")
        await until(pilot, lambda: written().ascii is Ascii.ON, "ascii")
        assert not app.ascii_only
        await pilot.press("backspace")
        await until(pilot, lambda: written().ascii is Ascii.AUTO, "auto")
    assert TripostApp(backend=backend).animation_level == "none"


async def test_faults_of_the_file_are_told_at_the_start_and_in_the_settings(
    backend: StartedBackend,
) -> None:
    path = preferences_path()
    path.parent.mkdir(parents=True)
    path.write_text('theme = "[/x]pink\\u202e"\nmotion = 3\n')
    app = app_on(backend)
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await said(pilot, "1 more: g s.")
        await open_settings(pilot)
        text = text_of(pilot)
        assert "In the file: theme: '[/x]pink" in text
        assert "In the file: motion: 3 is none of true, false; it stays true" in text
        assert "\u202e" not in text
        await pilot.press("j", "enter")
        await until(pilot, lambda: not written().motion, "the file")
        await until(pilot, lambda: "In the file: motion" not in text_of(pilot), "no more faults")
    assert path.with_name("app.toml.old").read_text().startswith('theme = "[/x]')


async def test_what_cannot_be_written_is_told_and_holds_all_the_same(
    app: TripostApp, state_folder: Path
) -> None:
    state_folder.mkdir()
    (state_folder / "config").write_text("a file where the folder should be")
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: "cannot be written" in text_of(pilot), "the error")
        assert app.animation_level == "none"


async def test_the_path_is_copied(
    app: TripostApp, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await pilot.press("y")
        await until(pilot, lambda: (state_folder / "copied.txt").exists(), "the copy")
    assert (state_folder / "copied.txt").read_text() == str(preferences_path())


async def test_j_and_k_move_as_the_arrows_do(app: TripostApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_settings(pilot)
        await pilot.press("j", "down", "k")
        assert screen.state.selected == "motion"
        await pilot.press("tab", "j")
        assert screen.state.selected == "global.palette"
