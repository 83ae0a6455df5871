"""Lists of trajectories in review: by filter, in order, page by page."""

from typing import Any

import pytest
from store_rows import TURNS, attempt, item, trajectory

from db.records import (
    Origin,
    Run,
    Turn,
    TurnKind,
)
from db.review_conditions import (
    AuthorKind,
    Comparison,
    FilterValue,
    ReviewField,
    ReviewFilter,
    ReviewOrder,
    ReviewTerm,
)
from db.review_records import (
    CheckVerdict,
    ReviewChange,
    ReviewKind,
    ReviewStatus,
)
from db.store import Store

GOLD = Turn(kind=TurnKind.FEEDBACK, author="gold", text="Correct.")


@pytest.fixture
def ids(store: Store, run: Run) -> list[int]:
    """Five trajectories that differ in everything."""
    store.add_items(item(f"{name} + 3 is what?") for name in "abcde")
    items = [stored.id for stored in store.items("arithmetic")]
    attempts = store.add_attempts(
        attempt(run.id, item_id, iteration=1 + n // 3) for n, item_id in enumerate(items)
    )
    texts = ("short", "50% of a_b", r"a back\slash", "Some Words here", "x" * 900)
    rows = [
        trajectory(
            run.id,
            attempts[n],
            items[n],
            iteration=1 + n // 3,
            text=texts[n],
            updates=n,
            origin=list(Origin)[n % 3],
            turns=TURNS if n % 2 else (TURNS[0], GOLD),
        )
        for n in range(5)
    ]
    return store.add_edits(rows)


@pytest.fixture
def reviewed(store: Store, run: Run, ids: list[int]) -> list[int]:
    def change(place: int, kind: ReviewKind, **more: Any) -> ReviewChange:
        return ReviewChange(trajectory_id=ids[place], kind=kind, **more)

    store.review_step(run.id, [change(0, ReviewKind.ACCEPT), change(1, ReviewKind.REJECT)])
    store.review_step(run.id, [change(1, ReviewKind.FLAG), change(2, ReviewKind.FLAG)])
    store.review_step(run.id, [change(2, ReviewKind.UNFLAG)])
    store.review_step(run.id, [change(3, ReviewKind.TAGS, tags=("wrong-step", "format"))])
    edit = {"text": "mended text", "checked": CheckVerdict.PASS}
    store.review_step(run.id, [change(4, ReviewKind.EDIT, **edit)])
    verdicts = (CheckVerdict.FAIL, CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.PASS)
    store.add_checks(dict(zip(ids, (*verdicts, CheckVerdict.FAIL), strict=True)))
    return ids


def term(field: ReviewField, value: FilterValue, *more: Any) -> ReviewTerm:
    return ReviewTerm(field, value, *more)


F, C = ReviewField, Comparison
CASES: list[tuple[ReviewTerm, set[int]]] = [
    (term(F.STATUS, ReviewStatus.PENDING), {2, 3, 4}),
    (term(F.STATUS, ReviewStatus.ACCEPTED), {0}),
    (term(F.STATUS, ReviewStatus.REJECTED), {1}),
    (term(F.ITERATION, 2), {3, 4}),
    (term(F.ITERATION, 2, C.LESS), {0, 1, 2}),
    (term(F.TAG, "format"), {3}),
    (term(F.TAG, "form"), set()),
    (term(F.CHECK, CheckVerdict.FAIL), {0, 2}),
    (term(F.CHECK, CheckVerdict.PASS), {1, 3, 4}),
    (term(F.CHECK, CheckVerdict.UNKNOWN), set()),
    (term(F.ORIGIN, Origin.EDITED), {1, 4}),
    (term(F.BY, AuthorKind.EXPERT), {1, 3}),
    (term(F.BY, AuthorKind.GOLD), {0, 2, 4}),
    (term(F.BY, AuthorKind.PERSON), {4}),
    (term(F.BY, AuthorKind.STUDENT), {0, 1, 2, 3, 4}),
    (term(F.AUTHOR, "gemma"), {1, 3}),
    (term(F.AUTHOR, "expert:gemma"), {1, 3}),
    (term(F.AUTHOR, "gem"), set()),
    (term(F.UPDATES, 2, C.MORE), {3, 4}),
    (term(F.UPDATES, 2, C.AT_LEAST), {2, 3, 4}),
    (term(F.UPDATES, 2, C.AT_MOST), {0, 1, 2}),
    (term(F.LENGTH, 800, C.MORE), {4}),
    (term(F.FLAGGED, True), {1}),
    (term(F.WORDS, "some words"), {3}),
    (term(F.WORDS, "50%"), {1}),
    (term(F.WORDS, "a_b"), {1}),
    (term(F.WORDS, "a%b"), set()),
    (term(F.WORDS, "back\\slash"), {2}),
    (term(F.WORDS, "mended"), {4}),
    (term(F.WORDS, "'; DROP TABLE items; --"), set()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].field}={case[0].value}")
def test_a_term_lets_through_what_it_says_and_negated_the_rest(
    store: Store, run: Run, reviewed: list[int], case: tuple[ReviewTerm, set[int]]
) -> None:
    wanted, places = case
    found = store.review_ids(run.id, ReviewFilter((wanted,)))
    assert set(found) == {reviewed[place] for place in places}
    assert store.review_total(run.id, ReviewFilter((wanted,))) == len(places)
    negated = ReviewTerm(wanted.field, wanted.value, wanted.comparison, negated=True)
    assert set(store.review_ids(run.id, ReviewFilter((negated,)))) == set(reviewed) - set(found)


def test_terms_narrow_each_other(store: Store, run: Run, reviewed: list[int]) -> None:
    both = ReviewFilter((term(F.STATUS, ReviewStatus.PENDING),)).also(term(F.ITERATION, 2))
    assert set(store.review_ids(run.id, both)) == {reviewed[3], reviewed[4]}
    none = both.also(term(F.FLAGGED, True))
    assert store.review_ids(run.id, none) == []
    assert store.first_pending(run.id, none) is None


def test_what_was_not_checked_is_unknown(store: Store, run: Run, ids: list[int]) -> None:
    unknown = ReviewFilter((term(F.CHECK, CheckVerdict.UNKNOWN),))
    assert len(store.review_ids(run.id, unknown)) == 5
    assert store.unchecked(run.id, 2) == ids[:2]
    store.add_checks({ids[0]: CheckVerdict.UNKNOWN, ids[1]: CheckVerdict.PASS})
    store.add_checks({ids[1]: CheckVerdict.FAIL})
    assert store.checks(ids) == {ids[0]: CheckVerdict.UNKNOWN, ids[1]: CheckVerdict.PASS}
    assert store.unchecked(run.id) == ids[2:]
    assert len(store.review_ids(run.id, unknown)) == 4


def test_orders(store: Store, run: Run, reviewed: list[int]) -> None:
    def places(order: ReviewOrder) -> list[int]:
        return [reviewed.index(key) for key in store.review_ids(run.id, order=order)]

    assert places(ReviewOrder.NEWEST) == [4, 3, 2, 1, 0]
    assert places(ReviewOrder.OLDEST) == [0, 1, 2, 3, 4]
    assert places(ReviewOrder.SHORTEST) == [0, 1, 2, 3, 4]
    # Accepted though it fails, rejected though it passes, kept though it fails; the edit passes.
    assert places(ReviewOrder.CHECKER) == [2, 1, 0, 4, 3]


def test_a_page_is_a_part_of_the_list_with_what_a_line_shows(
    store: Store, run: Run, reviewed: list[int]
) -> None:
    pages = [store.review_page(run.id, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    rows = [row for page in pages for row in page]
    assert [row.trajectory_id for row in rows] == store.review_ids(run.id)
    last, second = rows[0], rows[3]
    assert (last.edited, last.checked, last.length) == (True, CheckVerdict.PASS, 900)
    assert (second.status, second.flagged, second.updates) == (ReviewStatus.REJECTED, True, 1)
    assert (second.question, second.origin) == ("b + 3 is what?", Origin.EDITED)
    assert (second.iteration, second.edited, second.checked) == (1, False, CheckVerdict.PASS)
    assert store.review_rows([reviewed[0], 99, reviewed[4]]) == [rows[4], rows[0]]


@pytest.mark.parametrize("order", ReviewOrder)
def test_pages_make_up_the_list(
    store: Store, run: Run, reviewed: list[int], order: ReviewOrder
) -> None:
    whole = store.review_ids(run.id, order=order)
    for size in (1, 2, 3):
        pages = [
            store.review_ids(run.id, order=order, limit=size, offset=offset)
            for offset in range(0, 7, size)
        ]
        assert [key for page in pages for key in page] == whole
        assert all(len(page) <= size for page in pages)


def test_review_goes_on_at_the_first_that_is_undecided(
    store: Store, run: Run, reviewed: list[int]
) -> None:
    assert store.first_pending(run.id) == reviewed[4]
    assert store.first_pending(run.id, order=ReviewOrder.OLDEST) == reviewed[2]
    later = ReviewFilter((term(F.UPDATES, 2, C.MORE),))
    assert store.first_pending(run.id, later, ReviewOrder.OLDEST) == reviewed[3]
