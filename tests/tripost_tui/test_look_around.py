"""Looking around in the recorded run: all screens, in a copy, with nothing started."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from piloting import StartedBackend, app_on, at_home, at_run, said, text_of, until

from db.records import CheckpointKind
from db.review_records import ReviewStatus
from db.store import Store
from engine.errors import ProjectError
from engine.play.outlook import look
from engine.process import spawn_engine
from engine.project import Project, known_projects
from engine.trained import find_trained
from tripost_tui.actions import STAGES, Target, action, goto_actions
from tripost_tui.app import TripostApp
from tripost_tui.cli import tripost
from tripost_tui.glyphs import UNICODE
from tripost_tui.recording import open_recording, recording_folder
from tripost_tui.screens.base import BaseScreen
from tripost_tui.screens.collect import CollectScreen
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.playground import Playground
from tripost_tui.widgets.collect_panes import drops_content


async def test_who_has_no_project_is_offered_to_look_around(app: TripostApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        assert "Press l to look around first" in text_of(pilot)
        await pilot.press("l")
        await at_run(pilot)
        await said(pilot, "A recording of a short demo run")
        await until(pilot, lambda: "recorded demo" in text_of(pilot), "the run")
        assert "finished" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        assert "Press d to start the demo" in text_of(pilot)
    assert known_projects() == []


async def test_what_needs_an_engine_says_why_not(app: TripostApp, backend: StartedBackend) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await pilot.press("l")
        await at_run(pilot)
        for key in ("p", "s", "c"):
            app.clear_notifications()
            await pilot.press(key)
            await said(pilot, "This is a recording")
    assert backend.started == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_it_opens_in_every_screen(size: tuple[int, int]) -> None:
    app = TripostApp(look=True, ascii_only=False)
    async with app.run_test(size=size) as pilot:
        await at_run(pilot)
        shown = []
        for _ in STAGES[1:]:
            before = app.screen
            await pilot.press("right_square_bracket")
            await until(pilot, lambda before=before: app.screen is not before, "the next stage")
            await pilot.pause(0.3)
            assert isinstance(app.screen, BaseScreen)
            shown.append(app.screen.TARGET)
            assert "This is a bug" not in text_of(pilot)
        assert shown == list(STAGES[1:])
        for action in goto_actions():
            if action.id in ("global.help", "global.home"):
                continue
            app.act(action.id)
            await pilot.pause(0.3)
            assert app._exception is None
            assert "This is a bug" not in text_of(pilot), action.id


async def test_decisions_stay_in_the_copy(app: TripostApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("l")
        await at_run(pilot)
        await pilot.press("v")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.item is not None, "reading")
        item = screen.view.item
        assert item is not None
        assert item.checked is not None
        await pilot.press("a")
        await until(pilot, lambda: screen.view.counts.accepted == 1, "the decision")
    copy = open_recording()
    with Store.open(copy.db_path) as store:
        assert store.review_state(item.id).status is ReviewStatus.ACCEPTED
    fresh = open_recording(fresh=True)
    assert fresh.path == copy.path == recording_folder()
    with Store.open(fresh.db_path) as store:
        assert store.review_state(item.id).status is ReviewStatus.PENDING


def test_no_engine_is_started_on_it_and_it_has_no_weights() -> None:
    project = open_recording()
    with pytest.raises(ProjectError, match="has no weights"):
        spawn_engine(project, new=True)
    with pytest.raises(ProjectError, match="has no weights"):
        find_trained(project)
    with Store.open(project.db_path, readonly=True) as store:
        run = store.latest_run()
        assert run is not None
        assert store.latest_checkpoint(run.id, 3, CheckpointKind.ITERATION) is not None


def test_a_copy_has_the_schema_of_now_and_no_backup() -> None:
    project = open_recording()
    assert not list(project.path.glob("*.bak*"))
    with Store.open(project.db_path, readonly=True) as store:
        assert store.latest_run() is not None


def test_a_copy_that_cannot_be_made_leaves_nothing(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(ProjectError, match="No space left"):
        open_recording()
    assert list(state_folder.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("TRIPOST_STATE_DIR", str(state_folder))
    assert open_recording().is_recording


def test_the_command_tells_where_the_copy_is() -> None:
    told = CliRunner().invoke(tripost, ["look", "--path"])
    assert told.exit_code == 0
    path = Path(told.stdout.strip())
    assert path == recording_folder()
    assert Project.open(path).name == "recorded demo"
    without = CliRunner().invoke(tripost, ["look"])
    assert without.exit_code == 2
    assert "needs a terminal" in without.output


async def test_the_app_on_a_recording_names_it(backend: StartedBackend) -> None:
    app = app_on(backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        assert not app.situation().recording
        await pilot.press("l")
        await at_run(pilot)
        assert app.situation().recording
        assert app.screen.TARGET is Target.RUN


async def test_its_name_is_the_same_on_every_screen(app: TripostApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await pilot.press("l")
        await at_run(pilot)
        for letter, named in (
            ("o", "Report, recorded demo"),
            ("d", "recorded demo"),
            ("x", "recorded demo"),
            ("p", "Playground recorded demo"),
        ):
            await pilot.press("g", letter)
            await until(pilot, lambda named=named: named in text_of(pilot), named)
            assert recording_folder().name not in text_of(pilot).split("\n", 1)[0]
            if letter == "p":
                await pilot.press("escape")
            await pilot.press("escape")


def test_the_student_as_it_started_can_be_asked_in_a_recording() -> None:
    place = open_recording()
    ground = Playground()
    outlook = look(place.path)
    ground.take(outlook)
    assert ground.chosen == (0,)
    (notice,) = [each for each in ground.notices() if each[1].startswith("No iter")]
    assert notice[1:] == ("No iterations 1, 2, 3", "a recording comes without what was trained")
    ask = action("playground.ask")
    assert ask.why_not(replace(ground.situation(), recording=True)) is None


async def test_a_finished_run_does_not_say_so_twice(app: TripostApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await pilot.press("l")
        await at_run(pilot)
        for letter, ready in (("o", "Working time"), ("d", "a recording has none")):
            await pilot.press("g", letter)
            await until(pilot, lambda ready=ready: ready in text_of(pilot), ready)
            assert "finished: finished" not in text_of(pilot)
            await pilot.press("escape")


async def test_what_a_finished_stage_did_not_drop_is_not_still_to_come(app: TripostApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await pilot.press("l")
        await at_run(pilot)
        await pilot.press("g", "c")
        await until(pilot, lambda: "after its own update" in text_of(pilot), "the counts")
        assert isinstance(app.screen, CollectScreen)
        state = app.screen.state
        assert state.reading is not None
        counters = replace(state.counters, drops=Counter())
        state.reading = replace(state.reading, counters=counters)
        assert drops_content(state, UNICODE).plain == "Nothing was dropped."
