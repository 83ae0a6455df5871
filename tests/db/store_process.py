"""Another process at the store, told what to do by its arguments: <what> <database> <run>."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from store_rows import attempt

from db.records import CommandKind
from db.review_records import ReviewChange, ReviewKind
from db.store import Store

BATCH = 5


def tell(word: object) -> None:
    print(word, flush=True)


def commit_for_ever(store: Store, run_id: int) -> None:
    """Commit batches of events, telling after each how many there are now."""
    count = 0
    while True:
        with store.transaction():
            for _ in range(BATCH):
                store.add_event(run_id, "progress", "x" * 200)
        count += BATCH
        tell(count)


def leave_a_transaction_open(store: Store, run_id: int) -> None:
    """Write so much into one transaction that it spills into the file; never commit it."""
    store._execute("PRAGMA cache_size = 10")
    with store.transaction():
        items = [item.id for item in store.items("arithmetic")]
        store.add_attempts(attempt(run_id, item_id, text="x" * 50_000) for item_id in items)
        tell("spilt")
        sys.stdin.read()


def write_batches(store: Store, run_id: int) -> None:
    """An engine that never rests: 200 commits one after the other."""
    tell("started")
    for _ in range(200):
        with store.transaction():
            for _ in range(BATCH):
                store.add_event(run_id, "progress", "x" * 200)


def review_for_ever(store: Store, run_id: int) -> None:
    """Decide, undo and redo, telling after each how many events there are now."""
    (first, *_) = ids = [row.id for row in store.trajectories(run_id, 1)]
    count = 0
    while True:
        changes = [ReviewChange(trajectory_id=key, kind=ReviewKind.ACCEPT) for key in ids]
        store.review_step(run_id, changes)
        count += len(ids)
        tell(count)
        store.review_step(run_id, [ReviewChange(trajectory_id=first, kind=ReviewKind.REJECT)])
        store.undo_review(run_id)
        store.redo_review(run_id)
        count += 3
        tell(count)


def send_commands(store: Store, run_id: int) -> None:
    """Somebody at the keyboard with a very fast finger."""
    tell("started")
    for _ in range(100):
        store.send_command(run_id, CommandKind.CHECKPOINT)


if __name__ == "__main__":
    what, path, run = sys.argv[1:]
    with Store.open(path) as opened:
        {
            "commit_for_ever": commit_for_ever,
            "leave_a_transaction_open": leave_a_transaction_open,
            "write_batches": write_batches,
            "review_for_ever": review_for_ever,
            "send_commands": send_commands,
        }[what](opened, int(run))
