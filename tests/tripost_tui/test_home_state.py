"""The list of Home, without Textual."""

from pathlib import Path

import recorded

from db.records import RunStatus
from tripost_tui.state.home import HomeState, RunRow
from tripost_tui.state.reading import HomeReader, folder_bytes

CLOCK = recorded.Clock(recorded.NOW)


def row(name: str) -> RunRow:
    return RunRow(path=Path("/projects") / name, name=name, run_id=1)


def test_the_first_row_is_selected_and_keeps_the_selection_when_it_moves() -> None:
    state = HomeState()
    state.apply([row("a"), row("b")])
    assert state.index == 0
    state.apply([row("new"), row("a"), row("b")])
    assert state.selected == row("a")
    assert state.index == 1


def test_a_selected_row_that_goes_leaves_the_first() -> None:
    state = HomeState()
    state.apply([row("a"), row("b")])
    state.select(1)
    state.apply([row("a")])
    assert state.selected == row("a")


def test_a_project_can_be_selected_before_it_appears() -> None:
    state = HomeState()
    state.apply([row("a")])
    state.select_path(Path("/projects/b"))
    assert state.selected == row("a")
    state.apply([row("a"), row("b")])
    assert state.selected == row("b")


def test_without_rows_nothing_is_selected() -> None:
    state = HomeState()
    state.apply([])
    assert state.selected is None
    assert not state.situation().selected


def test_a_recorded_run_is_summed_up(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id):
        (found,) = HomeReader(CLOCK).read()
        assert found.disk_bytes == folder_bytes(project.path)
    assert (found.state, found.alive) == ("running", True)
    assert (found.iteration, found.iterations) == (2, 3)
    assert (found.start, found.first, found.final) == (0.425, 0.475, 0.575)
    assert found.event == "checkpoint saved at step 60"


def test_a_run_whose_engine_died_says_how_long_it_has_been_silent(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id, age_s=34):
        pass
    (found,) = HomeReader(CLOCK).read()
    assert found.state == "no heartbeat 34 s"
    assert not found.alive


def test_a_project_without_a_run_is_a_row(tmp_path: Path) -> None:
    recorded.new_project(tmp_path / "demo")
    (found,) = HomeReader(CLOCK).read()
    assert (found.run_id, found.state) == (None, "not started")


def test_what_is_wrong_with_a_project_is_in_its_row(tmp_path: Path) -> None:
    for name in ("gone", "damaged", "unsettled", "fine"):
        recorded.new_project(tmp_path / name)
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    (tmp_path / "damaged" / "tripost.db").write_bytes(b"no database at all" * 300)
    (tmp_path / "unsettled" / "project.toml").write_text("[run]\nseed = 'x'\n")
    rows = {found.path.name: found for found in HomeReader(CLOCK).read()}
    assert rows["gone"].trouble == "its folder is gone"
    assert "not a database" in (rows["damaged"].trouble or "")
    assert "run.seed" in (rows["unsettled"].trouble or "")
    assert rows["fine"].trouble is None
    assert rows["gone"].word == "unreadable"


def test_earlier_runs_stand_below_the_latest(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "demo")
    first = recorded.record(project)
    recorded.finish(project, first, RunStatus.STOPPED)
    second = recorded.record(project)
    latest, earlier = HomeReader(CLOCK).read()
    assert (latest.run_id, latest.latest) == (second, True)
    assert (earlier.run_id, earlier.latest, earlier.state) == (first, False, "stopped")


def test_a_list_that_cannot_be_read_counts_as_empty(state_folder: Path) -> None:
    state_folder.mkdir()
    (state_folder / "projects.json").write_text("{")
    assert HomeReader(CLOCK).read() == []
