"""The app driven by keys, on recorded runs."""

from pathlib import Path
from threading import Event

import pytest
import recorded
from piloting import (
    StartedBackend,
    app_on,
    at_home,
    at_run,
    commands_of,
    open_run,
    said,
    text_of,
    until,
)
from textual.geometry import Region

from db.records import CommandKind, RunStatus
from engine.project import Project
from tripost_tui.actions import goto_actions
from tripost_tui.app import TripostApp
from tripost_tui.screens.dialogs import ConfirmDialog, GotoDialog
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.new_project import NewProjectScreen
from tripost_tui.screens.quit import QuitDialog
from tripost_tui.screens.report import ReportScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.widgets.pane import Pane


async def test_home_without_runs_says_what_to_press(app: TripostApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        text = text_of(pilot)
        assert "No runs yet." in text
        assert "Press d to start the demo" in text
        assert "Press n to make a project" in text
        await pilot.press("enter")
        await said(pilot, "no project in the list")


async def test_home_lists_a_run_and_opens_it(app: TripostApp, project: Project) -> None:
    with recorded.at_work(project, recorded.record(project)):
        async with app.run_test(size=(80, 24)) as pilot:
            await at_home(pilot)
            text = text_of(pilot)
            assert "● running" in text
            assert "iteration 2/3" in text
            assert "42.5 → 57.5% right" in text
            assert "checkpoint saved at step 60, just now" in text
            await pilot.press("enter")
            await at_run(pilot)
            assert "demo · iteration 2/3 · train · ● running · ETA 3 min" in text_of(pilot)
            await pilot.press("escape")
            assert isinstance(app.screen, HomeScreen)


async def test_enter_ahead_of_the_first_reading_opens_what_it_finds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    let, backend = Event(), StartedBackend(project.path.parent)
    home = backend.home
    monkeypatch.setattr(backend, "home", lambda: home() if let.wait(10) else [])
    with recorded.at_work(project, recorded.record(project)):
        app = app_on(backend)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("enter")
            assert isinstance(app.screen, HomeScreen)
            let.set()
            await at_run(pilot)


async def test_the_run_screen_shows_everything_side_by_side(
    app: TripostApp, project: Project
) -> None:
    with recorded.at_work(project, recorded.record(project)):
        async with app.run_test(size=(120, 40)) as pilot:
            await open_run(pilot)
            await until(pilot, lambda: "now 0.302" in text_of(pilot), "the loss")
            text = text_of(pilot)
    for part in (
        "● train",
        "80/120",
        "60 attempts",
        "15 ━━━━━━━━ keeps flagged span",
        "57.5 (42–71)",
        "Attempt, by student",
        "Feedback: incorrect at step (2), by script",
    ):
        assert part in text


async def test_new_rows_appear_while_the_screen_is_open(app: TripostApp, project: Project) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id):
        async with app.run_test(size=(120, 40)) as pilot:
            await open_run(pilot)
            recorded.finish(project, run_id, RunStatus.FINISHED)
            await until(pilot, lambda: "✓ finished" in text_of(pilot), "the end of the run")
            await pilot.press("p")
            await said(pilot, "This run is finished: nothing to pause or resume.")


async def test_pause_checkpoint_and_stop_leave_commands(app: TripostApp, project: Project) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id):
        async with app.run_test(size=(80, 24)) as pilot:
            await open_run(pilot)
            await pilot.press("p", "c")
            await until(pilot, lambda: len(commands_of(project.path, run_id)) == 2, "two commands")
            await pilot.press("s")
            assert isinstance(app.screen, ConfirmDialog)
            await pilot.press("n")
            await pilot.press("s", "y")
            await until(pilot, lambda: len(commands_of(project.path, run_id)) == 3, "the stop")
            await until(pilot, lambda: "stopping" in text_of(pilot), "the word stopping")
    assert commands_of(project.path, run_id)[-1] is CommandKind.STOP
    assert set(commands_of(project.path, run_id)[:2]) == {CommandKind.PAUSE, CommandKind.CHECKPOINT}


async def test_a_paused_run_is_resumed_by_the_same_key(app: TripostApp, project: Project) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id, state="paused"):
        async with app.run_test(size=(80, 24)) as pilot:
            await open_run(pilot)
            assert "‖ paused" in text_of(pilot)
            await pilot.press("p")
            await until(pilot, lambda: commands_of(project.path, run_id), "the command")
    assert commands_of(project.path, run_id) == [CommandKind.RESUME]


