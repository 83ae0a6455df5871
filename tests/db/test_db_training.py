"""Examples, optimizer steps and checkpoints."""

import math
from dataclasses import replace

import pytest
from store_rows import add_items, checkpoint, example, new_run, train_step

from db.errors import StoreConflict
from db.records import CheckpointKind, Run
from db.store import Store


def test_examples_read_back_with_their_weights_by_position(store: Store, run: Run) -> None:
    first, second = add_items(store, 2)
    late = example(run.id, first, position=1)
    segments = (('say "é"\n', 1), ("xyz", ((2, 1.5), (1, 6.0))), ("x", 0.0))
    early = example(run.id, second, position=0, segments=segments)
    ids = store.add_examples([late, early])
    assert store.examples(run.id, 1) == [replace(early, id=ids[1]), replace(late, id=ids[0])]


def test_examples_left_out_are_kept_with_the_reason(store: Store, run: Run) -> None:
    (item_id,) = add_items(store, 1)
    store.add_examples(
        [
            example(run.id, item_id),
            example(run.id, item_id, selected=False, drop_reason="rebalanced"),
        ]
    )
    (left_out,) = store.examples(run.id, 1, selected=False)
    assert left_out.drop_reason == "rebalanced"
    assert [e.selected for e in store.examples(run.id, 1, selected=True)] == [True]


def test_a_loss_that_is_not_a_number_is_none(store: Store, run: Run) -> None:
    store.add_train_steps([train_step(run.id, 1, loss=math.nan), train_step(run.id, 2)])
    assert [step.loss for step in store.train_steps(run.id)] == [None, 2.5]


def test_a_watcher_reads_only_the_steps_after_the_last_it_saw(store: Store, run: Run) -> None:
    store.add_train_steps(train_step(run.id, n) for n in (1, 2))
    seen = store.train_steps(run.id)
    store.add_train_steps([train_step(run.id, 1, iteration=2)])
    (new,) = store.train_steps(run.id, after_id=seen[-1].id)
    assert (new.iteration, new.step) == (2, 1)
    assert store.train_steps(run.id, iteration=2) == [new]


def test_a_watcher_sees_replayed_steps_again(store: Store, run: Run) -> None:
    store.add_train_steps(train_step(run.id, n) for n in (1, 2, 3))
    seen = store.train_steps(run.id)
    assert store.delete_train_steps_after(run.id, 1, 1) == 2
    store.add_train_steps(train_step(run.id, n, loss=1.0) for n in (2, 3))
    replayed = store.train_steps(run.id, after_id=seen[-1].id)
    assert [(step.step, step.loss) for step in replayed] == [(2, 1.0), (3, 1.0)]
    assert [step.step for step in store.train_steps(run.id)] == [1, 2, 3]


def test_the_same_step_twice_is_refused(store: Store, run: Run) -> None:
    store.add_train_steps([train_step(run.id, 1)])
    with pytest.raises(StoreConflict):
        store.add_train_steps([train_step(run.id, 2), train_step(run.id, 1)])
    assert [step.step for step in store.train_steps(run.id)] == [1]


def test_the_latest_checkpoint_is_the_furthest(store: Store, run: Run) -> None:
    assert store.latest_checkpoint(run.id) is None
    store.add_checkpoint(checkpoint(run.id, 1, 20, "b"))
    store.add_checkpoint(checkpoint(run.id, 1, 10, "a"))
    store.add_checkpoint(checkpoint(run.id, 2, 5, "c", kind=CheckpointKind.ITERATION))
    store.add_checkpoint(checkpoint(new_run(store).id, 9, 9, "other run"))

    def latest(**chosen: object) -> str | None:
        found = store.latest_checkpoint(run.id, **chosen)  # type: ignore[arg-type]
        return found and found.path

    assert latest() == "c"
    assert latest(iteration=1) == "b"
    assert latest(kind=CheckpointKind.STEP) == "b"
    assert latest(iteration=1, kind=CheckpointKind.ITERATION) is None


def test_a_checkpoint_written_over_has_one_row(store: Store, run: Run) -> None:
    store.add_checkpoint(checkpoint(run.id, 1, 20, "a", sha256="old"))
    new = store.add_checkpoint(checkpoint(run.id, 1, 20, "a", sha256="new"))
    assert [(c.id, c.sha256) for c in store.checkpoints(run.id)] == [(new, "new")]
    store.forget_checkpoint(new)
    assert store.checkpoints(run.id) == []
