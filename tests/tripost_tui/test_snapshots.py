"""Pictures of the screens at four sizes. Renew them with ``pytest --snapshot-update``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import recorded
from piloting import AppPilot, PicturedBackend, app_on, at_home, open_run, text_of, until

from db.records import RunStatus
from engine.config import Settings
from engine.project import Project, remember_project

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
Compare = Callable[..., bool]

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
def backend(tmp_path: Path) -> PicturedBackend:
    return PicturedBackend(tmp_path)


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[Project]:
    """Three projects: a new one, a finished one, and last the one at work."""
    remember_project(Project.create(tmp_path / "first-try", Settings()).path)
    finished = recorded.new_project(tmp_path / "yesterday")
    recorded.finish(finished, recorded.record(finished), RunStatus.FAILED, "out of memory")
    project = recorded.new_project(tmp_path / "tripost-demo")
    remember_project(project.path)
    with recorded.at_work(project, recorded.record(project)):
        yield project


@sizes
def test_home_empty(snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]) -> None:
    async def ready(pilot: AppPilot) -> None:
        await at_home(pilot)

    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


@sizes
@pytest.mark.usefixtures("at_work")
def test_home_with_runs(
    snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]
) -> None:
    async def ready(pilot: AppPilot) -> None:
        await at_home(pilot)

    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


async def run_drawn(pilot: AppPilot) -> None:
    await open_run(pilot)
    # The plot is drawn once it knows its size.
    await until(pilot, lambda: pilot.app.screen.query_one("#loss-canvas").size.height > 0)
    await pilot.pause()


@sizes
@pytest.mark.usefixtures("at_work")
def test_run(snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(backend), terminal_size=size, run_before=run_drawn)


@pytest.mark.usefixtures("at_work")
def test_run_in_ascii(snap_compare: Compare, backend: PicturedBackend) -> None:
    app = app_on(backend, ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=run_drawn)


NOTE = (
    "edit 12/40 · ollama:qwen3:8b: 31 replies, 1.9 s each, 12 replayed, 8 under way, it asked to "
    "wait 20 s · openai:gpt-5-mini@https://api.openai.com/v1: 4 replies, 0.8 s each, 2 under way"
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_run_that_asks_experts(
    snap_compare: Compare, backend: PicturedBackend, tmp_path: Path, size: tuple[int, int]
) -> None:
    project = recorded.new_project(tmp_path / "with-experts")
    run_id = recorded.record(project)
    recorded.alert(project, run_id, "ollama:qwen3:8b answers slower than before")
    with recorded.at_work(project, run_id, note=NOTE):
        assert snap_compare(app_on(backend), terminal_size=size, run_before=run_drawn)


@pytest.mark.parametrize("key", ["question_mark", "g", "s"], ids=["help", "go-to", "stop"])
@pytest.mark.usefixtures("at_work")
def test_dialogs_over_a_run(snap_compare: Compare, backend: PicturedBackend, key: str) -> None:
    async def ready(pilot: AppPilot) -> None:
        await run_drawn(pilot)
        await pilot.press(key)

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


@pytest.mark.usefixtures("at_work")
def test_quitting(snap_compare: Compare, backend: PicturedBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await at_home(pilot)
        await pilot.press("ctrl+q")

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=ready)


def test_too_small(snap_compare: Compare, backend: PicturedBackend) -> None:
    async def ready(pilot: AppPilot) -> None:
        await until(pilot, lambda: "make it larger" in text_of(pilot))

    assert snap_compare(app_on(backend), terminal_size=(50, 18), run_before=ready)
