"""Pictures of the export screen. Renew them with ``pytest --snapshot-update``."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from exported import (
    PicturedExports,
    at_export,
    choose,
    fresh,
    make_export,
    scripted,
    trained,
)
from piloting import AppPilot, app_on, until
from test_snapshots import SIZES, Compare

from engine.errors import StudentError
from engine.export.formats import ExportFormat
from engine.project import Project
from tripost_tui.screens.export import ExportScreen, FolderDialog
from tripost_tui.state.run import Trouble

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
themes = pytest.mark.parametrize("theme", ["tripost-dark", "tripost-light"])

Ready = Callable[[AppPilot], Awaitable[object]]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLAMA_CPP_DIR", raising=False)
    monkeypatch.setattr("engine.export.survey.find_ollama", lambda: None)
    monkeypatch.setattr("engine.export.survey.find_converter", lambda: None)


@pytest.fixture
def backend(tmp_path: Path) -> PicturedExports:
    return PicturedExports(tmp_path)


def ready(project: Project, more: Ready | None = None, *, readable: bool = True) -> Ready:
    async def run(pilot: AppPilot) -> None:
        screen = await at_export(pilot, project.path)
        assert (screen.state.trouble is None) is readable
        if more is not None:
            await more(pilot)
        await pilot.pause()

    return run


async def scrolled(pilot: AppPilot) -> None:
    """Wait until the result is in sight, where panes are stacked."""
    screen = pilot.app.screen
    assert isinstance(screen, ExportScreen)
    narrow = screen.has_class("-narrow")
    await until(pilot, lambda: not (narrow and screen._to_result), "the scrolling")


@sizes
def test_export(
    snap_compare: Compare, backend: PicturedExports, project: Project, size: tuple[int, int]
) -> None:
    trained(project)
    make_export(project.exports / "run1-iteration1-gguf")
    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready(project))


@themes
def test_export_before_the_first_one(
    snap_compare: Compare, backend: PicturedExports, project: Project, theme: str
) -> None:
    trained(project)

    async def gguf(pilot: AppPilot) -> None:
        pilot.app.theme = theme
        await choose(pilot, ExportFormat.GGUF)

    before = ready(project, gguf)
    assert snap_compare(app_on(backend), terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_export_at_work(
    snap_compare: Compare,
    backend: PicturedExports,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    trained(project)
    script = scripted(monkeypatch)

    async def write(pilot: AppPilot) -> None:
        await pilot.press("enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExportScreen)
        state = screen.state
        await until(pilot, lambda: state.working and state.working.done_bytes, "the work")
        await scrolled(pilot)

    try:
        assert snap_compare(app_on(backend), terminal_size=size, run_before=ready(project, write))
    finally:
        script.cancelled.set()


def test_export_that_failed(
    snap_compare: Compare,
    backend: PicturedExports,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained(project)
    script = scripted(monkeypatch)
    text = "convert_hf_to_gguf.py ended with code 1. Its last words: [/x] \x1b[31mnot recognized"
    script.error = StudentError(text, "llama.cpp's converter could not write the student")
    script.go.set()

    async def write(pilot: AppPilot) -> None:
        await pilot.press("enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExportScreen)
        await until(pilot, lambda: screen.state.ended, "the end")
        await scrolled(pilot)

    before = ready(project, write)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=before)


def test_export_of_nothing(
    snap_compare: Compare, backend: PicturedExports, project: Project
) -> None:
    trained(project, 0)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready(project))


def test_export_of_a_project_without_a_run(
    snap_compare: Compare, backend: PicturedExports, project: Project
) -> None:
    # The message has the project's folder.
    shutil.rmtree(project.path)

    async def gone(pilot: AppPilot) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, ExportScreen)
        assert screen.state.trouble is not None
        screen.state.fail(Trouble(screen.state.trouble.title, "/home/ada/demo: no such folder."))
        screen.repaint()

    before = ready(project, gone, readable=False)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=before)


def test_export_of_deleted_weights(
    snap_compare: Compare, backend: PicturedExports, project: Project
) -> None:
    trained(project)
    shutil.rmtree(project.checkpoints / "run1-iteration2")

    async def second(pilot: AppPilot) -> None:
        await pilot.press("i")
        await fresh(pilot)

    before = ready(project, second)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("case", ["taken", "earlier", "no room"])
def test_export_where_it_cannot_go(
    snap_compare: Compare,
    backend: PicturedExports,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    trained(project)
    target = project.exports / "run1-iteration1-merged"
    if case == "taken":
        target.mkdir()
    elif case == "earlier":
        make_export(target, ExportFormat.MERGED)
    else:
        monkeypatch.setattr("exported.FREE_BYTES", 2_000_000)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready(project))


def test_naming_a_folder(snap_compare: Compare, backend: PicturedExports, project: Project) -> None:
    trained(project)

    async def name(pilot: AppPilot) -> None:
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FolderDialog), "the dialog")

    before = ready(project, name)
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=before)


def test_export_in_ascii(snap_compare: Compare, backend: PicturedExports, project: Project) -> None:
    trained(project)
    make_export(project.exports / "run1-iteration1-ollama", ExportFormat.OLLAMA)
    app = app_on(backend, ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=ready(project))
