"""What the train screen shows, without Textual."""

from pathlib import Path

import live_rows
import pytest
import recorded
from live_rows import CARD

from db.records import TrainStep
from db.store import Store
from engine.project import Project
from tripost_tui.state.gpu_watch import NO_SMI, GpuLook
from tripost_tui.state.train_reading import TrainReader
from tripost_tui.state.training import TrainState

CLOCK = recorded.Clock(recorded.NOW)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return recorded.new_project(tmp_path / "demo")


def read(project: Project, gpus: GpuLook = CARD, iteration: int | None = None) -> TrainState:
    state = TrainState("demo")
    with TrainReader(project.path, clock=CLOCK, gpus=lambda: gpus) as reader:
        reader.iteration = iteration
        state.apply(reader.read())
    return state


def told(state: TrainState) -> dict[str, str]:
    return {figure.name: figure.value for figure in state.lines(recorded.NOW)}


def test_figures_of_a_training_at_work(project: Project) -> None:
    run_id = recorded.record(project)
    live_rows.trained(project, run_id)
    with recorded.at_work(project, run_id):
        state = read(project)
        assert state.vram() == "VRAM 5.0/12.0 GiB"
        found = told(state)
    assert found["step"] == "80 of 120"
    speed = state.figures.tokens_per_s
    assert speed == pytest.approx(8000 / 0.495, rel=0.01)
    assert found["share of peak"] == f"{100 * speed * 2.5e9 / 51e12:.1f}% of 51 TFLOPS"
    assert found["VRAM"] == "5.0/12.0 GiB"
    assert found["temperature"] == "61 °C, 148 W"
    assert found["ETA"] == "1 min"
    assert found["checkpoint"] == "step 60, 1 min ago"
    assert found["dev set, best"] == "loss 0.4400 at 60"
    assert found["out of memory"] == "step 41: 2,048, was 4,096"


def test_alerts_are_those_of_the_iteration_the_newest_first(project: Project) -> None:
    run_id = recorded.record(project)
    live_rows.trained(project, run_id)
    live_rows.not_a_number(project, run_id)
    alerts = read(project).alerts(recorded.NOW)
    assert [level for level, _, _ in alerts] == ["error", "warning"]
    assert alerts[0][1:] == ("iteration 2, step 80: the loss is not a number", "40 s ago")
    assert "memory ran out; 2048 tokens at once" in alerts[1][1]
    assert read(project, iteration=1).alerts(recorded.NOW) == []


def test_a_loss_that_is_not_a_number_is_a_gap_and_said(project: Project) -> None:
    run_id = recorded.record(project)
    live_rows.not_a_number(project, run_id)
    state = read(project)
    raw = state.chart("loss").lines[0]
    assert len(raw.pieces) == 2
    assert told(state)["loss"] == "not a number"
    assert ("; gap: 2 steps", "error") in state.words("loss")


def test_that_nothing_is_known_of_the_gpu_is_said(project: Project) -> None:
    run_id = recorded.record(project)
    live_rows.trained(project, run_id)
    with recorded.at_work(project, run_id):
        state = read(project, GpuLook((), NO_SMI))
        assert told(state)["GPU"] == "no NVML here (nvidia-smi is not installed)"
        assert state.vram() == ""


def test_a_training_on_a_cpu_has_no_vram(project: Project) -> None:
    run_id = recorded.record(project)
    live_rows.trained(project, run_id, device="cpu")
    with recorded.at_work(project, run_id):
        found = told(read(project, GpuLook((), NO_SMI)))
    assert found["device"] == "CPU"
    assert found["share of peak"] == "not known for a CPU"
    assert "GPU" not in found
    assert found["engine's memory"] == "4.7 GiB"


def test_an_earlier_iteration_can_be_looked_at(project: Project) -> None:
    recorded.record(project)
    state = read(project)
    assert state.shown == 2
    assert state.choose(-1)
    earlier = read(project, iteration=state.wanted)
    assert earlier.shown == 1
    assert told(earlier)["step"] == "120 of 120"
    assert told(earlier)["training"] == "done"
    assert not earlier.choose(-1)


def test_steps_that_come_in_are_drawn_and_nothing_new_is_not_made_anew(project: Project) -> None:
    run_id = recorded.record(project)
    with TrainReader(project.path, clock=CLOCK) as reader:
        before = reader.read()
        assert reader.read().charts is before.charts
        with Store.open(project.db_path) as store:
            store.add_train_steps([_step(run_id, 81, 0.25)])
        after = reader.read()
        assert after.figures.last is not None
        assert after.figures.last.step == 81
        assert after.charts["loss"].x_range == (1.0, 81.0)
        reader.log = True
        assert reader.read().charts["loss"].log


def test_steps_that_are_replayed_count_once(project: Project) -> None:
    run_id = recorded.record(project)
    with TrainReader(project.path, clock=CLOCK) as reader:
        reader.read()
        with Store.open(project.db_path) as store:
            store.delete_train_steps_after(run_id, 2, 60)
            store.add_train_steps([_step(run_id, 61, 0.5)])
        reading = reader.read()
    assert reading.figures.last is not None
    assert (reading.figures.last.step, reading.figures.last.loss) == (61, 0.5)


def test_nothing_trained_says_where_the_run_is(project: Project) -> None:
    assert read(project).empty() == "There is no run yet. p starts it."
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store, store.transaction():
        store._change("DELETE FROM train_steps")
    with recorded.at_work(project, run_id):
        assert read(project).empty() == "The training begins: no step is done yet."
    with Store.open(project.db_path) as store, store.transaction():
        store._change("DELETE FROM stages WHERE name = 'train'")
        store._change("DELETE FROM heartbeats")
    said = "No training step yet. Its engine gives no sign of life."
    assert read(project).empty() == said


def _step(run_id: int, step: int, loss: float) -> TrainStep:
    return TrainStep(
        run_id=run_id,
        iteration=2,
        step=step,
        epoch=1.0,
        loss=loss,
        learning_rate=1e-4,
        grad_norm=1.0,
        tokens=8000,
        weighted_tokens=5000,
        seconds=0.5,
    )
