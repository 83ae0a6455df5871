"""The train screen driven by keys."""

from collections.abc import Iterator
from pathlib import Path

import live_rows
import pytest
import recorded
from live_rows import CARD
from piloting import NoGpus, StartedBackend, at_home, commands_of, said, text_of, until

from db.records import TrainStep
from db.store import Store
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.screens.report import ReportScreen
from tripost_tui.screens.train import TrainScreen
from tripost_tui.widgets.plot import ChartPane

SIZE = (120, 40)


async def open_train(pilot) -> TrainScreen:  # type: ignore[no-untyped-def]
    await at_home(pilot)
    await pilot.press("g", "t")
    await until(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the screen")
    screen: TrainScreen = pilot.app.screen
    await until(pilot, lambda: screen.state.reading is not None, "the reading")
    return screen


@pytest.fixture
def run_id(project: Project, backend: StartedBackend) -> Iterator[int]:
    run_id = recorded.record(project)
    live_rows.trained(project, run_id)
    backend.gpus = NoGpus(CARD)
    with recorded.at_work(project, run_id):
        yield run_id


async def test_it_shows_figures_charts_and_alerts(app: TripostApp, run_id: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_train(pilot)
        await until(pilot, lambda: "dev set" in text_of(pilot), "the charts")
        text = text_of(pilot)
    for part in (
        "● running · VRAM 5.0/12.0 GiB · ETA 3 min",
        "80 of 120",
        "% of 51 TFLOPS",
        "61 °C, 148 W",
        "step 60, 1 min ago",
        "! iteration 2, step 41: memory ran out",
        "Gradient norm",
        "Learning rate",
        "Tokens a second",
    ):
        assert part in text, part


async def test_new_steps_appear(app: TripostApp, project: Project, run_id: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_train(pilot)
        with Store.open(project.db_path) as store:
            store.add_train_steps(
                [
                    TrainStep(
                        run_id=run_id,
                        iteration=2,
                        step=81,
                        epoch=2.7,
                        loss=0.1234,
                        learning_rate=1e-4,
                        grad_norm=1.0,
                        tokens=8000,
                        weighted_tokens=1,
                        seconds=0.5,
                    )
                ]
            )
        await until(pilot, lambda: "0.1234" in text_of(pilot), "the new loss")
        await until(pilot, lambda: "now 0.123" in text_of(pilot), "the chart's words")


async def test_axes_turn_logarithmic_and_back(app: TripostApp, run_id: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_train(pilot)
        await pilot.press("l")
        await until(pilot, lambda: screen.state.chart("loss").log, "the logarithm")
        await until(pilot, lambda: "logarithmic" in text_of(pilot), "the word")
        await pilot.press("l")
        await until(pilot, lambda: not screen.state.chart("loss").log, "the line")


async def test_a_chart_takes_the_whole_screen(app: TripostApp, run_id: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_train(pilot)
        await pilot.press("z")
        await until(pilot, lambda: isinstance(screen.maximized, ChartPane), "the zoom")
        await pilot.press("escape")
        await until(pilot, lambda: screen.maximized is None, "all panes")


async def test_another_iteration_is_chosen(app: TripostApp, run_id: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_train(pilot)
        await pilot.press("full_stop")
        await said(pilot, "This is the last iteration with a training.")
        await pilot.press("comma")
        await until(pilot, lambda: screen.state.shown == 1, "iteration 1")
        assert "120 of 120" in text_of(pilot)


async def test_the_keys_of_the_run_are_the_same_here(
    app: TripostApp, project: Project, run_id: int
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_train(pilot)
        await pilot.press("p", "c", "s")
        await pilot.press("y")
        await until(pilot, lambda: len(commands_of(project.path, run_id)) == 3, "three commands")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")


async def test_a_screen_without_steps_says_so(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_train(pilot)
        await until(pilot, lambda: "There is no run yet. p starts it." in text_of(pilot))
        await pilot.press("l")
        await said(pilot, "There is no training step yet.")


async def test_the_figures_are_copied(
    app: TripostApp, run_id: int, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with app.run_test(size=SIZE) as pilot:
        await open_train(pilot)
        await pilot.press("y")
        await until(pilot, lambda: (state_folder / "copied.txt").exists(), "the copy")
    assert "step            80 of 120" in (state_folder / "copied.txt").read_text()
