"""Questions, attempts, trajectories and drops."""

from dataclasses import replace

import pytest
from store_rows import TURNS, add_items, attempt, drop, example, item, trajectory

from db.errors import StoreConflict, StoreMissing
from db.records import (
    CollectCounts,
    DropStage,
    ExampleKind,
    Origin,
    Run,
    Split,
    Subtask,
)
from db.store import Store


def test_items_read_back_as_written(store: Store) -> None:
    written = item("2 + 3")
    assert store.add_items([written]) == 1
    (stored,) = store.items("arithmetic")
    assert stored == replace(written, id=stored.id)
    assert store.item(stored.id) == stored


def test_a_question_is_stored_once_and_stays_in_its_split(store: Store) -> None:
    assert store.add_items([item("2 + 3", Split.TEST), item("2 + 4")]) == 2
    assert store.add_items([item("2 + 3", Split.TRAIN), item("2 + 5")]) == 1
    assert [i.question for i in store.items("arithmetic", Split.TEST)] == ["2 + 3"]
    assert [i.question for i in store.items("arithmetic", Split.TRAIN)] == ["2 + 4", "2 + 5"]


def test_items_are_chosen_by_task_split_and_subtask(store: Store) -> None:
    store.add_items(
        [
            item("a", Split.TEST, Subtask.SEEN),
            item("b", Split.TEST, Subtask.UNSEEN),
            item("c", Split.TRAIN, Subtask.SEEN),
        ]
    )
    questions = [i.question for i in store.items("arithmetic", Split.TEST, Subtask.UNSEEN)]
    assert questions == ["b"]
    assert [i.question for i in store.items("arithmetic", subtask=Subtask.SEEN)] == ["a", "c"]
    assert store.items("dates") == []


def test_attempts_read_back_with_their_ids_in_order(store: Store, run: Run) -> None:
    items = add_items(store, 3)
    written = [attempt(run.id, item_id, text=f"text {item_id}") for item_id in items]
    ids = store.add_attempts(written)
    stored = [replace(a, id=i) for a, i in zip(written, ids, strict=True)]
    assert store.attempts(run.id, 1) == stored
    assert store.attempt(ids[0]) == stored[0]


def test_attempted_items_are_those_of_the_pass(store: Store, run: Run) -> None:
    first, second, third = add_items(store, 3)
    store.add_attempts([attempt(run.id, first), attempt(run.id, second, pass_=1)])
    store.add_attempts([attempt(run.id, third, iteration=2)])
    assert store.attempted_items(run.id, 1, 0) == {first}
    assert store.attempted_items(run.id, 1, 1) == {second}


def test_a_second_attempt_in_the_same_pass_is_refused_with_its_whole_batch(
    store: Store, run: Run
) -> None:
    first, second = add_items(store, 2)
    store.add_attempts([attempt(run.id, second)])
    with pytest.raises(StoreConflict, match=r"UNIQUE.*attempts"):
        store.add_attempts([attempt(run.id, first), attempt(run.id, second)])
    assert store.attempted_items(run.id, 1, 0) == {second}


def test_an_attempt_at_an_unknown_item_is_refused(store: Store, run: Run) -> None:
    with pytest.raises(StoreConflict, match="FOREIGN KEY"):
        store.add_attempts([attempt(run.id, 4711)])


@pytest.mark.parametrize("text", ["", "line\nline\0nul\x1b[31m", "é 日本 🦙", "x" * 1_000_000])
def test_raw_text_is_stored_to_the_letter(store: Store, run: Run, text: str) -> None:
    (item_id,) = add_items(store, 1)
    store.add_attempts([attempt(run.id, item_id, text=text)])
    assert store.attempts(run.id, 1)[0].text == text


def test_a_lone_surrogate_is_stored_as_its_escape(store: Store, run: Run) -> None:
    (item_id,) = add_items(store, 1)
    store.add_attempts([attempt(run.id, item_id, text="a\udc80é")])
    assert store.attempts(run.id, 1)[0].text == "a\\udc80é"