async def test_the_demo_is_made_started_and_opened(
    app: TripostApp, backend: StartedBackend, tmp_path: Path
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("d")
        await at_run(pilot)
        assert backend.started == [tmp_path / "tripost-demo"]
        assert "demo · ○ not started" in text_of(pilot)
    assert Project.open(tmp_path / "tripost-demo").settings.run.name == "demo"


async def test_the_report_is_shown_and_copied(
    app: TripostApp, project: Project, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    recorded.record(project)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")
        await until(pilot, lambda: "better than the start by 15.0 points" in text_of(pilot))
        await pilot.press("y")
        await until(pilot, lambda: (state_folder / "copied.txt").exists(), "the copy")
        await said(pilot, "copied.txt")
        assert (state_folder / "copied.txt").read_text().startswith("# Run 1")
        await pilot.press("w")
        page = project.exports / "report-run1.html"
        await until(pilot, page.exists, "the page")
        await until(pilot, lambda: "Written:" in text_of(pilot), "where it is")
        await until(pilot, lambda: str(page) in (state_folder / "copied.txt").read_text())
        await pilot.press("j", "escape")
        assert isinstance(app.screen, RunScreen)


async def test_a_web_page_that_is_done_after_the_report_is_left_is_told_all_the_same(
    app: TripostApp, project: Project, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.record(project)
    left, page = Event(), project.exports / "report-run1.html"

    def drawn(*_: object) -> Path:
        left.wait(30)
        return page

    monkeypatch.setattr(app.backend, "report_page", drawn)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with app.run_test(size=(120, 40)) as pilot:
        await open_run(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "better than the start by 15.0 points" in text_of(pilot))
        await pilot.press("w", "escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")
        left.set()
        copied = state_folder / "copied.txt"
        await until(pilot, lambda: copied.exists() and str(page) in copied.read_text())
        assert isinstance(app.screen, RunScreen)


async def test_quitting_while_a_run_is_at_work_asks_and_leaves_it_by_default(
    app: TripostApp, project: Project
) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id):
        async with app.run_test(size=(80, 24)) as pilot:
            await at_home(pilot)
            await pilot.press("ctrl+q")
            assert isinstance(app.screen, QuitDialog)
            await pilot.press("escape")
            assert isinstance(app.screen, HomeScreen)
            await pilot.press("ctrl+q", "enter")
            await pilot.pause()
            assert not app.is_running or app._exit
    assert commands_of(project.path, run_id) == []


async def test_quitting_asks_of_a_run_that_was_started_just_now(
    backend: StartedBackend, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home has not seen it yet, and it must not be left at work without a word."""
    recorded.finish(project, recorded.record(project), RunStatus.STOPPED)
    loaded = Event()
    monkeypatch.setattr(backend, "start", lambda _: loaded.wait(20))
    app = app_on(backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("p", "ctrl+q")
        assert isinstance(app.screen, QuitDialog)
        assert "demo is at work" in text_of(pilot)
        await pilot.press("escape")
        loaded.set()
        await pilot.pause()


async def test_quitting_can_stop_the_run(app: TripostApp, project: Project) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id):
        async with app.run_test(size=(80, 24)) as pilot:
            await at_home(pilot)
            await pilot.press("ctrl+q", "s")
            await until(pilot, lambda: app._exit, "the end")
    assert commands_of(project.path, run_id) == [CommandKind.STOP]


async def test_quitting_with_nothing_at_work_just_quits(app: TripostApp, project: Project) -> None:
    recorded.record(project)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("ctrl+q")
        assert app._exit


async def test_ctrl_c_neither_quits_nor_stops(app: TripostApp, project: Project) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id):
        async with app.run_test(size=(80, 24)) as pilot:
            await at_home(pilot)
            await pilot.press("ctrl+c")
            assert not app._exit
            await said(pilot, "ctrl+q quits the app. Runs go on without it.")
    assert commands_of(project.path, run_id) == []


async def test_help_palette_and_go_to(app: TripostApp, project: Project) -> None:
    recorded.record(project)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "f1")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "g")
        assert isinstance(app.screen, GotoDialog)
        await pilot.press("r")
        await at_run(pilot)
        await pilot.press("g", "h")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search for commands" in text_of(pilot), "the palette")


async def test_the_palette_carries_out_what_is_chosen(app: TripostApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("ctrl+p", *"new  n")
        await until(pilot, lambda: "Make a new project" in text_of(pilot), "the command")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen), "the form")


async def test_a_pane_takes_the_whole_screen_and_gives_it_back(
    app: TripostApp, project: Project
) -> None:
    recorded.record(project)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot)
        await pilot.press("z")
        await until(pilot, lambda: isinstance(screen.maximized, Pane), "the zoom")
        assert "Feedback: correct, by script" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: screen.maximized is None, "all panes")
        assert app.screen is screen


async def test_any_zoomed_pane_fills_the_screen_below_the_top_line(
    app: TripostApp, project: Project
) -> None:
    recorded.record(project)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_run(pilot)
        for pane in ("#stages", "#loss", "#trajectory"):
            screen.query_one(pane).focus()
            await pilot.press("z")
            await until(pilot, lambda: screen.maximized is not None, "the zoom")
            await pilot.pause()
            assert screen.query_one("#top").region.y == 0
            assert screen.query_one(pane).region == Region(0, 1, 120, 38)
            await pilot.press("escape")
            await until(pilot, lambda: screen.maximized is None, "all panes")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_the_go_to_menu_shows_every_screen_and_says_once_why_not(
    app: TripostApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await at_home(pilot)
        await pilot.press("g")
        await pilot.pause()
        text = text_of(pilot)
        for each in goto_actions():
            assert f" {each.letter}  {each.description[:30]}" in text
        assert text.count("Not now r c v b t e o p x: There is no project") == 1
        assert "d the demo." in text


async def test_forgetting_a_project_asks_and_keeps_its_files(
    app: TripostApp, project: Project
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        home = await at_home(pilot)
        await pilot.press("x", "escape")
        assert len(home.state.rows) == 1
        await pilot.press("x", "y")
        await until(pilot, lambda: not home.state.rows, "the empty list")
    assert project.db_path.exists()


async def test_a_project_can_be_opened_at_once(backend: StartedBackend, project: Project) -> None:
    recorded.record(project)
    app = app_on(backend, project.path)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_run(pilot)
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)
