"""What is written together is kept together."""

from contextlib import suppress

import pytest
from store_rows import add_items, attempt, item

from db.errors import StoreBusy, StoreConflict
from db.records import Run, StageName
from db.store import Store


def test_a_failed_transaction_leaves_nothing(store: Store, run: Run) -> None:
    stage = store.start_stage(run.id, 1, StageName.SAMPLE, total=1)
    (item_id,) = add_items(store, 1)
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.add_attempts([attempt(run.id, item_id)])
        store.advance_stage(stage.id, done=1, seconds=1.0)
        raise ZeroDivisionError
    assert store.attempts(run.id, 1) == []
    assert store.stages(run.id) == [stage]


def test_a_refused_batch_leaves_the_transaction_around_it_alone(store: Store, run: Run) -> None:
    with store.transaction():
        store.add_items([item("kept")])
        with pytest.raises(StoreConflict):
            store.add_attempts([attempt(run.id, 1), attempt(run.id, 4711)])
    assert [i.question for i in store.items("arithmetic")] == ["kept"]
    assert store.attempts(run.id, 1) == []


def test_others_see_a_transaction_only_when_it_is_whole(store: Store, run: Run) -> None:
    with Store.open(store.path, readonly=True) as reader:
        with store.transaction():
            store.add_event(run.id, "a", "first")
            assert reader.events(run.id) == []
            store.add_event(run.id, "b", "second")
        assert [event.kind for event in reader.events(run.id)] == ["a", "b"]


def test_a_snapshot_sees_one_moment(store: Store, run: Run) -> None:
    with Store.open(store.path, timeout_s=0.01) as other:
        with store.snapshot():
            before = store.events(run.id)
            # With a rollback journal the commit would wait for the snapshot to end.
            with suppress(StoreBusy):
                other.add_event(run.id, "a", "meanwhile")
            assert store.events(run.id) == before
        other.add_event(run.id, "b", "afterwards")
    assert store.events(run.id)[-1].kind == "b"


def test_a_snapshot_refuses_writes(store: Store, run: Run) -> None:
    with store.snapshot(), pytest.raises(RuntimeError, match="snapshot"):
        store.add_event(run.id, "a", "no")
    store.add_event(run.id, "a", "yes")
    assert len(store.events(run.id)) == 1
