"""Two models on the same test items, against counts that were made by hand."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from db.records import Evaluation, Item, Split, Subtask
from db.store import Store
from engine.comparing import (
    Crosstab,
    ItemOrder,
    Measure,
    NotComparable,
    Outcome,
    Pairs,
    outcome,
    read_pairs,
)
from engine.report import compare

NAMES = ("the one", "the other")


@pytest.fixture
def stores() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def with_run(
    stack: ExitStack,
    path: Path,
    finals: Sequence[str],
    *,
    task: str = "sums",
    first_item: int = 0,
    padding: int = 0,
) -> Store:
    """A store with a run; each of ``finals`` is an iteration, an item a sign: ``+`` right,
    ``-`` wrong, ``~`` right only as read flexibly, a space not answered yet."""
    store = stack.enter_context(Store.create(path))
    store.add_items(_item(task, Split.TRAIN, 1000 + n) for n in range(padding))
    count = max(map(len, finals), default=0)
    store.add_items(_item(task, Split.TEST, first_item + n) for n in range(count))
    run = store.create_run(
        seed=1, iterations=2, config={}, config_hash="", versions={}, student="s"
    )
    items = store.items(task, Split.TEST)
    for iteration, signs in enumerate(finals):
        store.add_evaluations(
            _evaluation(run.id, iteration, item.id, sign)
            for item, sign in zip(items, signs, strict=False)
            if sign != " "
        )
    return store


def _item(task: str, split: Split, n: int) -> Item:
    subtask = Subtask.UNSEEN if n % 3 == 0 else Subtask.SEEN
    return Item(
        task=task, split=split, subtask=subtask, question="?" * (n + 1), answer="", rationale=""
    )


def _evaluation(run_id: int, iteration: int, item_id: int, sign: str) -> Evaluation:
    return Evaluation(
        run_id=run_id,
        iteration=iteration,
        item_id=item_id,
        text="",
        first_answer=None,
        final_answer=None,
        first_correct=False,
        final_correct=sign == "+",
        first_flexible=False,
        final_flexible=sign in "+~",
        updates=0,
        finish_reason="eos",
        tokens=1,
    )


def pairs_of(stack: ExitStack, path: Path, first: str, second: str) -> Pairs:
    store = with_run(stack, path, [first, second])
    return read_pairs((store, 1, 0), (store, 1, 1), NAMES)


def test_items_are_counted_in_a_table(stores: ExitStack, tmp_path: Path) -> None:
    pairs = pairs_of(stores, tmp_path / "a.db", "+++--~", "+-++-~")
    table = pairs.crosstab(Measure.FINAL)
    assert table == Crosstab(both_right=2, fixed=1, broken=1, both_wrong=2)
    assert table.pairs == 6
    assert table.difference == 0
    assert pairs.crosstab(Measure.FINAL_FLEXIBLE).both_right == 3
    assert pairs.crosstab(Measure.FIRST) == Crosstab(0, 0, 0, 6)
    # Items 0 and 3 are unseen.
    assert pairs.crosstab(Measure.FINAL, Subtask.UNSEEN) == Crosstab(1, 1, 0, 0)
    assert pairs.crosstab(Measure.FINAL, Subtask.SEEN) == Crosstab(1, 0, 1, 2)


def test_places_by_outcome_subtask_and_order(stores: ExitStack, tmp_path: Path) -> None:
    pairs = pairs_of(stores, tmp_path / "a.db", "+++--~", "+-++-~")
    assert pairs.places(Measure.FINAL) == [0, 1, 2, 3, 4, 5]
    assert pairs.places(Measure.FINAL, Outcome.FIXED) == [3]
    assert pairs.places(Measure.FINAL, Outcome.BOTH_WRONG) == [4, 5]
    assert pairs.places(Measure.FINAL, None, Subtask.UNSEEN) == [0, 3]
    assert pairs.places(Measure.FINAL, Outcome.BROKEN, Subtask.UNSEEN) == []
    changes = pairs.places(Measure.FINAL, order=ItemOrder.CHANGES)
    assert changes == [1, 3, 4, 5, 0, 2]
    lengths = {item_id: -item_id for item_id in pairs.first_ids}
    shortest = pairs.places(Measure.FINAL, order=ItemOrder.SHORTEST, lengths=lengths)
    assert shortest == [5, 4, 3, 2, 1, 0]
    with pytest.raises(ValueError, match="needs the lengths"):
        pairs.places(Measure.FINAL, order=ItemOrder.SHORTEST)
    assert [pairs.outcome(at, Measure.FINAL) for at in (1, 3)] == [Outcome.BROKEN, Outcome.FIXED]
    assert pairs.subtask(3) is Subtask.UNSEEN


def test_only_what_both_have_answered_is_paired(stores: ExitStack, tmp_path: Path) -> None:
    pairs = pairs_of(stores, tmp_path / "a.db", "++++++", "-- -  ")
    assert len(pairs) == 3
    assert pairs.crosstab(Measure.FINAL).broken == 3
    assert (pairs.first_n, pairs.second_n, pairs.tests) == (6, 3, 6)


def test_the_same_test_of_another_project_is_paired_by_question(
    stores: ExitStack, tmp_path: Path
) -> None:
    one = with_run(stores, tmp_path / "one.db", ["++--"])
    other = with_run(stores, tmp_path / "other.db", ["+-+-"], padding=5)
    pairs = read_pairs((one, 1, 0), (other, 1, 0), NAMES)
    assert pairs.crosstab(Measure.FINAL) == Crosstab(1, 1, 1, 1)
    assert list(pairs.first_ids) == [1, 2, 3, 4]
    assert list(pairs.second_ids) == [6, 7, 8, 9]


def test_the_order_of_a_test_does_not_matter(stores: ExitStack, tmp_path: Path) -> None:
    one = with_run(stores, tmp_path / "one.db", ["+--+"])
    other = stores.enter_context(Store.create(tmp_path / "other.db"))
    other.add_items(_item("sums", Split.TEST, n) for n in (3, 1, 0, 2))
    run = other.create_run(
        seed=1, iterations=2, config={}, config_hash="", versions={}, student="s"
    )
    items = other.items("sums", Split.TEST)
    other.add_evaluations(
        _evaluation(run.id, 0, item.id, "+-"[len(item.question) % 2]) for item in items
    )
    pairs = read_pairs((one, 1, 0), (other, 1, 0), NAMES)
    # In the first items 0 and 3 are right, in the second 1 and 3.
    assert [pairs.outcome(at, Measure.FINAL) for at in range(4)] == [
        Outcome.BROKEN,
        Outcome.FIXED,
        Outcome.BOTH_WRONG,
        Outcome.BOTH_RIGHT,
    ]
    assert list(pairs.second_ids) == [3, 2, 4, 1]


def test_another_test_is_told_and_not_mixed(stores: ExitStack, tmp_path: Path) -> None:
    one = with_run(stores, tmp_path / "one.db", ["++--"])
    shifted = with_run(stores, tmp_path / "shifted.db", ["++--"], first_item=1)
    with pytest.raises(NotComparable, match="3 of them are the same"):
        read_pairs((one, 1, 0), (shifted, 1, 0), NAMES)
    longer = with_run(stores, tmp_path / "longer.db", ["++---"])
    with pytest.raises(NotComparable, match="the one was tested on 4, the other on 5, and 4"):
        read_pairs((one, 1, 0), (longer, 1, 0), NAMES)
    other_task = with_run(stores, tmp_path / "task.db", ["++--"], task="words")
    with pytest.raises(NotComparable, match="the task sums, the other the task words"):
        read_pairs((one, 1, 0), (other_task, 1, 0), NAMES)


def test_what_is_not_evaluated_cannot_be_compared(stores: ExitStack, tmp_path: Path) -> None:
    store = with_run(stores, tmp_path / "a.db", ["++"])
    with pytest.raises(NotComparable, match="no evaluation of the other yet"):
        read_pairs((store, 1, 0), (store, 1, 1), NAMES)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_it_says_what_the_report_says(outcomes: list[tuple[bool, bool]]) -> None:
    signs = ["".join("-+"[right] for right in side) for side in zip(*outcomes, strict=True)]
    with ExitStack() as stack:
        store = with_run(
            stack, Path(stack.enter_context(tempfile.TemporaryDirectory())) / "a.db", signs
        )
        table = read_pairs((store, 1, 0), (store, 1, 1), NAMES).crosstab(Measure.FINAL)
        reported = compare(store.evaluations(1, 0), store.evaluations(1, 1))
    assert reported is not None
    assert (table.pairs, table.fixed, table.broken) == (
        reported.pairs,
        reported.fixed,
        reported.broken,
    )
    assert table.p() == reported.p
    assert table.difference == reported.difference
    assert outcome(table.difference, table.p(), "the start") == reported.sentence


def test_p_is_that_of_the_exact_binomial_test() -> None:
    assert Crosstab(5, 7, 2, 6).p() == pytest.approx(binomtest(2, 9).pvalue)
    assert Crosstab(5, 0, 0, 6).p() == 1.0


@pytest.mark.parametrize(
    ("fixed", "broken", "text"),
    [
        (7, 2, "not distinguishable from luck (p = 0.18)"),
        (9, 0, "better than A by 45.0 points, p = 0.004"),
        (0, 9, "worse than A by 45.0 points, p = 0.004"),
        (0, 0, "not distinguishable from luck (p = 1.00)"),
    ],
)
def test_the_outcome_in_words(fixed: int, broken: int, text: str) -> None:
    table = Crosstab(both_right=20 - fixed - broken, fixed=fixed, broken=broken, both_wrong=0)
    assert outcome(table.difference, table.p(), "A") == text
