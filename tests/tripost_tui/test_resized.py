"""A terminal that becomes too small and large again, and one whose engine is killed: nothing that
a person had open or typed is lost."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import recorded
from piloting import (
    AppPilot,
    StartedBackend,
    app_on,
    at_home,
    at_new,
    at_run,
    open_run,
    said,
    text_of,
    until,
)
from reviewed import review_project
from textual.widgets import Input, TextArea

from db.errors import StoreFull
from engine.project import Project
from tripost_tui.actions import STAGES, Target, goto_actions
from tripost_tui.app import TripostApp
from tripost_tui.screens.dialogs import ConfirmDialog, GotoDialog
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.new_project import NewProjectScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.screens.too_small import TooSmallScreen
from tripost_tui.state.place import Place
from tripost_tui.wish import Wish

SIZES = [(20, 5), (200, 60), (1, 1), (80, 24)]


async def through_sizes(pilot: AppPilot) -> None:
    """Small and large, ending where it began; the screen on top is the same after each."""
    top = pilot.app.screen
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await pilot.pause()
        if width < 60:
            await until(pilot, lambda: isinstance(pilot.app.screen, TooSmallScreen), "the message")
            await pilot.press("a", "x", "q", "down", "space")
        else:
            await until(pilot, lambda: pilot.app.screen is top, "what was there")
        assert pilot.app._exception is None


@pytest.mark.parametrize("target", STAGES)
async def test_every_stage_comes_through(target: Target, app: TripostApp, tmp_path: Path) -> None:
    project, _ = review_project(tmp_path / "tripost-demo")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        app.open_stage(target, Place(project.path, "demo"))
        await until(pilot, lambda: "demo ·" in text_of(pilot), "reading")
        await through_sizes(pilot)
        assert "demo ·" in text_of(pilot)


async def test_every_place_of_the_go_to_menu_comes_through(
    app: TripostApp, project: Project
) -> None:
    recorded.record(project)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        for action in goto_actions():
            app.act(action.id)
            await pilot.pause(0.2)
            await through_sizes(pilot)
            await pilot.press("escape")


@pytest.mark.parametrize(
    ("keys", "kind"),
    [("question_mark", HelpScreen), ("g", GotoDialog), ("s", ConfirmDialog)],
)
async def test_a_dialog_stays_open(
    keys: str, kind: type, app: TripostApp, project: Project
) -> None:
    with recorded.at_work(project, recorded.record(project)):
        async with app.run_test(size=(80, 24)) as pilot:
            await open_run(pilot)
            await pilot.press(keys)
            await until(pilot, lambda: isinstance(app.screen, kind), "the dialog")
            await through_sizes(pilot)
            assert isinstance(app.screen, kind)
            await pilot.press("escape")
            await at_run(pilot)


@pytest.mark.parametrize("key", ["e", "m"])
async def test_what_is_typed_in_an_editor_is_kept(
    key: str, app: TripostApp, tmp_path: Path
) -> None:
    project, _ = review_project(tmp_path / "tripost-demo")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        app.open_stage(Target.REVIEW, Place(project.path, "demo"))
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.item is not None, "reading")
        await pilot.press(key)
        await until(pilot, lambda: screen._edit.display, "the editor")
        await pilot.press(*"not saved yet ")
        typed = screen.query_one(TextArea).text
        assert "not saved yet" in typed
        await through_sizes(pilot)
        assert screen._edit.display
        assert screen.query_one(TextArea).text == typed
        await pilot.press(*"more")
        assert "more" in screen.query_one(TextArea).text
        assert screen.view.counts.decided == 0


async def test_a_filled_form_is_kept(app: TripostApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_new(pilot)
        await pilot.press(*"mine")
        typed = [field.value for field in screen.query(Input)]
        assert any("mine" in value for value in typed)
        await through_sizes(pilot)
        assert [field.value for field in screen.query(Input)] == typed


class FullDisk(StartedBackend):
    def create(self, wish: Wish) -> Path:
        raise StoreFull("/data/mine/tripost.db: no room for this write. Free some space.")


async def test_a_full_disk_while_a_project_is_made_keeps_the_form(tmp_path: Path) -> None:
    app = app_on(FullDisk(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_new(pilot)
        await pilot.press(*"mine")
        typed = [field.value for field in screen.query(Input)]
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "The disk is full" in text_of(pilot), "the error")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen), "the form")
        assert [field.value for field in screen.query(Input)] == typed


@pytest.mark.parametrize("target", STAGES)
async def test_an_engine_that_is_killed_while_one_watches_is_told(
    target: Target, app: TripostApp, backend: StartedBackend, project: Project
) -> None:
    run_id = recorded.record(project)
    script = str(Path(__file__).parent / "watched_engine.py")
    command = [sys.executable, script, str(project.path), str(run_id)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "at work\n"
        async with app.run_test(size=(120, 40)) as pilot:
            home = await at_home(pilot)
            app.open_stage(target, Place(project.path, "demo"))
            await until(pilot, lambda: "demo ·" in text_of(pilot), "reading")
            it.kill()
            it.wait()
            ended = _ended(pilot)
            if target is Target.RUN:
                await until(pilot, ended, "the end")
                await pilot.press("c")
                await said(pilot, "No engine is at work on this run.")
            await pilot.press("escape")
            await until(pilot, lambda: "no heartbeat" in text_of(pilot), "Home")
            assert home.state.live == []
            await pilot.press("enter")
            await until(pilot, ended, "the end")
            await pilot.press("p")
            await until(pilot, lambda: backend.started == [project.path], "the start")


def _ended(pilot: AppPilot) -> Callable[[], bool]:
    return lambda: "ended unexpectedly" in " ".join(text_of(pilot).split())
