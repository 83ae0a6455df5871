"""The app where something is wrong: with a project, its engine or the terminal."""

import shutil

import pytest
import recorded
from piloting import (
    StartedBackend,
    app_on,
    at_home,
    at_run,
    open_run,
    said,
    text_of,
    until,
)

from db.records import RunStatus
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.screens.too_small import TooSmallScreen


async def test_a_dead_engine_is_told_and_started_again(
    app: TripostApp, backend: StartedBackend, project: Project
) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id, age_s=34):
        pass
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        assert "? no heartbeat 34 s" in text_of(pilot)
        await pilot.press("enter")
        await at_run(pilot)
        assert "ended unexpectedly" in " ".join(text_of(pilot).split())
        await pilot.press("s")
        await said(pilot, "No engine is at work on this run.")
        await pilot.press("p")
        await until(pilot, lambda: backend.started == [project.path], "the start")


async def test_a_folder_that_vanishes_is_told_where_one_looks(
    app: TripostApp, project: Project
) -> None:
    recorded.record(project)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        shutil.rmtree(project.path)
        await until(pilot, lambda: "No such project" in text_of(pilot), "the notice")
        await pilot.press("r", "p")
        await said(pilot, "The project cannot be read.")
        await pilot.press("escape")
        await until(pilot, lambda: "its folder is gone" in text_of(pilot), "the row")


async def test_a_damaged_database_is_told(app: TripostApp, project: Project) -> None:
    project.db_path.write_bytes(b"rubbish" * 1000)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        assert "! unreadable" in text_of(pilot)
        await pilot.press("enter")
        await at_run(pilot)
        assert "this is not a database" in " ".join(text_of(pilot).split())


async def test_a_terminal_that_is_too_small_says_so_and_recovers(app: TripostApp) -> None:
    async with app.run_test(size=(59, 20)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TooSmallScreen), "the message")
        assert "TriPosT needs 60 x 20" in text_of(pilot)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        await pilot.press("ctrl+q")
        assert app._exit


async def test_ascii_means_ascii(backend: StartedBackend, project: Project) -> None:
    app = app_on(backend, ascii_only=True)
    with recorded.at_work(project, recorded.record(project)):
        async with app.run_test(size=(120, 40)) as pilot:
            await at_home(pilot)
            assert text_of(pilot).isascii()
            await pilot.press("enter")
            await at_run(pilot)
            await until(pilot, lambda: "now 0.302" in text_of(pilot), "the loss")
            assert text_of(pilot).isascii()
            for key in ("question_mark", "g", "s", "r"):
                await pilot.press(key)
                await until(pilot, lambda: not isinstance(app.screen, RunScreen), key)
                assert text_of(pilot).isascii()
                await pilot.press("escape")
                await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")


async def test_without_colours_states_still_have_their_words(
    backend: StartedBackend, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(backend)
    recorded.finish(project, recorded.record(project), RunStatus.FAILED, "out of memory")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        assert "✗ failed" in text_of(pilot)
        for line in app.screen._compositor.render_strips():
            for segment in line.apply_filter(app._filters[-1], app.background_colors[0]):
                colour = segment.style.color if segment.style else None
                triplet = colour.triplet if colour else None
                assert triplet is None or max(triplet) - min(triplet) <= 2
