"""Several processes at one store, and processes that are killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from store_rows import add_items, attempt, trajectory

from db.records import Run
from db.store import Store

HERE = Path(__file__).parent


@contextmanager
def process(what: str, store: Store, run: Run) -> Iterator[subprocess.Popen[str]]:
    """Another process doing ``what`` at the store; killed with SIGKILL if it is still there."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "store_process.py"), what, str(store.path), str(run.id)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(HERE.parents[1])},
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.parametrize("batches", [1, 3, 20])
def test_every_committed_row_survives_kill_9(store: Store, run: Run, batches: int) -> None:
    with process("commit_for_ever", store, run) as child:
        told = [int(line(child)) for _ in range(batches)]
        child.kill()
        assert child.stdout is not None
        told += [int(word) for word in child.stdout.read().split()]
    with Store.open(store.path) as survivor:
        count = len(survivor.events(run.id, limit=1_000_000))
        # The batch that was under way is there whole, or not at all.
        assert count - told[-1] in (0, 5)
        assert survivor._rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("decisions", [1, 2, 15])
def test_every_decision_survives_kill_9_and_stands_as_its_events_say(
    store: Store, run: Run, decisions: int
) -> None:
    items = add_items(store, 3)
    attempts = store.add_attempts(attempt(run.id, item_id) for item_id in items)
    store.add_edits(trajectory(run.id, a, i) for a, i in zip(attempts, items, strict=True))
    with process("review_for_ever", store, run) as child:
        told = [int(line(child)) for _ in range(decisions)]
        child.kill()
        assert child.stdout is not None
        told += [int(word) for word in child.stdout.read().split()]
    with Store.open(store.path) as survivor:
        # Told or not: a step is there whole, or not at all.
        assert len(survivor.review_events(run.id)) - told[-1] in (0, 1, 2, 3)
        states = survivor.review_states(run.id)
        assert len(states) == 3
        survivor.rebuild_reviews(run.id)
        assert survivor.review_states(run.id) == states


@pytest.mark.parametrize("readonly", [True, False])
def test_a_transaction_cut_short_by_kill_9_leaves_nothing(
    store: Store, run: Run, readonly: bool
) -> None:
    add_items(store, 40)
    with process("leave_a_transaction_open", store, run) as child:
        assert line(child) == "spilt"
    with Store.open(store.path, readonly) as survivor:
        assert survivor.attempts(run.id, 1) == []
        assert len(survivor.items("arithmetic")) == 40
        assert survivor._rows("PRAGMA integrity_check") == [("ok",)]


def test_a_watcher_and_a_busy_engine_do_not_stop_each_other(store: Store, run: Run) -> None:
    with process("write_batches", store, run) as engine:
        assert line(engine) == "started"
        with Store.open(store.path, readonly=True) as watcher:
            seen, polls = 0, 0
            while engine.poll() is None:
                with watcher.snapshot():
                    watcher.heartbeat(run.id)
                    new = watcher.events(run.id, after_id=seen)
                # A batch of five shows up whole.
                assert len(new) % 5 == 0
                seen = new[-1].id if new else seen
                polls += 1
            rest = watcher.events(run.id, after_id=seen)
    assert engine.returncode == 0
    assert polls > 0
    assert seen + len(rest) == 1000


def test_two_writers_take_turns(store: Store, run: Run) -> None:
    with (
        process("write_batches", store, run) as engine,
        process("send_commands", store, run) as app,
    ):
        assert engine.wait() == 0
        assert app.wait() == 0
    assert len(store.events(run.id, limit=2000)) == 1000
    assert len(store.pending_commands(run.id)) == 100
