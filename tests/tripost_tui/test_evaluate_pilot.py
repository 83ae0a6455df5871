"""The evaluate screen driven by keys, on real databases."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import recorded
from evaluated import (
    BETTER,
    SECOND,
    START,
    add_run,
    evaluate,
    evaluated_project,
)
from piloting import (
    AppPilot,
    StartedBackend,
    app_on,
    at_home,
    at_run,
    commands_of,
    said,
    text_of,
    until,
)
from textual.widgets import Input, OptionList

from db.records import CommandKind, RunStatus
from db.store import Store
from engine.comparing import ItemOrder, Measure, Outcome
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.screens.evaluate import EvaluateScreen
from tripost_tui.screens.report import ReportScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.widgets.items_list import ItemsList
from tripost_tui.widgets.text_view import TextPane

WIDE = (120, 40)


@pytest.fixture
def tested(tmp_path: Path) -> Project:
    return evaluated_project(tmp_path / "demo")


async def open_evaluate(pilot: AppPilot, *keys: str) -> EvaluateScreen:
    """From Home by the go-to menu, compared; then press ``keys``."""
    await at_home(pilot)
    await pilot.press("g", "e")

    def compared() -> bool:
        top = pilot.app.screen
        return isinstance(top, EvaluateScreen) and top.state.items.loaded

    await until(pilot, compared, "the comparison")
    await pilot.press(*keys)
    screen = pilot.app.screen
    assert isinstance(screen, EvaluateScreen)
    return screen


async def at_evaluate(pilot: AppPilot) -> EvaluateScreen:
    """From Home by the go-to menu, where there is nothing to compare."""
    await at_home(pilot)
    await pilot.press("g", "e")

    def read() -> bool:
        top = pilot.app.screen
        return isinstance(top, EvaluateScreen) and bool(
            top.state.run.reading or top.state.run.trouble
        )

    await until(pilot, read, "the reading")
    screen = pilot.app.screen
    assert isinstance(screen, EvaluateScreen)
    return screen


@pytest.mark.usefixtures("tested")
async def test_accuracy_updates_and_the_comparison_are_shown(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot)
        text = text_of(pilot)
        assert "iteration 2   30.0 (15–52) 60.0 (39–78)" in text
        assert "A start" in text
        assert "B against A: not distinguishable from luck (p = 0.18)" in text
        assert "No evaluation for iteration 3: p resumes the run" in text
        assert "●" in text


@pytest.mark.usefixtures("tested")
async def test_items_are_listed_with_what_changed(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "i")
        await until(pilot, lambda: "✓ wrong→right" in text_of(pilot))
        text = text_of(pilot)
        assert "→ ✗ right→wrong  unseen  24 → 36" in text
        assert "✗ right→wrong 2 · ✓ wrong→right 7 · ○ both wrong 6 · · both right 5" in text
        assert "A start  ✓ right, says 24" in text
        assert "B iteration 2  ✗ wrong, says 36" in text
        await pilot.press("j", "down", "j")
        assert screen.state.items.at == 3
        await pilot.press("k", "up")
        assert screen.state.items.at == 1
        await pilot.press("end")
        assert screen.state.items.at == 19
        await pilot.press("home")
        assert screen.state.items.at == 0


@pytest.mark.usefixtures("tested")
async def test_keys_of_items_say_why_not_while_accuracy_is_shown(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot, "f")
        await said(pilot, "The items are not shown: i shows them.")


@pytest.mark.usefixtures("tested")
async def test_filters_and_orders(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "enter", "f")
        assert screen.state.items.kind is Outcome.BROKEN
        assert "Items 1/2, 18 hidden" in text_of(pilot)
        for key, kind in zip("1234", (None, *list(Outcome)[1:]), strict=True):
            await pilot.press(key)
            assert screen.state.items.kind is kind
        await pilot.press("0", "u", "o")
        await said(pilot, "as in the test")
        view = screen.state.items
        assert view.order is ItemOrder.TEST
        assert list(view.places) == list(range(0, 20, 2))
        assert "10 seen items" in text_of(pilot)
        await pilot.press("escape")
        assert not screen.state.items.filtered
        assert screen.state.in_items
        await pilot.press("escape")
        assert not screen.state.in_items


@pytest.mark.usefixtures("tested")
async def test_words_are_found_and_let_go(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "i", "slash", *"(12 jp", "j")
        assert screen.query_one(Input).value == "(12 jpj"
        assert screen.state.items.at == 0
        await pilot.press("enter")
        assert "Nothing here: the filter hides 20 items, esc clears it." in text_of(pilot)
        await pilot.press("slash", *"(12", "enter")
        assert [row.question for row in screen.state.items.rows.values()] == ["(12 * 12 - 1) ="]
        await pilot.press("escape")
        assert len(screen.state.items.places) == 20
        await pilot.press("slash", "x", "escape")
        assert screen.state.items.words == ""
        assert screen.state.in_items


@pytest.mark.usefixtures("tested")
async def test_what_counts_is_turned(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "t")
        await said(pilot, "What counts: final answer, flexible")
        assert "Accuracy, read flexibly" in text_of(pilot)
        assert screen.state.items.crosstab.both_right == 6
        await pilot.press("t")
        assert screen.state.items.measure is Measure.FIRST


@pytest.mark.usefixtures("tested")
async def test_texts_are_beside_each_other_or_stacked_and_differences_marked(
    app: TripostApp,
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot, "i", "2")
        lines = text_of(pilot).splitlines()
        assert any("A Attempt" in line and "B Attempt" in line for line in lines)
        await pilot.press("d")
        assert "Item, differing words marked" in text_of(pilot)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "A and B: Attempt" in text_of(pilot), "one text for both")
        item = pilot.app.screen.query_one("#item-pair", TextPane)
        await pilot.press("d", "space")
        lines = text_of(pilot).splitlines()
        assert any("B Feedback" in line and "A Feedback" not in line for line in lines)
        assert item.scroll_offset.y > 0
        await pilot.press("pageup")
        assert item.scroll_offset.y == 0


async def test_another_model_is_chosen_from_a_list(app: TripostApp, tested: Project) -> None:
    with Store.open(tested.db_path) as store:
        add_run(store, (START, BETTER))
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "Model B" in text_of(pilot), "the list")
        text = text_of(pilot)
        assert "run 1, iteration 2" in text
        assert "80.0% right of 20 items" in text
        options = pilot.app.screen.query_one(OptionList)
        options.highlighted = 4
        await pilot.press("enter")
        await until(pilot, lambda: "run 1" in screen.state.items.names[1], "the other model")
        assert screen.state.items.names == ("run 2, start", "run 1, iteration 2")
        await pilot.press("w")
        assert screen.state.items.names == ("run 1, iteration 2", "run 2, start")
        await pilot.pause(0.7)
        # Readings of the run do not take back what a person chose.
        assert screen.state.items.names == ("run 1, iteration 2", "run 2, start")


async def test_models_that_cannot_be_compared_say_why(
    app: TripostApp, tested: Project, tmp_path: Path
) -> None:
    evaluated_project(tmp_path / "harder", (START,), offset=4)
    recorded.remember_project(tested.path)
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot)
        await pilot.press("m")
        await until(pilot, lambda: "Model A" in text_of(pilot), "the list")
        assert "another test: 20 items that are not the 20 of this one" in text_of(pilot)
        await pilot.press("end", "enter")
        await said(pilot, "They cannot be compared: another test")
        await pilot.press("m")
        await until(pilot, lambda: "Model A" in text_of(pilot), "the list")
        await pilot.press("j", "j", "enter")
        await said(pilot, "That is the other model already")
        assert screen.state.items.names == ("start", "iteration 2")


async def test_an_evaluation_is_followed(app: TripostApp, tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "demo", done=13)
    with recorded.at_work(project, 1):
        async with app.run_test(size=WIDE) as pilot:
            screen = await open_evaluate(pilot)
            assert "iteration 2: 13/20 evaluated" in text_of(pilot)
            assert "13 items of 20 so far" in text_of(pilot)
            assert "13 of 20 items so far;" in text_of(pilot)
            screen._not_before = 0.0
            with Store.open(project.db_path) as store:
                evaluate(store, 1, 2, SECOND, 13, 20)
            await until(pilot, lambda: len(screen.state.items.pairs) == 20, "the rest")
            assert "13/20" not in text_of(pilot)


async def test_the_key_that_runs_what_is_missing(
    app: TripostApp, backend: StartedBackend, tested: Project
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot, "p")
        await until(pilot, lambda: backend.started == [tested.path], "the start")
        with recorded.at_work(tested, 1, state="paused"):
            await until(pilot, lambda: "the run is paused; p resumes it" in text_of(pilot))
            await pilot.press("p")
            await said(pilot, "Asked the engine to resume.")
    assert commands_of(tested.path, 1) == [CommandKind.RESUME]


async def test_a_run_at_work_or_finished_needs_no_key(app: TripostApp, tested: Project) -> None:
    async with app.run_test(size=WIDE) as pilot:
        with recorded.at_work(tested, 1):
            await open_evaluate(pilot, "p")
            await said(pilot, "its evaluations come by themselves")
        recorded.finish(tested, 1, RunStatus.FINISHED)
        await until(pilot, lambda: "since the run is finished" in text_of(pilot), "the end")
        await pilot.press("p")
        await said(pilot, "This run is finished")


async def test_without_an_evaluation_it_says_how_one_comes(
    app: TripostApp, backend: StartedBackend, project: Project
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_evaluate(pilot)
        await until(pilot, lambda: "No evaluation yet: p starts the run" in text_of(pilot))
        assert "A comparison needs two models" in text_of(pilot)
        await pilot.press("i")
        await said(pilot, "There are no two models to compare yet.")
        await pilot.press("m")
        await said(pilot, "There is no run yet")
        await pilot.press("p")
        await until(pilot, lambda: backend.started == [project.path], "the start")


async def test_copies_of_the_item_and_of_the_comparison(
    app: TripostApp, tested: Project, state_folder: Path
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot, "y")
        await said(pilot, "copied.txt")
        (copied,) = state_folder.rglob("copied.txt")
        assert copied.read_text().startswith("A: start\nB: iteration 2\n20 items")
        await pilot.press("i", "y")
        await until(pilot, lambda: copied.read_text().startswith("Question (unseen)"), "the item")


@pytest.mark.usefixtures("tested")
async def test_report_zoom_and_the_way_back(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await at_home(pilot)
        await pilot.press("enter")
        await at_run(pilot)
        await pilot.press("g", "e")
        await until(pilot, lambda: isinstance(app.screen, EvaluateScreen))
        screen = app.screen
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")
        await pilot.press("escape", "z")
        assert screen.maximized is not None
        await pilot.press("escape")
        assert screen.maximized is None
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)
        await pilot.press("g", "o")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")


@pytest.mark.usefixtures("tested")
async def test_panes_scroll_where_they_are_stacked(app: TripostApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await open_evaluate(pilot, "j", "j", "j")
        overview = screen.query_one("#overview")
        assert overview.scroll_offset.y == 3
        await pilot.press("k")
        assert overview.scroll_offset.y == 2


@pytest.mark.usefixtures("tested")
async def test_a_click_goes_there(app: TripostApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "i")
        await pilot.click("#items-list", offset=(10, 5))
        await until(pilot, lambda: screen.state.items.at == 4, "the fifth")


async def test_a_long_list_has_its_lines_when_they_come_into_sight(
    app: TripostApp, tmp_path: Path
) -> None:
    evaluated_project(tmp_path / "demo", copies=40)
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "i", "o")
        queue = screen.query_one(ItemsList)
        assert "(0 * 0 - 1) =" in text_of(pilot)
        queue.scroll_to(y=500, animate=False)
        await until(pilot, lambda: "(500 * 500 - 1) =" in text_of(pilot), "the lines")
        assert screen.state.items.at == 0


async def test_a_database_in_use_is_told_and_nothing_is_lost(
    app: TripostApp, tested: Project
) -> None:
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_evaluate(pilot, "i")
        other = sqlite3.connect(tested.db_path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await pilot.press("j")
        await until(pilot, lambda: "The project database is busy" in text_of(pilot), "the notice")
        other.execute("ROLLBACK")
        other.close()
        await pilot.press("j")
        await until(pilot, lambda: "is busy" not in text_of(pilot), "the end of it")
        assert screen.state.items.item is not None


async def test_a_project_that_is_gone_is_told(app: TripostApp, tested: Project) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot)
        shutil.rmtree(tested.path)
        await until(pilot, lambda: "No such project" in text_of(pilot), "the notice")
        await pilot.press("p")
        await said(pilot, "The project cannot be read.")
        await pilot.press("escape")
        assert not isinstance(app.screen, EvaluateScreen)


@pytest.mark.usefixtures("tested")
async def test_ascii_means_ascii(backend: StartedBackend) -> None:
    app = app_on(backend, ascii_only=True)
    async with app.run_test(size=WIDE) as pilot:
        await open_evaluate(pilot)
        await pilot.pause()
        assert text_of(pilot).isascii()
        for key in ("t", "i", "d", "f", "j", "u", "o", "m"):
            await pilot.press(key)
            await pilot.pause()
            assert text_of(pilot).isascii()
