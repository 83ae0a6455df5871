"""Pictures of the form of a new project. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event

import pytest
from piloting import AppPilot, PicturedBackend, app_on, at_home, at_new, looked, until
from test_snapshots import SIZES, Compare

from tripost_tui.found_experts import FoundExperts
from tripost_tui.preflight import Finding, Grade, Subject
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.state.new_project import Field
from tripost_tui.wish import Wish

Ready = Callable[[AppPilot], Awaitable[None]]

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
def backend(tmp_path: Path) -> PicturedBackend:
    return PicturedBackend(tmp_path)


def filled(**values: str) -> Ready:
    """Open the form and fill it in; the cursor ends in the last field that is named."""

    async def ready(pilot: AppPilot) -> None:
        screen = await at_new(pilot)
        for name, text in values.items():
            screen._row(Field(name)).write(text)
            await pilot.pause()
        screen._row(Field(list(values)[-1])).input.focus()
        await looked(pilot)

    return ready


FILLED = filled(
    task="date_understanding", student="Qwen/Qwen3-0.6B", seed="7", feedback="ollama:qwen3:8b"
)
WRONG = filled(task="sorting", iterations="0", feedback="qwen3")


@sizes
def test_new_project(
    snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]
) -> None:
    assert snap_compare(app_on(backend), terminal_size=size, run_before=FILLED)


@sizes
def test_new_project_with_wrong_values(
    snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]
) -> None:
    assert snap_compare(app_on(backend), terminal_size=size, run_before=WRONG)


@pytest.mark.parametrize("ready", [FILLED, WRONG], ids=["filled", "wrong"])
def test_new_project_in_ascii(
    snap_compare: Compare, backend: PicturedBackend, ready: Ready
) -> None:
    app = app_on(backend, ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=ready)


def test_new_project_without_colours(
    snap_compare: Compare, backend: PicturedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=FILLED)


def test_new_project_from_a_preset(snap_compare: Compare, backend: PicturedBackend) -> None:
    ready = filled(preset="demo")
    assert snap_compare(app_on(backend), terminal_size=(120, 40), run_before=ready)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)], ids=["60x20", "120x40"])
@pytest.mark.parametrize("field", [Field.STUDENT, Field.FEEDBACK])
def test_choosing(
    snap_compare: Compare, backend: PicturedBackend, field: Field, size: tuple[int, int]
) -> None:
    async def ready(pilot: AppPilot) -> None:
        await filled(**{field: ""})(pilot)
        await pilot.press("ctrl+o")

    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


def test_making_it_all_the_same(snap_compare: Compare, backend: PicturedBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await FILLED(pilot)
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, ConfirmDialog)

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


class FailingBackend(PicturedBackend):
    """A machine on which nothing is as it should be."""

    def experts(self) -> FoundExperts:
        return FoundExperts((), "Nothing answers.")

    def look(self, wish: Wish):  # type: ignore[no-untyped-def]
        fix = "Choose another, or open it: esc, then enter on it in the list."
        yield Finding(Subject.FOLDER, Grade.FAILED, "/home/ada/x is a project already", fix)
        fix = "/home/ada/mine/task.toml: No such file or directory. Name another folder."
        yield Finding(Subject.TASK, Grade.FAILED, "No task can be read", fix)
        for subject in (Subject.STUDENT, Subject.MEMORY, Subject.FEEDBACK, Subject.IMPROVE):
            yield Finding(subject, Grade.UNKNOWN, "the task comes first")
        fix = "Free some space, or choose a folder on another disk."
        yield Finding(Subject.DISK, Grade.FAILED, "12 MB free at /home/ada", fix)
        fix = "Close other programs: even the demo needs about 1 GiB."
        yield Finding(Subject.RAM, Grade.WARNING, "0.4 GiB free of 7.6 GiB", fix)


@sizes
def test_new_project_where_everything_fails(
    snap_compare: Compare, tmp_path: Path, size: tuple[int, int]
) -> None:
    async def ready(pilot: AppPilot) -> None:
        await at_new(pilot)

    assert snap_compare(app_on(FailingBackend(tmp_path)), terminal_size=size, run_before=ready)


def test_new_project_while_it_looks(snap_compare: Compare, tmp_path: Path) -> None:
    go = Event()

    class Waiting(PicturedBackend):
        def look(self, wish: Wish):  # type: ignore[no-untyped-def]
            yield Finding(Subject.FOLDER, Grade.OK, "/home/ada/my-project, new")
            go.wait(60)

    async def ready(pilot: AppPilot) -> None:
        await at_home(pilot)
        await pilot.press("n")
        state = pilot.app.screen.state  # type: ignore[attr-defined]
        await until(pilot, lambda: Subject.FOLDER not in state.pending and state.experts)

    try:
        assert snap_compare(app_on(Waiting(tmp_path)), terminal_size=(80, 24), run_before=ready)
    finally:
        go.set()
