"""The follower against a database that the test fills, looking in between."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from db.records import (
    Heartbeat,
    Run,
    RunStatus,
    StageName,
    TrainStep,
)
from db.store import Store
from engine.lock import EngineLock
from engine.project import Project
from tripost_tui.following import End, Ending, Follower, Update, follow, last_event_id


@dataclass
class Recorder:
    """A display that keeps what it was shown."""

    updates: list[Update] = field(default_factory=list)

    def show(self, update: Update) -> None:
        self.updates.append(update)

    def close(self) -> None:
        pass

    @property
    def messages(self) -> list[str]:
        return [event.message for update in self.updates for event in update.events]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "p")


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    with Store.open(project.db_path) as opened:
        yield opened


def begin(store: Store) -> Run:
    run = store.create_run(
        seed=1, iterations=1, config={}, config_hash="", versions={}, student="embedded"
    )
    return store.set_run_status(run.id, RunStatus.RUNNING)


def loss(run: Run, step: int, value: float) -> TrainStep:
    return TrainStep(
        run_id=run.id,
        iteration=1,
        step=step,
        epoch=0.1,
        loss=value,
        learning_rate=0.1,
        grad_norm=1.0,
        tokens=1,
        weighted_tokens=1,
        seconds=1.0,
    )


def test_a_run_is_followed_from_before_its_first_row_to_its_end(
    project: Project, store: Store
) -> None:
    recorder = Recorder()

    def happens() -> Iterator[None]:
        yield
        run = begin(store)
        store.add_event(run.id, "run.started", "one")
        yield
        store.add_event(run.id, "alert", "two")
        store.add_event(run.id, "alert", "three")
        yield
        store.add_event(run.id, "run.finished", "four")
        store.set_run_status(run.id, RunStatus.FINISHED, "all done")

    story = happens()
    with EngineLock(project):
        ending = follow(Follower(project, store, 0), recorder, lambda _: next(story, None))
    assert ending == Ending(End.FINISHED, "all done")
    assert recorder.messages == ["one", "two", "three", "four"]
    assert recorder.updates[0].view.state == "not started"


def test_only_what_is_new_is_shown(project: Project, store: Store) -> None:
    run = begin(store)
    store.add_event(run.id, "alert", "old")
    follower = Follower(project, store, last_event_id(store))
    assert follower.look().events == ()
    store.add_event(run.id, "alert", "new")
    assert [event.message for event in follower.look().events] == ["new"]
    assert follower.look().events == ()


def test_a_burst_of_events_is_shown_whole(project: Project, store: Store) -> None:
    run = begin(store)
    with store.transaction():
        for n in range(1200):
            store.add_event(run.id, "alert", str(n))
    events = Follower(project, store, 0).look().events
    assert [event.message for event in events] == [str(n) for n in range(1200)]


def test_an_end_from_before_the_engine_was_started_is_not_the_end(
    project: Project, store: Store
) -> None:
    run = begin(store)
    store.set_run_status(run.id, RunStatus.STOPPED)
    since = time.time() + 1
    follower = Follower(project, store, 0, since)
    with EngineLock(project):
        assert follower.ending(follower.look()) is None
    # An engine that went away without having touched the run has died.
    assert follower.ending(follower.look()) == Ending(End.DIED)


def test_an_engine_that_is_gone_while_the_run_goes_on_has_died(
    project: Project, store: Store
) -> None:
    begin(store)
    ending = follow(Follower(project, store, 0), Recorder())
    assert ending.end is End.DIED


def test_an_engine_that_ends_between_two_looks_has_not_died(project: Project, store: Store) -> None:
    run = begin(store)

    class Ends(Recorder):
        def show(self, update: Update) -> None:
            super().show(update)
            store.set_run_status(run.id, RunStatus.FINISHED)

    assert follow(Follower(project, store, 0), Ends()).end is End.FINISHED


def test_a_paused_run_is_not_at_its_end(project: Project, store: Store) -> None:
    run = begin(store)
    store.set_run_status(run.id, RunStatus.PAUSED)
    follower = Follower(project, store, 0)
    with EngineLock(project):
        assert follower.ending(follower.look()) is None


def test_the_last_step_of_the_iteration_at_hand_is_shown(project: Project, store: Store) -> None:
    run = begin(store)
    follower = Follower(project, store, 0)
    store.add_train_steps([loss(run, 1, 0.9), loss(run, 2, 0.8)])

    def beat(iteration: int) -> None:
        store.beat(
            Heartbeat(
                run_id=run.id,
                pid=1,
                process_started=0.0,
                host="h",
                state="running",
                iteration=iteration,
                stage=StageName.TRAIN,
            )
        )

    beat(1)
    assert (step := follower.look().step) is not None
    assert step.loss == 0.8
    assert (step := follower.look().step) is not None
    beat(2)
    assert follower.look().step is None
