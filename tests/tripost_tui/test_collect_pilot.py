"""The collect screen driven by keys."""

from pathlib import Path

import live_rows
import pytest
import recorded
from live_rows import HOSTED, OLLAMA
from piloting import StartedBackend, app_on, at_home, commands_of, said, text_of, until
from textual.widgets import OptionList

from db.records import CommandKind
from engine.errors import ExpertUnavailable
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.screens.choosing import ChoiceDialog
from tripost_tui.screens.collect import CollectScreen
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.report import ReportScreen
from tripost_tui.situation import can_switch_expert

SIZE = (120, 40)


async def open_collect(pilot) -> CollectScreen:  # type: ignore[no-untyped-def]
    await at_home(pilot)
    await pilot.press("g", "c")
    await until(pilot, lambda: isinstance(pilot.app.screen, CollectScreen), "the screen")
    screen: CollectScreen = pilot.app.screen
    await until(pilot, lambda: screen.state.reading is not None, "the reading")
    return screen


@pytest.fixture
def run_id(project: Project) -> int:
    live_rows.asking(project)
    run_id = recorded.record(project)
    live_rows.calls(project, run_id)
    return run_id


async def test_it_shows_counts_drops_experts_and_the_newest_trajectory(
    app: TripostApp, project: Project, run_id: int
) -> None:
    with live_rows.editing(project, run_id):
        async with app.run_test(size=SIZE) as pilot:
            await open_collect(pilot)
            text = text_of(pilot)
    for part in (
        "60 attempts",
        "14 right at once",
        "23 sent, 23 updated",
        "15 ━━━━━━━━ keeps flagged span",
        OLLAMA,
        "33, 30 replied, 3 failed, 3 retried",
        "16 from the record, no call",
        "2 The expert took too long",
        "152,600 of 200,000 tokens left",
        "Newest trajectory, 37 of 37",
        "(-14 - 4) = -10",
        "edit 48/60, 1.9/s, ETA 1 min",
    ):
        assert part in text, part


