"""Evaluations and their counts."""

from dataclasses import asdict, replace

import pytest
from store_rows import add_items, evaluation

from db.errors import StoreConflict
from db.evaluation import FINAL_FLEXIBLE, FINAL_RIGHT, FIRST_FLEXIBLE, FIRST_RIGHT
from db.records import EvaluationCounts, Run, Split, Subtask
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
    assert store.evaluation_counts(run.id, 1)[0].iteration == 1
    assert [counts.n for counts in store.evaluation_counts(run.id, 0)] == [4, 1]
    assert store.evaluated_counts(run.id) == [(0, 5, 2), (1, 1, 1)]


def test_what_is_right_is_read_without_texts(store: Store, run: Run) -> None:
    first, second = add_items(store, 2)
    written = evaluation(run.id, first, True, False, final_flexible=True)
    store.add_evaluations([evaluation(run.id, second, False, False), written])
    flexible = FIRST_FLEXIBLE if written.first_flexible else 0
    marks = FIRST_RIGHT | flexible | FINAL_FLEXIBLE
    assert not marks & FINAL_RIGHT
    assert store.evaluation_marks(run.id, 0) == [(first, marks), (second, 0)]
    assert store.evaluation_marks(run.id, 1) == []


def test_some_evaluations_are_read_by_their_items(store: Store, run: Run) -> None:
    items = add_items(store, 3)
    store.add_evaluations(evaluation(run.id, item, True, True) for item in items)
    found = store.evaluated_rows(run.id, 0, [items[2], items[0], 12345])
    assert [row.item_id for row in found] == [items[0], items[2]]
    assert store.evaluated_rows(run.id, 0, []) == []


def test_test_items_are_those_of_a_task_and_none_to_train_on(store: Store, run: Run) -> None:
    items = store.test_items("nothing")
    assert items == []
    (item,) = add_items(store, 1, Subtask.UNSEEN)
    store.add_evaluations([evaluation(run.id, item, True, True)])
    task = store.evaluated_task(run.id, 0)
    assert task is not None
    assert store.evaluated_task(run.id, 1) is None
    of_item = store.item(item)
    listed = [row[0] for row in store.test_items(task)]
    assert (item in listed) == (of_item.split is Split.TEST)
    assert store.test_ids(task, Subtask.UNSEEN) == listed
    assert store.test_ids(task, Subtask.SEEN) == []
    lengths = {key: len(store.item(key).question) for key in listed}
    assert store.question_lengths(task) == lengths


def test_words_are_no_patterns(store: Store, run: Run) -> None:
    first, second = add_items(store, 2)
    store.add_evaluations(
        [
            replace(evaluation(run.id, first, True, True), text="It is 50% (Sure_)"),
            replace(evaluation(run.id, second, True, True), text="It is 500"),
        ]
    )
    assert store.evaluated_with(run.id, 0, "50%") == {first}
    assert store.evaluated_with(run.id, 0, "sure_") == {first}
    assert store.evaluated_with(run.id, 0, "5_0") == set()
    assert store.evaluated_with(run.id, 0, "IT IS") == {first, second}
    assert store.evaluated_with(run.id, 0, "It is", [second, 12345]) == {second}
    assert store.evaluated_with(run.id, 0, "It is", []) == set()