def test_trajectories_read_back_with_their_turns_in_order(store: Store, run: Run) -> None:
    items = add_items(store, 2)
    attempts = store.add_attempts(attempt(run.id, item_id) for item_id in items)
    written = [
        trajectory(run.id, attempts[0], items[0]),
        trajectory(run.id, attempts[1], items[1], turns=TURNS[:1], origin=Origin.CORRECT),
    ]
    ids = store.add_edits(written)
    stored = store.trajectories(run.id, 1)
    assert [t.id for t in stored] == ids
    for expected, found in zip(written, stored, strict=True):
        turns = tuple(replace(turn, id=0) for turn in found.turns)
        assert replace(found, id=0, turns=turns) == expected
    assert store.trajectory(ids[0]) == stored[0]
    assert store.latest_trajectory(run.id) == stored[1]


def test_a_missing_trajectory_is_named(store: Store, run: Run) -> None:
    assert store.latest_trajectory(run.id) is None
    with pytest.raises(StoreMissing, match="trajectories has no row 3"):
        store.trajectory(3)


def test_edits_are_stored_together_or_not_at_all(store: Store, run: Run) -> None:
    (item_id,) = add_items(store, 1)
    (attempt_id,) = store.add_attempts([attempt(run.id, item_id)])
    with pytest.raises(StoreConflict):
        store.add_edits(
            [trajectory(run.id, attempt_id, item_id)],
            [drop(run.id, "no_final_response", attempt_id=4711)],
        )
    assert store.trajectories(run.id, 1) == []
    assert store.edited_attempts(run.id, 1) == set()


def test_an_attempt_is_edited_when_it_is_kept_or_dropped_by_editing(store: Store, run: Run) -> None:
    items = add_items(store, 4)
    kept, dropped, filtered, _untouched = store.add_attempts(
        attempt(run.id, item_id) for item_id in items
    )
    store.add_edits(
        [trajectory(run.id, kept, items[0])],
        [
            drop(run.id, "too_long", attempt_id=dropped),
            drop(run.id, "duplicate", attempt_id=filtered, stage=DropStage.POSTPROCESS),
        ],
    )
    assert store.edited_attempts(run.id, 1) == {kept, dropped}
    assert store.edited_attempts(run.id, 2) == set()


def test_drops_are_counted_by_iteration_stage_and_reason(store: Store, run: Run) -> None:
    store.add_drops([drop(run.id, "too_long"), drop(run.id, "too_long", detail="1200 tokens")])
    store.add_drops([drop(run.id, "duplicate", iteration=2, stage=DropStage.POSTPROCESS)])
    assert store.drop_counts(run.id) == {
        (1, DropStage.EDIT, "too_long"): 2,
        (2, DropStage.POSTPROCESS, "duplicate"): 1,
    }
    assert store.drop_counts(run.id, 1) == {(1, DropStage.EDIT, "too_long"): 2}
    assert [d.detail for d in store.drops(run.id, 1)] == ["", "1200 tokens"]


def test_collect_counts_tell_what_became_of_the_attempts(store: Store, run: Run) -> None:
    items = add_items(store, 4)
    attempts = store.add_attempts(attempt(run.id, item_id) for item_id in items)
    origins = (Origin.EDITED, Origin.EDITED, Origin.CORRECT)
    store.add_edits(
        [
            trajectory(run.id, a, i, origin=origin)
            for a, i, origin in zip(attempts, items, origins, strict=False)
        ],
        [drop(run.id, "too_long", attempt_id=attempts[3])],
    )
    store.add_examples(
        [
            example(run.id, items[0]),
            example(run.id, items[1], selected=False, drop_reason="rebalanced"),
            example(run.id, items[2], kind=ExampleKind.NON_IMPROVING),
        ]
    )
    assert store.collect_counts(run.id, 1) == CollectCounts(
        attempts=4,
        kept={Origin.EDITED: 2, Origin.CORRECT: 1},
        dropped={"too_long": 1},
        selected={ExampleKind.IMPROVING: 1, ExampleKind.NON_IMPROVING: 1},
        left_out={ExampleKind.IMPROVING: 1},
    )
