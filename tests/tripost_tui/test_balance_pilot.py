"""The balance, driven by keys."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from balanced import balanced_project
from piloting import AppPilot, StartedBackend, app_on, said, text_of, until
from textual.widgets import Input

from db.records import ExampleKind, RunStatus
from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from engine.config import load_settings
from engine.project import Project
from engine.stage_two import Values
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.screens.balance import BalanceScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.balance import RATIO
from tripost_tui.state.balance_port import BalancePort, CountPort, Pulse
from tripost_tui.state.balance_store import StoreBalance
from tripost_tui.state.balance_view import ALL, DROPPED, TRAINS, Source
from tripost_tui.state.place import Place

SIZE = (120, 40)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return balanced_project(tmp_path / "demo")[0]


@pytest.fixture
def app(project: Project) -> TripostApp:
    return app_on(StartedBackend(project.path.parent))


async def balance_of(pilot: AppPilot, project: Project) -> BalanceScreen:
    app = pilot.app
    assert isinstance(app, TripostApp)
    app.open_stage(Target.BALANCE, Place(project.path, project.name))
    screen = app.screen
    assert isinstance(screen, BalanceScreen)
    await settled(pilot, screen)
    return screen


async def settled(pilot: AppPilot, screen: BalanceScreen) -> None:
    """Wait until all is counted, and the text is that of the line one is at."""

    def done() -> bool:
        view = screen.view
        entry = view.entries[view.shown[view.at]] if view.at >= 0 else None
        shown = view.example.entry if view.example is not None else None
        return view.loaded and view.job is None and entry is shown

    await until(pilot, done, "counting")


async def test_go_to_leads_there_and_brackets_lead_on(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        app.open_stage(Target.RUN, Place(project.path, project.name))
        await pilot.press("g", "b")
        await until(pilot, lambda: isinstance(app.screen, BalanceScreen))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: isinstance(app.screen, BalanceScreen))


async def test_p_is_tried_with_each_key_and_taken_back(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        before = screen.view.balance
        await pilot.press("p")
        entry = screen.query_one(Input)
        entry.value = ""
        await pilot.press(*"p=0.6")
        await until(pilot, lambda: screen.view.values.get(RATIO) == pytest.approx(3.0))
        await settled(pilot, screen)
        assert screen.view.balance != before
        await pilot.press("x")
        await until(pilot, lambda: "is no number" in text_of(pilot))
        await pilot.press("enter")
        assert screen.situation().typing, "what is wrong is not kept"
        await pilot.press("escape")
        await settled(pilot, screen)
        await until(pilot, lambda: screen.view.balance == before)
        assert not screen.situation().typing
        assert app.screen is screen


async def test_weights_are_kept_with_enter_and_saved(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        await pilot.press("ctrl+s")
        await said(pilot, "are as they are saved")
        await pilot.press("w")
        screen.query_one(Input).value = "w=2.5"
        await pilot.press("enter")
        await until(pilot, lambda: screen.view.values["train.weight"] == 2.5)
        assert "Not saved" in text_of(pilot)
        assert load_settings(project.settings_path).train.weight == 1.5
        await pilot.press("ctrl+s")
        await said(pilot, "Iteration 2 will be made with them")
        assert load_settings(project.settings_path).train.weight == 2.5
        await until(pilot, lambda: "Not saved" not in text_of(pilot))


async def test_plus_minus_zero_and_reset(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        start = screen.view.values[RATIO]
        await pilot.press("plus")
        await until(pilot, lambda: screen.view.values[RATIO] > start)
        await pilot.press("minus", "minus")
        await until(pilot, lambda: screen.view.values[RATIO] < start)
        await pilot.press("0")
        await until(pilot, lambda: screen.view.values[RATIO] == 0)
        await settled(pilot, screen)
        assert "p off: all is taken" in text_of(pilot)
        await pilot.press("u")
        await until(pilot, lambda: screen.view.values[RATIO] == start)
        await pilot.press("u")
        await said(pilot, "are as they are saved")


async def test_rows_kinds_and_moving(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        await pilot.press("f")
        await until(pilot, lambda: screen.view.rows == DROPPED)
        await settled(pilot, screen)
        assert screen.view.example is not None
        assert f": {screen.view.example.entry.dropped}" in text_of(pilot)
        await pilot.press("F", "F")
        await until(pilot, lambda: screen.view.rows == ALL)
        await pilot.press("f", "t")
        await until(pilot, lambda: screen.view.kind is ExampleKind.IMPROVING)
        assert screen.view.rows == TRAINS
        await pilot.press("end")
        await settled(pilot, screen)
        last = len(screen.view.shown) - 1
        assert screen.view.at == last
        await pilot.press("k", "up")
        await settled(pilot, screen)
        assert screen.view.at == last - 2
        await pilot.press("home", "j", "down")
        await settled(pilot, screen)
        assert screen.view.at == 2
        await pilot.click("#examples", offset=(5, 1))
        await until(pilot, lambda: screen.view.at == 0)


async def test_numbers_zoom_and_scrolling(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await balance_of(pilot, project)
        await pilot.press("z")
        await until(pilot, lambda: screen.maximized is not None)
        assert "{0}" not in text_of(pilot)
        await pilot.press("n")
        await pilot.press("pagedown")
        await until(pilot, lambda: "{0}" in text_of(pilot) or "{1.5}" in text_of(pilot))
        top = screen._example.scroll_offset.y
        assert top > 0
        await pilot.press("pageup")
        await until(pilot, lambda: screen._example.scroll_offset.y < top)
        await pilot.press("z")
        await until(pilot, lambda: screen.maximized is None)


async def test_copying(app: TripostApp, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(app, "copy", copied.append)
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        await pilot.press("y", "n", "y")
        await until(pilot, lambda: len(copied) == 2)
        assert screen.view.example is not None
        plain = "".join(piece.text for piece in screen.view.example.pieces)
        assert copied[0] == plain + "\n"
        assert copied[1].endswith("<end>{1.5}\n")


async def test_iterations(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        await pilot.press("i")
        await said(pilot, "the run's last iteration")
        await pilot.press("I")
        await until(pilot, lambda: screen.view.source is Source.STORED)
        await settled(pilot, screen)
        assert "as trained on" in text_of(pilot)
        await pilot.press("plus")
        await until(pilot, lambda: screen.view.source is Source.WHAT_IF)
        await settled(pilot, screen)
        await pilot.press("i")
        await until(pilot, lambda: screen.view.iteration == 2)
        await settled(pilot, screen)
        assert not screen.view.edited


async def test_a_review_from_elsewhere_is_shown(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await balance_of(pilot, project)
        with Store.open(project.db_path) as store:
            row = store.trajectories(1, 2)[0]
            change = ReviewChange(trajectory_id=row.id, kind=ReviewKind.REJECT)
            store.review_step(1, [change])
        await until(pilot, lambda: screen.view.reviews.rejected == 1)
        await settled(pilot, screen)
        assert "1 rejected, 0 edited in review" in text_of(pilot)


# --- counting that takes long, and what goes wrong ---------------------------------------------


class SlowCounter(CountPort):
    """Counts when it is let."""

    def __init__(self, counter: CountPort, let: Event) -> None:
        self._counter, self._let = counter, let

    def count(self, iteration: int, values: Values, pulse: Pulse):  # type: ignore[no-untyped-def]
        while not self._let.wait(0.005):
            pulse(1, 4)
        return self._counter.count(iteration, values, pulse)

    def close(self) -> None:
        self._counter.close()


class SlowBackend(StartedBackend):
    """Counting waits for ``let``."""

    def __init__(self, folder: Path, let: Event) -> None:
        super().__init__(folder)
        self._let = let

    def balance(self, path: Path, run_id: int | None) -> BalancePort:
        let = self._let

        class Slow(StoreBalance):
            def counter(self) -> CountPort:
                return SlowCounter(super().counter(), let)

        return Slow(path, run_id)


@pytest.fixture
def let() -> Iterator[Event]:
    event = Event()
    yield event
    event.set()


async def test_while_it_counts_keys_work_and_old_counts_stand(project: Project, let: Event) -> None:
    app = app_on(SlowBackend(project.path.parent, let))
    async with app.run_test(size=SIZE) as pilot:
        app.open_stage(Target.BALANCE, Place(project.path, project.name))
        screen = app.screen
        assert isinstance(screen, BalanceScreen)
        await until(pilot, lambda: "counting 25%" in text_of(pilot))
        assert "19 trajectories kept" in text_of(pilot)
        await pilot.press("I")
        await until(pilot, lambda: screen.view.source is Source.STORED)
        await settled(pilot, screen)
        stored = screen.view.balance
        await pilot.press("plus")
        await until(pilot, lambda: screen.view.job is not None)
        assert screen.view.balance == stored
        await pilot.press("j")
        await until(pilot, lambda: screen.view.at == 1)
        let.set()
        await settled(pilot, screen)
        assert screen.view.balance != stored


async def test_leaving_ends_the_counting(project: Project, let: Event) -> None:
    app = app_on(SlowBackend(project.path.parent, let))
    async with app.run_test(size=SIZE) as pilot:
        app.open_stage(Target.BALANCE, Place(project.path, project.name))
        screen = app.screen
        assert isinstance(screen, BalanceScreen)
        await until(pilot, lambda: "counting 25%" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: not screen.is_attached)
        screen._counting._thread.shutdown(wait=True)


async def test_a_damaged_trajectory_is_told(app: TripostApp, project: Project) -> None:
    with Store.open(project.db_path) as store:
        store._change("UPDATE trajectories SET text = 'x' WHERE iteration = 2")
    async with app.run_test(size=SIZE) as pilot:
        app.open_stage(Target.BALANCE, Place(project.path, project.name))
        await until(pilot, lambda: "cannot be read back" in text_of(pilot))


async def test_a_run_that_is_over_saves_for_a_new_one(app: TripostApp, project: Project) -> None:
    with Store.open(project.db_path) as store:
        store.set_run_status(1, RunStatus.FINISHED)
    async with app.run_test(size=SIZE) as pilot:
        await balance_of(pilot, project)
        await pilot.press("plus", "ctrl+s")
        await said(pilot, "tripost run --new")
