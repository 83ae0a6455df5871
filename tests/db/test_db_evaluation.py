"""Evaluations and their counts."""

from dataclasses import asdict

import pytest
from store_rows import add_items, evaluation

from db.errors import StoreConflict
from db.records import EvaluationCounts, Run, Subtask
from db.store import Store


def test_evaluations_come_with_what_was_asked_in_the_order_of_items(store: Store, run: Run) -> None:
    first, second = add_items(store, 2)
    written = evaluation(run.id, first, True, False, final_flexible=True)
    store.add_evaluations([evaluation(run.id, second, True, True), written])
    found, other = store.evaluations(run.id, 0)
    expected = {**asdict(written), "id": found.id}
    asked = {"subtask": Subtask.SEEN, "question": "0 + 3 (seen)", "answer": "5"}
    assert asdict(found) == expected | asked
    assert other.item_id == second
    assert store.evaluated_items(run.id, 0) == {first, second}
    assert store.evaluated_items(run.id, 1) == set()


def test_an_item_is_evaluated_once_per_iteration(store: Store, run: Run) -> None:
    first, second = add_items(store, 2)
    store.add_evaluations([evaluation(run.id, first, True, True)])
    with pytest.raises(StoreConflict):
        store.add_evaluations(evaluation(run.id, i, True, True) for i in (second, first))
    assert store.evaluated_items(run.id, 0) == {first}


def test_counts_by_iteration_and_subtask(store: Store, run: Run) -> None:
    seen = add_items(store, 4)
    unseen = add_items(store, 1, Subtask.UNSEEN)
    store.add_evaluations(
        [
            evaluation(run.id, seen[0], True, True, updates=2),
            evaluation(run.id, seen[1], False, True),
            evaluation(run.id, seen[2], True, False, final_flexible=True),
            evaluation(run.id, seen[3], False, False),
            evaluation(run.id, unseen[0], False, False),
            evaluation(run.id, unseen[0], False, True, iteration=1),
        ]
    )
    nothing = EvaluationCounts(
        iteration=0,
        subtask=Subtask.UNSEEN,
        n=1,
        first_correct=0,
        final_correct=0,
        first_flexible=0,
        final_flexible=0,
        attempted=0,
        wrong_to_right=0,
        right_to_wrong=0,
    )
    assert store.evaluation_counts(run.id) == [
        EvaluationCounts(
            iteration=0,
            subtask=Subtask.SEEN,
            n=4,
            first_correct=2,
            final_correct=2,
            first_flexible=2,
            final_flexible=3,
            attempted=3,
            wrong_to_right=1,
            right_to_wrong=1,
        ),
        nothing,
        EvaluationCounts(
            iteration=1,
            subtask=Subtask.UNSEEN,
            n=1,
            first_correct=0,
            final_correct=1,
            first_flexible=0,
            final_flexible=1,
            attempted=1,
            wrong_to_right=1,
            right_to_wrong=0,
        ),
    ]
