"""Runs and stages."""

import pytest
from store_rows import new_run

from db.errors import StoreMissing
from db.records import (
    Run,
    RunStatus,
    StageName,
    StageStatus,
)
from db.store import Store


def test_a_new_run_is_pending_and_reads_back_as_written(store: Store) -> None:
    run = new_run(store)
    assert run.status is RunStatus.PENDING
    assert run.config == {"train": {"epochs": 4}}
    assert run.versions == {"torch": "2.13.0"}
    assert store.run(run.id) == run


def test_the_latest_run_is_the_last_one_made(store: Store) -> None:
    assert store.latest_run() is None
    first, second = new_run(store), new_run(store)
    assert store.latest_run() == second
    assert store.runs() == [first, second]


def test_a_run_starts_once_and_ends_with_a_reason(store: Store, run: Run) -> None:
    started = store.set_run_status(run.id, RunStatus.RUNNING)
    assert started.started_at is not None
    failed = store.set_run_status(run.id, RunStatus.FAILED, "out of memory")
    assert failed.finished_at is not None
    assert failed.reason == "out of memory"
    resumed = store.set_run_status(run.id, RunStatus.RUNNING)
    assert (resumed.finished_at, resumed.reason) == (None, None)
    assert resumed.started_at == started.started_at


def test_a_missing_run_is_named(store: Store) -> None:
    with pytest.raises(StoreMissing, match="runs has no row 99"):
        store.run(99)
    with pytest.raises(StoreMissing):
        store.set_run_status(99, RunStatus.RUNNING)


@pytest.mark.parametrize("status", RunStatus)
def test_only_ended_runs_are_terminal(status: RunStatus) -> None:
    assert status.terminal == (status.value in {"stopped", "finished", "failed"})


def test_a_stage_counts_items_and_adds_up_seconds_over_resumes(store: Store, run: Run) -> None:
    stage = store.start_stage(run.id, 1, StageName.EDIT, total=10)
    store.advance_stage(stage.id, done=4, seconds=1.5)
    resumed = store.start_stage(run.id, 1, StageName.EDIT, total=12)
    assert (resumed.id, resumed.done, resumed.total) == (stage.id, 4, 12)
    store.advance_stage(stage.id, done=12, seconds=2.0, total=13)
    finished = store.finish_stage(stage.id, {"kept": 9}, seconds=0.25)
    assert (finished.seconds, finished.done, finished.total) == (3.75, 12, 13)
    assert finished.detail == {"kept": 9}
    assert finished.status is StageStatus.DONE


def test_starting_a_finished_stage_changes_nothing(store: Store, run: Run) -> None:
    stage = store.start_stage(run.id, 1, StageName.TRAIN, total=3)
    finished = store.finish_stage(stage.id)
    assert store.start_stage(run.id, 1, StageName.TRAIN, total=99) == finished


def test_stages_are_told_apart_by_iteration_and_name(store: Store, run: Run) -> None:
    first = store.start_stage(run.id, 0, StageName.EVALUATE, total=5)
    second = store.start_stage(run.id, 1, StageName.EVALUATE, total=5)
    assert store.stage(run.id, 1, StageName.EVALUATE) == second
    assert store.stage(run.id, 1, StageName.SAMPLE) is None
    assert store.stages(run.id) == [first, second]


def test_a_missing_stage_is_named(store: Store) -> None:
    with pytest.raises(StoreMissing, match="stages has no row 5"):
        store.advance_stage(5, done=1, seconds=0.0)
    with pytest.raises(StoreMissing, match="stages has no row 5"):
        store.finish_stage(5)
