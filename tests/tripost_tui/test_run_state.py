"""What the run screen shows, without Textual."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import recorded

from db.errors import StoreBusy, StoreError
from db.records import CommandKind, RunStatus, TrainStep
from db.store import Store
from engine.errors import ProjectError
from engine.lock import EngineLock
from engine.project import Project
from tripost_tui.situation import start_or_pause
from tripost_tui.state.reading import RunReader, trouble_of
from tripost_tui.state.run import RunState
from tripost_tui.state.stages import drop_rows, funnel

CLOCK = recorded.Clock(recorded.NOW)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return recorded.new_project(tmp_path / "demo")


def read(project: Project) -> RunState:
    state = RunState("demo")
    with RunReader(project.path, clock=CLOCK) as reader:
        state.apply(reader.read())
    return state


def test_the_top_line_of_a_running_run(project: Project) -> None:
    with recorded.at_work(project, recorded.record(project)):
        state = read(project)
    assert state.heading() == ["demo", "iteration 2/3", "train"]
    assert state.word == "running"
    assert state.eta() == "ETA 3 min"
    assert state.notices() == []


def test_a_project_without_a_run_has_nothing_but_its_name(project: Project) -> None:
    state = read(project)
    assert state.heading() == ["demo"]
    assert state.word == "not started"
    assert state.stage_rows(collapse=False) == []
    assert state.accuracy_rows() == []
    assert state.loss(60).empty
    assert not state.situation().has_run


def test_a_dead_engine_is_told_with_the_age_of_its_last_sign(project: Project) -> None:
    run_id = recorded.record(project)
    with recorded.at_work(project, run_id, age_s=34):
        pass
    state = read(project)
    ((severity, title, message),) = state.notices()
    assert (severity, title) == ("warning", "No heartbeat 34 s")
    assert "ended unexpectedly" in message
    assert message.endswith("or p here.")
    assert state.situation().alive is False


def test_a_failed_run_says_why(project: Project) -> None:
    run_id = recorded.record(project)
    recorded.finish(project, run_id, RunStatus.FAILED, "loss is not a number\x1b[2J")
    state = read(project)
    assert ("error", "The run failed", "loss is not a number[2J") in state.notices()


def test_a_wish_is_shown_until_the_engine_takes_it(project: Project) -> None:
    run_id = recorded.record(project)
    recorded.ask(project, run_id, CommandKind.CHECKPOINT)
    with recorded.at_work(project, run_id):
        state = read(project)
    assert state.notices()[0][1] == "Asked for: checkpoint"


def test_stages_are_listed_with_counts_and_seconds(project: Project) -> None:
    with recorded.at_work(project, recorded.record(project)):
        state = read(project)
    rows = state.stage_rows(collapse=False)
    headings = [(row.label, row.word) for row in rows if row.heading]
    assert headings == [
        ("Start", "done"),
        ("Iteration 1", "done"),
        ("Iteration 2", "at work"),
        ("Iteration 3", "waiting"),
    ]
    (train,) = [row for row in rows if row.label == "train" and row.iteration == 2]
    assert (train.word, train.done, train.total, train.seconds) == ("at work", 80, 120, 40.0)
    assert rows[-2].word == "waiting"


def test_collapsed_only_the_iteration_at_hand_has_its_stages(project: Project) -> None:
    recorded.record(project)
    rows = read(project).stage_rows(collapse=True)
    assert {row.iteration for row in rows if not row.heading} == {2}
    assert [row.word for row in rows if row.label == "train"] == ["interrupted"]


def test_accuracy_has_wilson_intervals(project: Project) -> None:
    recorded.record(project)
    start, first = read(project).accuracy_rows()
    assert (start.final.right, start.final.n) == (17, 40)
    assert (first.first.right, first.final.right) == (19, 23)
    assert first.seen.right + first.unseen.right == first.final.right
    interval = first.final.interval
    assert interval is not None
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.422, 0.715)


def test_the_way_from_attempts_to_examples_adds_up(project: Project) -> None:
    recorded.record(project)
    reading = read(project).reading
    assert reading is not None
    assert reading.counts is not None
    rows = {row.name: row.count for row in funnel(reading.counts, reading.drops, 2)}
    assert rows["attempts"] == rows["dropped in editing"] + rows["trajectories kept"]
    reasons = [(row.reason, row.count) for row in drop_rows(reading.drops, 2)]
    assert reasons == [("keeps flagged span", 15), ("too long", 8), ("duplicate", 6)]


def test_a_second_reading_brings_only_what_is_new(project: Project) -> None:
    run_id = recorded.record(project)
    state = RunState("demo")
    with RunReader(project.path, clock=CLOCK) as reader:
        state.apply(reader.read())
        again = reader.read()
        assert (again.steps, again.events) == ([], [])
        with Store.open(project.db_path) as store:
            store.add_event(run_id, "alert", "hot")
        state.apply(reader.read())
    assert [event.message for event in state.events][-1] == "hot"
    assert len({event.id for event in state.events}) == len(state.events)


def test_a_replayed_step_counts_instead_of_the_first(project: Project) -> None:
    run_id = recorded.record(project)
    state = RunState("demo")
    with RunReader(project.path, clock=CLOCK) as reader:
        state.apply(reader.read())
        with Store.open(project.db_path) as store:
            store.delete_train_steps_after(run_id, 2, 79)
            store.add_train_steps([step(run_id, 80, 9.0)])
        state.apply(reader.read())
    plot = state.loss(400)
    assert plot.raw.points == 200
    assert plot.last == 9.0


def step(run_id: int, number: int, loss: float | None) -> TrainStep:
    return TrainStep(
        run_id=run_id, iteration=2, step=number, epoch=1.0, loss=loss, learning_rate=1e-4,
        grad_norm=None, tokens=1, weighted_tokens=1, seconds=0.1,
    )  # fmt: skip


def test_a_loss_that_is_no_number_is_counted(project: Project) -> None:
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store:
        store.add_train_steps([step(run_id, 81, float("nan"))])
    plot = read(project).loss(400)
    assert (plot.gaps, plot.last) == (1, None)


def test_another_run_starts_afresh(project: Project) -> None:
    first = recorded.record(project)
    state = RunState("demo")
    with RunReader(project.path, clock=CLOCK) as reader:
        state.apply(reader.read())
        recorded.finish(project, first, RunStatus.STOPPED)
        second = recorded.record(project)
        state.apply(reader.read())
    assert state.run is not None
    assert state.run.id == second
    assert {event.run_id for event in state.events} == {second}
    assert state.loss(400).raw.points == 200


def test_an_earlier_run_can_be_read_and_is_never_alive(project: Project) -> None:
    first = recorded.record(project)
    recorded.finish(project, first, RunStatus.STOPPED)
    with recorded.at_work(project, recorded.record(project)):
        state = RunState("demo", latest=False)
        with RunReader(project.path, first, CLOCK) as reader:
            state.apply(reader.read())
    assert state.word == "stopped"
    assert not state.situation().alive


def test_a_folder_that_vanishes_is_told_and_what_was_seen_stays(project: Project) -> None:
    recorded.record(project)
    state = RunState("demo")
    with RunReader(project.path, clock=CLOCK) as reader:
        state.apply(reader.read())
        shutil.rmtree(project.path)
        with pytest.raises(ProjectError) as caught:
            reader.read()
        state.fail(trouble_of(caught.value))
    assert state.notices()[0][1] == "No such project"
    assert state.accuracy_rows()
    assert not state.situation().readable


def test_a_database_that_is_replaced_is_read_anew(project: Project, tmp_path: Path) -> None:
    recorded.record(project)
    other = recorded.new_project(tmp_path / "other")
    with RunReader(project.path, clock=CLOCK) as reader:
        assert reader.read().view.run is not None
        shutil.copy(other.db_path, tmp_path / "copy.db")
        (tmp_path / "copy.db").replace(project.db_path)
        assert reader.read().view.run is None


def test_a_damaged_database_raises_and_a_mended_one_is_read(project: Project) -> None:
    recorded.record(project)
    whole = project.db_path.read_bytes()
    with RunReader(project.path, clock=CLOCK) as reader:
        reader.read()
        project.db_path.unlink()
        project.db_path.write_bytes(b"rubbish" * 1000)
        with pytest.raises(StoreError, match="not a database"):
            reader.read()
        project.db_path.write_bytes(whole)
        assert len(reader.read().steps) == 200


def test_a_locked_database_is_told_and_read_when_it_is_free(project: Project) -> None:
    recorded.record(project)
    with closing(sqlite3.connect(project.db_path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        with RunReader(project.path, clock=CLOCK, timeout_s=0.05) as reader:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreBusy):
                reader.read()
            other.execute("ROLLBACK")
            assert reader.read().view.run is not None


def test_an_engine_that_loads_is_starting(project: Project) -> None:
    with EngineLock(project):
        assert read(project).word == "starting"
    run_id = recorded.record(project)
    recorded.finish(project, run_id, RunStatus.FAILED, "out of memory")
    with EngineLock(project):
        state = read(project)
    assert state.word == "starting"
    assert start_or_pause(state.situation()) == "The engine is still loading."


def test_an_engine_that_failed_while_it_loaded_has_its_last_words(project: Project) -> None:
    log = project.logs / "engine.log"
    log.write_text("loading\nThe student is missing: no \x1b[1mmodel.\n\n")
    (notice,) = read(project).notices()
    assert notice[2] == "The student is missing: no [1mmodel."


def test_an_engine_that_ended_in_good_order_has_none(project: Project) -> None:
    run_id = recorded.record(project)
    recorded.finish(project, run_id, RunStatus.STOPPED)
    log = project.logs / "engine.log"
    log.write_text("run stopped\n")
    os.utime(log, (recorded.NOW, recorded.NOW))
    assert read(project).notices() == []
