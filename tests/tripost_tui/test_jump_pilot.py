"""Letters on panes and fields."""

from collections.abc import Iterator

import pytest
import recorded
from piloting import StartedBackend, app_on, at_home, at_new, open_run, said, text_of, until
from textual import events

from engine.project import Project
from tripost_tui.actions import Target, goto_actions
from tripost_tui.app import TripostApp
from tripost_tui.screens.base import BaseScreen
from tripost_tui.screens.jump import LETTERS, JumpScreen
from tripost_tui.screens.run import RunScreen


@pytest.fixture(autouse=True)
def run(project: Project) -> Iterator[None]:
    with recorded.at_work(project, recorded.record(project)):
        yield


@pytest.mark.parametrize("key", ["apostrophe", "ctrl+g"])
async def test_a_letter_focuses_the_pane_that_it_stands_on(app: TripostApp, key: str) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot)
        for letter, name in zip("asdfg", [pane.id for pane in screen.focus_chain], strict=False):
            await pilot.press(key)
            assert isinstance(app.screen, JumpScreen)
            lines = text_of(pilot).splitlines()
            region = screen.query_one(f"#{name}").region
            assert lines[region.y][region.x : region.x + 3] == f" {letter} "
            await pilot.press(letter)
            assert app.screen is screen
            assert screen.focused is not None
            assert screen.focused.id == name


async def test_escape_and_the_same_key_leave_the_focus_where_it_is(app: TripostApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot)
        focused = screen.focused
        for leaving in ("escape", "apostrophe", "ctrl+g"):
            await pilot.press("apostrophe")
            assert isinstance(app.screen, JumpScreen)
            await pilot.press("9")
            assert isinstance(app.screen, JumpScreen)
            await pilot.press(leaving)
            assert app.screen is screen
            assert screen.focused is focused


async def test_fields_have_letters_too_and_are_reached_from_fields(app: TripostApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_new(pilot)
        await pilot.press("ctrl+g", "d")
        assert screen.focused is not None
        assert screen.focused.id == "input-student"
        await pilot.press("apostrophe")
        assert screen.focused.value.endswith("'")  # type: ignore[attr-defined]


async def test_what_is_out_of_sight_is_named_below(app: TripostApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await open_run(pilot)
        await pilot.press("apostrophe")
        text = text_of(pilot)
        assert "Out of sight:" in text
        letter = LETTERS[[pane.id for pane in screen.focus_chain].index("trajectory")]
        assert f"{letter}  Last trajectory" in text
        await pilot.press(letter)
        assert screen.focused is screen.query_one("#trajectory")


async def test_the_overlay_is_ascii_where_only_ascii_is_shown(backend: StartedBackend) -> None:
    app = app_on(backend, ascii_only=True)
    async with app.run_test(size=(60, 20)) as pilot:
        await open_run(pilot)
        await pilot.press("apostrophe")
        assert isinstance(app.screen, JumpScreen)
        marks = [str(mark.render()) for mark in app.screen.query(".jump-letter")]
        assert marks
        assert all(mark.isascii() for mark in marks)
        assert "Out of sight" in text_of(pilot)


@pytest.mark.parametrize("action", goto_actions(), ids=lambda action: action.id)
async def test_every_screen_has_something_to_jump_to(app: TripostApp, action: object) -> None:
    letter, target = getattr(action, "letter", ""), getattr(action, "id", "").split(".")[1]
    if target not in set(Target):
        pytest.skip("no screen of its own")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("g", letter)
        await until(
            pilot,
            lambda: isinstance(app.screen, BaseScreen) and target == app.screen.TARGET,
            "the screen",
        )
        await until(pilot, lambda: app.screen.focus_chain, "something to focus")
        await pilot.press("apostrophe", "a")
        assert isinstance(app.screen, BaseScreen)
        assert app.screen.focused is app.screen.focus_chain[0]


async def test_with_nothing_to_focus_it_says_so(backend: StartedBackend, project: Project) -> None:
    backend.forget(project.path)
    app = app_on(backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("apostrophe")
        await said(pilot, "There is nothing here to focus.")


@pytest.mark.parametrize("sizes", [[(90, 30)], [(50, 15), (120, 40)], [(50, 15), (90, 30)]])
async def test_at_another_size_letters_stand_where_the_panes_are_then(
    app: TripostApp, sizes: list[tuple[int, int]]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot)
        await pilot.press("apostrophe")
        for size in sizes:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.2)
        collected = screen.query_one("#collected")

        def stands_there() -> bool:
            region = collected.region
            line = text_of(pilot).splitlines()[region.y]
            return line[region.x : region.x + 3] == " s "

        await until(pilot, stands_there, "the letter")
        await pilot.press("s")
        await until(pilot, lambda: app.screen is screen and collected.has_focus, "the focus")


@pytest.mark.parametrize("first", [True, False], ids=["a pane", "no pane"])
async def test_keys_that_come_at_once_find_the_menu(
    app: TripostApp, first: bool, backend: StartedBackend, project: Project
) -> None:
    """As over ssh, where two keys arrive in one piece: neither waits for the screen."""
    if not first:
        backend.forget(project.path)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        for key in ("g", "s"):
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: target_of(app) is Target.SETTINGS, "the settings")
        assert backend.started == []
        for key in ("g", "d"):
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: target_of(app) is Target.DOCTOR, "the doctor")


async def test_jumping_works_as_fast(app: TripostApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot)
        assert isinstance(screen, RunScreen)
        for key, character in (("apostrophe", "'"), ("s", "s")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: screen.focused is screen.focus_chain[1], "the second pane")
        assert app.screen is screen


def target_of(app: TripostApp) -> Target | None:
    return app.screen.TARGET if isinstance(app.screen, BaseScreen) else None
