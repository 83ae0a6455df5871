"""Driving the app in tests: against real projects, with a clock that stands."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import recorded
from textual.pilot import Pilot
from textual.screen import Screen

from db.records import CommandKind
from tripost_tui.app import TripostApp
from tripost_tui.backend import LocalBackend
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.state.home import RunRow

SHOWN_FOLDER = Path("/home/ada/tripost")
SHOWN_BYTES = 14_200_000

AppPilot = Pilot[None]


class StartedBackend(LocalBackend):
    """The real one, save that no engine process is started, only noted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, recorded.Clock(recorded.NOW))
        self.started: list[Path] = []

    def start(self, path: Path) -> None:
        self.started.append(path)


class PicturedBackend(StartedBackend):
    """Shows projects as if they lay in one folder, of one size: the same on every machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def home(self) -> list[RunRow]:
        return [
            replace(
                row,
                path=SHOWN_FOLDER / row.path.name,
                disk_bytes=None if row.disk_bytes is None else SHOWN_BYTES,
            )
            for row in super().home()
        ]

    def reader(self, path: Path, run_id: int | None):  # type: ignore[no-untyped-def]
        return super().reader(self._folder / path.name, run_id)


def app_on(
    backend: LocalBackend, project: Path | None = None, *, ascii_only: bool = False
) -> TripostApp:
    clock = recorded.Clock(recorded.NOW)
    return TripostApp(project, ascii_only=ascii_only, backend=backend, clock=clock)


async def until(pilot: AppPilot, true: Callable[[], object], what: str = "it") -> None:
    """Let the app work until ``true``; fail after some ten seconds."""
    for _ in range(500):
        await pilot.pause(0.02)
        if true():
            await pilot.pause()
            return
    raise AssertionError(f"{what} did not come about; the screen says:\n{text_of(pilot)}")


def text_of(pilot: AppPilot) -> str:
    """What stands on the screen."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def home_of(pilot: AppPilot) -> HomeScreen:
    (home,) = [one for one in pilot.app.screen_stack if isinstance(one, HomeScreen)]
    return home


async def at_home(pilot: AppPilot) -> HomeScreen:
    """Wait until Home has read the projects."""
    home = home_of(pilot)
    await until(pilot, lambda: home.state.loaded, "reading the projects")
    return home


async def at_run(pilot: AppPilot) -> RunScreen:
    """Wait until the run screen has read the run, or why it cannot."""

    def shown() -> bool:
        top: Screen[object] = pilot.app.screen
        return isinstance(top, RunScreen) and bool(top.state.reading or top.state.trouble)

    await until(pilot, shown, "reading the run")
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    return screen


async def said(pilot: AppPilot, text: str) -> None:
    """Wait until the app says ``text`` in its corner."""

    def heard() -> bool:
        return any(text in note.message for note in pilot.app._notifications)

    await until(pilot, heard, f"saying {text!r}")


async def open_run(pilot: AppPilot) -> RunScreen:
    """Open the run that Home has chosen at its start."""
    await at_home(pilot)
    await pilot.press("enter")
    return await at_run(pilot)


def commands_of(path: Path, run_id: int) -> list[CommandKind]:
    from db.store import Store

    with Store.open(path / "tripost.db", readonly=True) as store:
        return [command.kind for command in store.pending_commands(run_id)]