async def test_a_trajectory_is_held_and_others_are_gone_to(
    app: TripostApp, project: Project, run_id: int
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_collect(pilot)
        await pilot.press("k", "k")
        await until(pilot, lambda: "Held, 35 of 37" in text_of(pilot), "the one before")
        await pilot.press("j")
        await until(pilot, lambda: "Held, 36 of 37" in text_of(pilot), "the one after")
        assert screen.situation().held
        await pilot.press("space")
        await until(pilot, lambda: "Newest trajectory, 37 of 37" in text_of(pilot), "the newest")


async def test_what_is_gone_to_comes_into_sight_where_panes_are_stacked(
    app: TripostApp, project: Project, run_id: int
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_collect(pilot)
        assert "Attempt, by student" not in text_of(pilot)
        await pilot.press("k")
        await until(pilot, lambda: "Held, 36 of 37" in text_of(pilot), "the one before")


async def test_another_iteration_is_chosen(app: TripostApp, project: Project, run_id: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_collect(pilot)
        await pilot.press("full_stop")
        await said(pilot, "This is the last iteration that collects.")
        await pilot.press("comma")
        await until(pilot, lambda: screen.state.shown == 1, "iteration 1")
        assert "Collected, iteration 1" in text_of(pilot)


async def test_the_keys_of_the_run_are_the_same_here(
    app: TripostApp, project: Project, run_id: int
) -> None:
    with live_rows.editing(project, run_id):
        async with app.run_test(size=SIZE) as pilot:
            screen = await open_collect(pilot)
            await pilot.press("w")
            await said(pilot, "The engine is at work")
            await pilot.press("p", "c")
            await until(pilot, lambda: len(commands_of(project.path, run_id)) == 2, "commands")
            await pilot.press("s")
            assert isinstance(app.screen, ConfirmDialog)
            await pilot.press("y")
            await until(pilot, lambda: len(commands_of(project.path, run_id)) == 3, "the stop")
            await pilot.press("z")
            await until(pilot, lambda: screen.maximized is not None, "the zoom")
            await pilot.press("escape", "r")
            await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")
    assert commands_of(project.path, run_id)[-1] is CommandKind.STOP


async def test_an_expert_that_is_offline_is_asked_again(
    app: TripostApp, backend: StartedBackend, project: Project, run_id: int
) -> None:
    live_rows.offline(project, run_id)
    async with app.run_test(size=SIZE) as pilot:
        await open_collect(pilot)
        text = text_of(pilot)
        assert f"The expert does not answer: {OLLAMA}" in text
        assert "r retry" in text
        assert "s scripts" in text
        await pilot.press("r")
        await until(pilot, lambda: backend.started == [project.path], "the start")


async def test_the_scripts_go_on_for_an_expert(
    app: TripostApp, backend: StartedBackend, project: Project, run_id: int
) -> None:
    live_rows.offline(project, run_id)
    async with app.run_test(size=SIZE) as pilot:
        await open_collect(pilot)
        await pilot.press("s")
        await until(pilot, lambda: backend.started == [project.path], "the start")
    experts = Project.open(project.path).settings.experts
    assert (experts.feedback, experts.improve) == (("script",), (HOSTED,))


async def test_another_expert_is_chosen_from_those_that_are_found(
    app: TripostApp, backend: StartedBackend, project: Project, run_id: int
) -> None:
    live_rows.offline(project, run_id, expert=HOSTED)
    async with app.run_test(size=SIZE) as pilot:
        await open_collect(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the choice")
        assert app.screen.query_one(OptionList).option_count == 2
        await pilot.press("j", "enter")
        await until(pilot, lambda: backend.started == [project.path], "the start")
    experts = Project.open(project.path).settings.experts
    assert (experts.feedback, experts.improve) == ((OLLAMA,), (OLLAMA,))


async def test_leaving_the_choice_changes_nothing(
    app: TripostApp, backend: StartedBackend, project: Project, run_id: int
) -> None:
    live_rows.offline(project, run_id)
    before = project.settings_path.read_text()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_collect(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the choice")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the screen")
        assert screen.state.busy is None
        assert can_switch_expert(screen.situation()) is None
    assert backend.started == []
    assert project.settings_path.read_text() == before


class Unreachable(StartedBackend):
    """Refuses to start, since the expert is still not there."""

    def start(self, path: Path) -> None:
        raise ExpertUnavailable("nobody listens", "The expert does not answer", OLLAMA)


async def test_a_start_that_the_expert_keeps_from_working_is_told_on_the_screen(
    tmp_path: Path, project: Project, run_id: int
) -> None:
    app = app_on(Unreachable(tmp_path))
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_collect(pilot)
        assert screen.state.offline is None
        await pilot.press("p")
        await said(pilot, "The expert does not answer, still.")
        await until(pilot, lambda: "nobody listens" in text_of(pilot), "the reason")
        assert screen.situation().expert_offline


async def test_settings_that_do_not_fit_are_told(
    app: TripostApp, backend: StartedBackend, project: Project, run_id: int
) -> None:
    live_rows.offline(project, run_id)
    project.settings_path.write_text("not TOML")
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_collect_or_trouble(pilot)
        assert screen.state.trouble is not None
        assert "cannot be read" in (can_switch_expert(screen.situation()) or "")


async def open_collect_or_trouble(pilot) -> CollectScreen:  # type: ignore[no-untyped-def]
    await at_home(pilot)
    await pilot.press("g", "c")
    await until(pilot, lambda: isinstance(pilot.app.screen, CollectScreen), "the screen")
    screen: CollectScreen = pilot.app.screen
    await until(pilot, lambda: screen.state.reading or screen.state.trouble, "the reading")
    return screen


async def test_a_screen_without_a_run_says_so(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_collect(pilot)
        await until(pilot, lambda: "There is no run yet. p starts it." in text_of(pilot))
        await pilot.press("space")
        await said(pilot, "There is no trajectory yet.")
        await pilot.press("comma")
        await said(pilot, "There is no other iteration")


async def test_the_trajectory_is_copied(
    app: TripostApp,
    project: Project,
    run_id: int,
    state_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    async with app.run_test(size=SIZE) as pilot:
        await open_collect(pilot)
        await pilot.press("y")
        await until(pilot, lambda: (state_folder / "copied.txt").exists(), "the copy")
    assert recorded.WRONG in (state_folder / "copied.txt").read_text()
