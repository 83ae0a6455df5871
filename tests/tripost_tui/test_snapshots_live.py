"""Pictures of the collect and train screens. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Callable
from pathlib import Path

import live_rows
import pytest
import recorded
from live_rows import CARD
from piloting import AppPilot, NoGpus, PicturedBackend, app_on, at_home, until
from test_snapshots import SIZES, Compare

from engine.project import Project
from tripost_tui.screens.collect import CollectScreen
from tripost_tui.screens.train import TrainScreen
from tripost_tui.state.gpu_watch import NO_SMI, GpuLook
from tripost_tui.themes import THEMES

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Size = tuple[int, int]


@pytest.fixture
def backend(tmp_path: Path) -> PicturedBackend:
    backend = PicturedBackend(tmp_path)
    backend.gpus = NoGpus(CARD)
    return backend


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = recorded.new_project(tmp_path / "tripost-demo")
    live_rows.asking(project)
    return project


@pytest.fixture
def run_id(project: Project) -> int:
    run_id = recorded.record(project)
    live_rows.calls(project, run_id)
    return run_id


def at(letter: str, *keys: str, theme: str = "") -> Callable[[AppPilot], object]:
    """Open the screen, and wait until all of it is drawn."""

    async def ready(pilot: AppPilot) -> None:
        await at_home(pilot)
        if theme:
            pilot.app.theme = theme
        await pilot.press("g", letter)
        kinds = (CollectScreen, TrainScreen)
        await until(pilot, lambda: isinstance(pilot.app.screen, kinds), "the screen")
        screen = pilot.app.screen
        assert isinstance(screen, kinds)
        await until(pilot, lambda: screen.state.reading is not None, "the reading")
        await pilot.press(*keys)
        # Charts are drawn once they know their size, one after the other.
        await pilot.pause(0.8)

    return ready


@sizes
def test_collect(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int, size: Size
) -> None:
    with live_rows.editing(project, run_id):
        assert snap_compare(app_on(backend), terminal_size=size, run_before=at("c"))


def test_collect_in_light(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int
) -> None:
    light = next(theme.name for theme in THEMES if not theme.dark)
    with live_rows.editing(project, run_id):
        ready = at("c", theme=light)
        assert snap_compare(app_on(backend), terminal_size=(120, 40), run_before=ready)


def test_collect_in_ascii(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int
) -> None:
    with live_rows.editing(project, run_id):
        app = app_on(backend, ascii_only=True)
        assert snap_compare(app, terminal_size=(120, 40), run_before=at("c"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_collect_with_an_expert_offline(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int, size: Size
) -> None:
    live_rows.offline(project, run_id)
    assert snap_compare(app_on(backend), terminal_size=size, run_before=at("c"))


@pytest.mark.usefixtures("project")
def test_collect_without_a_run(snap_compare: Compare, backend: PicturedBackend) -> None:
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=at("c"))


@sizes
def test_train(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int, size: Size
) -> None:
    live_rows.trained(project, run_id)
    with recorded.at_work(project, run_id):
        assert snap_compare(app_on(backend), terminal_size=size, run_before=at("t"))


def test_train_in_light(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int
) -> None:
    light = next(theme.name for theme in THEMES if not theme.dark)
    live_rows.trained(project, run_id)
    with recorded.at_work(project, run_id):
        ready = at("t", theme=light)
        assert snap_compare(app_on(backend), terminal_size=(120, 40), run_before=ready)


def test_train_in_ascii(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int
) -> None:
    live_rows.trained(project, run_id)
    with recorded.at_work(project, run_id):
        app = app_on(backend, ascii_only=True)
        assert snap_compare(app, terminal_size=(120, 40), run_before=at("t"))


def test_train_on_a_logarithmic_axis_without_nvml(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int
) -> None:
    live_rows.trained(project, run_id)
    backend.gpus = NoGpus(GpuLook((), NO_SMI))
    with recorded.at_work(project, run_id):
        assert snap_compare(app_on(backend), terminal_size=(120, 40), run_before=at("t", "l"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_train_that_ended_at_no_number(
    snap_compare: Compare, backend: PicturedBackend, project: Project, run_id: int, size: Size
) -> None:
    live_rows.trained(project, run_id)
    live_rows.not_a_number(project, run_id)
    assert snap_compare(app_on(backend), terminal_size=size, run_before=at("t"))


@pytest.mark.usefixtures("project")
def test_train_without_a_run(snap_compare: Compare, backend: PicturedBackend) -> None:
    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=at("t"))
