"""Pictures of the doctor's screen. Renew them with ``pytest --snapshot-update``."""

from pathlib import Path
from threading import Event

import pytest
import recorded
from piloting import AppPilot, PicturedBackend, app_on, at_home, until
from test_snapshots import SIZES, Compare

from db.records import Level, RunStatus
from db.store import Store
from engine.doctor import Check
from tripost_tui.screens.doctor import DoctorScreen

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")

LOG = """/site-packages/transformers/modeling_utils.py:3303: FutureWarning: `x` is deprecated.
  warnings.warn(
run 1: iteration 1 of 3
[@click=app.bell]press me[/] \x1b[31mred\x1b[0m \u202eback
run 1: iteration 2 of 3
Traceback (most recent call last):
  File "/site-packages/torch/optim/adamw.py", line 243, in step
    torch._foreach_add_(device_exp_avgs, device_grads)
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.25 GiB.
The run failed: out of memory
"""


@pytest.fixture
def backend(tmp_path: Path) -> PicturedBackend:
    return PicturedBackend(tmp_path)


@pytest.fixture
def failed(tmp_path: Path) -> None:
    """A run that ran out of memory."""
    project = recorded.new_project(tmp_path / "tripost-demo")
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store, store.transaction():
        store.add_event(run_id, "memory.low", "micro-batches are halved", level=Level.WARNING)
        store._change("UPDATE events SET at = ?", recorded.NOW - 90)
    recorded.finish(project, run_id, RunStatus.FAILED, "out of memory")
    (project.logs / "engine.log").write_text(LOG)


async def ready(pilot: AppPilot) -> None:
    await at_home(pilot)
    await pilot.press("g", "d")
    screen = pilot.app.screen
    assert isinstance(screen, DoctorScreen)
    state = screen.state
    await until(pilot, lambda: state.checks is not None and (state.has_log or not state.project))
    await pilot.pause()


@sizes
@pytest.mark.usefixtures("failed")
def test_doctor(snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


@pytest.mark.usefixtures("failed")
def test_doctor_in_ascii(snap_compare: Compare, backend: PicturedBackend) -> None:
    app = app_on(backend, ascii_only=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=ready)


@pytest.mark.usefixtures("failed")
def test_doctor_showing_errors_alone(snap_compare: Compare, backend: PicturedBackend) -> None:
    async def filtered(pilot: AppPilot) -> None:
        await ready(pilot)
        await pilot.press("3")

    assert snap_compare(app_on(backend), terminal_size=(80, 24), run_before=filtered)


@sizes
def test_doctor_without_a_project(
    snap_compare: Compare, backend: PicturedBackend, size: tuple[int, int]
) -> None:
    assert snap_compare(app_on(backend), terminal_size=size, run_before=ready)


def test_doctor_while_it_looks(snap_compare: Compare, tmp_path: Path) -> None:
    go = Event()

    class Waiting(PicturedBackend):
        def examine(self) -> list[Check]:
            go.wait(60)
            return []

    async def looking(pilot: AppPilot) -> None:
        await at_home(pilot)
        await pilot.press("g", "d")

    try:
        assert snap_compare(app_on(Waiting(tmp_path)), terminal_size=(80, 24), run_before=looking)
    finally:
        go.set()
