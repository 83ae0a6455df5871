"""Events, heartbeats and commands: the bus."""

import math
from dataclasses import replace

import pytest
from store_rows import new_run

from db.errors import StoreConflict
from db.records import (
    CommandKind,
    Heartbeat,
    Level,
    Run,
    StageName,
)
from db.store import Store


def test_events_are_read_on_from_the_last_one_seen(store: Store, run: Run) -> None:
    ids = [store.add_event(run.id, "progress", f"step {n}") for n in range(5)]
    store.add_event(new_run(store).id, "progress", "another run's")
    page = store.events(run.id, limit=2)
    rest = store.events(run.id, after_id=page[-1].id)
    assert [event.id for event in page + rest] == ids
    assert [event.message for event in store.last_events(run.id, 2)] == ["step 3", "step 4"]


def test_an_event_carries_its_level_and_data(store: Store, run: Run) -> None:
    store.add_event(run.id, "nan", "loss", Level.ERROR, {"loss": math.nan, "at": [1, math.inf]})
    (event,) = store.events(run.id)
    assert (event.level, event.data) == (Level.ERROR, {"loss": None, "at": [1, None]})


def test_an_event_of_no_run_is_refused(store: Store) -> None:
    with pytest.raises(StoreConflict):
        store.add_event(99, "progress", "nobody's")


def test_a_heartbeat_replaces_the_one_before(store: Store, run: Run) -> None:
    assert store.heartbeat(run.id) is None
    first = Heartbeat(run_id=run.id, pid=1, process_started=2.5, host="here", state="running")
    store.beat(first)
    second = replace(first, iteration=1, stage=StageName.EDIT, done=3, total=9, rate=0.5)
    store.beat(second)
    assert store.heartbeat(run.id) == second


def test_a_command_is_taken_once(store: Store, run: Run) -> None:
    pause = store.send_command(run.id, CommandKind.PAUSE)
    stop = store.send_command(run.id, CommandKind.STOP)
    kinds = [command.kind for command in store.pending_commands(run.id)]
    assert kinds == [CommandKind.PAUSE, CommandKind.STOP]
    assert store.take_command(pause)
    assert not store.take_command(pause)
    assert [command.id for command in store.pending_commands(run.id)] == [stop]
