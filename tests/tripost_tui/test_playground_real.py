"""The Playground with nothing played: the app, a process of its own, the embedded student."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from piloting import AppPilot, text_of

from engine.config import demo_settings, with_values
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.backend import LocalBackend
from tripost_tui.playing import LocalPlayer
from tripost_tui.screens.playground import PlaygroundScreen
from tripost_tui.state.place import Place
from tripost_tui.state.playground import Phase

PATIENCE_S = 120.0


@pytest.fixture
def app(tmp_path: Path) -> TripostApp:
    return TripostApp(backend=LocalBackend(tmp_path))


@pytest.fixture
def embedded(tmp_path: Path) -> Project:
    settings = with_values(demo_settings(), {"student.threads": 1})
    return Project.create(tmp_path / "p", settings)


async def long_until(pilot: AppPilot, true: Callable[[], object]) -> None:
    """Loading takes seconds, on a busy machine many."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, text_of(pilot)
        await pilot.pause(0.05)


def child_of(screen: PlaygroundScreen) -> psutil.Process:
    player = screen._player
    assert isinstance(player, LocalPlayer)
    assert player._process is not None
    return psutil.Process(player._process.pid)


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_a_real_student_answers_dies_and_comes_back(
    app: TripostApp, embedded: Project
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        app.open_stage(Target.PLAYGROUND, Place(embedded.path, "p"))
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await long_until(pilot, lambda: screen.state.outlook)
        state = screen.state
        await pilot.press("ctrl+r", "enter")
        await long_until(pilot, lambda: state.asked and state.asked[0].over)
        (column,) = state.asked[0].columns
        assert column.answered is not None
        assert column.answered.final_correct is not None
        await pilot.pause(0.2)
        shown = text_of(pilot)
        assert "(Final response)" in shown
        assert "tokens/s" in shown
        assert "✓ right" in shown or "✗ wrong" in shown

        first = child_of(screen)
        os.kill(first.pid, signal.SIGKILL)
        await long_until(pilot, lambda: state.phase is Phase.ENDED)
        await pilot.pause(0.1)
        assert "The model's process ended unexpectedly" in text_of(pilot)
        assert "killed (signal 9)" in text_of(pilot)

        await pilot.press("enter")
        await long_until(pilot, lambda: len(state.asked) == 2 and state.asked[1].over)
        answers = [asked.columns[0].answered for asked in state.asked]
        assert answers[0] is not None
        assert answers[1] is not None
        assert answers[0].text == answers[1].text

        second = child_of(screen)
        assert second.pid != first.pid
        await pilot.press("escape")
        await long_until(pilot, lambda: app.screen is not screen)
        await long_until(pilot, lambda: is_gone(second))


async def test_it_ends_with_the_app_also_while_it_loads(app: TripostApp, embedded: Project) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_stage(Target.PLAYGROUND, Place(embedded.path, "p"))
        screen = app.screen
        assert isinstance(screen, PlaygroundScreen)
        await long_until(pilot, lambda: screen.state.doing.startswith("loading"))
        child = child_of(screen)
        await pilot.press("ctrl+q")
    deadline = time.monotonic() + PATIENCE_S
    while not is_gone(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)
