"""The filter of a review: what it means, and what is said of what it does not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.records import Origin
from db.review_conditions import (
    AuthorKind,
    Comparison,
    ReviewField,
    ReviewFilter,
    ReviewOrder,
    ReviewTerm,
    where,
)
from db.review_records import CheckVerdict, ReviewStatus
from engine.review_filter import (
    LONGEST,
    MOST_TERMS,
    FilterFault,
    parse_filter,
    parse_order,
    render_filter,
)

F, C = ReviewField, Comparison

MEANINGS: dict[str, tuple[Any, ...]] = {
    "status:pending": (F.STATUS, ReviewStatus.PENDING),
    "iter:2": (F.ITERATION, 2),
    "iter=2": (F.ITERATION, 2),
    "tag:wrong-step": (F.TAG, "wrong-step"),
    "TAG:Wrong-Step": (F.TAG, "wrong-step"),
    "check:fail": (F.CHECK, CheckVerdict.FAIL),
    "origin:edited": (F.ORIGIN, Origin.EDITED),
    "by:expert": (F.BY, AuthorKind.EXPERT),
    "author:expert:gemma3:4b": (F.AUTHOR, "expert:gemma3:4b"),
    'author:"my model"': (F.AUTHOR, "my model"),
    "updates>1": (F.UPDATES, 1, C.MORE),
    "updates<=3": (F.UPDATES, 3, C.AT_MOST),
    "len>800": (F.LENGTH, 800, C.MORE),
    "flagged": (F.FLAGGED, True),
    "-flagged": (F.FLAGGED, True, C.EQUAL, True),
    "words": (F.WORDS, "words"),
    "-words": (F.WORDS, "words", C.EQUAL, True),
    '"quoted words"': (F.WORDS, "quoted words"),
    '-"quoted words"': (F.WORDS, "quoted words", C.EQUAL, True),
    '"status:pending"': (F.WORDS, "status:pending"),
    '"flagged"': (F.WORDS, "flagged"),
    r'"a \"b\" \\ c"': (F.WORDS, r'a "b" \ c'),
    "x=5": (F.WORDS, "x=5"),
    "3:4": (F.WORDS, "3:4"),
    "http://a.b": (F.WORDS, "http://a.b"),
    "a-b": (F.WORDS, "a-b"),
    "--5": (F.WORDS, "-5", C.EQUAL, True),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_term_means(text: str) -> None:
    assert parse_filter(text) == ReviewFilter((ReviewTerm(*MEANINGS[text]),))


def test_terms_stand_side_by_side() -> None:
    assert parse_filter("  ") == ReviewFilter()
    whole = parse_filter(" ".join(MEANINGS))
    assert whole.terms == tuple(ReviewTerm(*meaning) for meaning in MEANINGS.values())


FAULTS = {
    "status:done": (7, "status has no value 'done'", "One of pending, accepted, rejected."),
    "a iter:x": (7, "iter wants a number", "iter:2"),
    "iter:99999999999999999999": (5, "iter wants a number", "iter>1"),
    "status>pending": (6, "status is not compared", "status:"),
    "check:": (6, "check has no value ''", "One of pass, fail, unknown."),
    "tag:a_b": (4, "a tag is missing", "tag:wrong-step"),
    "author:": (7, "an author is missing", "author:student"),
    "colour:red": (0, "no field 'colour'", "status, check, origin, by, iter"),
    "a -colour:red": (3, "no field 'colour'", "quote them"),
    'a "b': (2, "a quote is not closed", 'ends with "'),
    '""': (0, "nothing stands in the quotes", "Such as"),
    "a - b": (2, "'-' stands alone", "follows"),
    "x" * (LONGEST + 1): (LONGEST, "too long", "1000"),
    "x " * (MOST_TERMS + 1): (2 * MOST_TERMS, "too many terms", "50"),
}


@pytest.mark.parametrize("text", FAULTS, ids=lambda text: text[:20])
def test_a_fault_says_where_it_is_and_what_is_allowed(text: str) -> None:
    position, message, allowed = FAULTS[text]
    with pytest.raises(FilterFault) as caught:
        parse_filter(text)
    assert caught.value.position == position
    assert caught.value.message == message
    assert allowed in caught.value.allowed
    assert str(caught.value).startswith(f"{message}, at character {position + 1}. ")


def test_orders_have_names() -> None:
    assert {parse_order(f" {order.value.upper()} ") for order in ReviewOrder} == set(ReviewOrder)
    with pytest.raises(FilterFault, match=r"no order: 'best'.*newest, oldest, checker, shortest"):
        parse_order("best")


LIKELY = st.lists(
    st.sampled_from(
        [*MEANINGS, *list(FAULTS)[:-2], "-", '"', "\\", ":", ">", "=", " ", "\n", "\0", "\ud800"]
    ),
    max_size=8,
).map("".join)


@given(text=st.one_of(st.text(max_size=60), LIKELY))
@example(text="\x85")
@example(text="-\x1c")
@example(text="iter:²")
def test_any_text_is_read_or_has_a_fault_and_what_is_read_is_written_back(text: str) -> None:
    with suppress(FilterFault):
        read = parse_filter(text)
        assert parse_filter(render_filter(read)) == read
        condition, values = where(read)
        assert condition.count("?") == len(values)


VALUES = {
    F.STATUS: st.sampled_from(ReviewStatus),
    F.ITERATION: st.integers(0, 999_999_999),
    F.TAG: st.from_regex(r"\A[a-z0-9]{1,5}(-[a-z0-9]{1,5})?\Z"),
    F.CHECK: st.sampled_from(CheckVerdict),
    F.ORIGIN: st.sampled_from(Origin),
    F.BY: st.sampled_from(AuthorKind),
    F.AUTHOR: st.text(min_size=1, max_size=20),
    F.UPDATES: st.integers(0, 999_999_999),
    F.LENGTH: st.integers(0, 999_999_999),
    F.FLAGGED: st.just(True),
    F.WORDS: st.text(min_size=1, max_size=20),
}
NUMBERS = (F.ITERATION, F.UPDATES, F.LENGTH)
TERMS = st.sampled_from(F).flatmap(
    lambda field: st.builds(
        ReviewTerm,
        st.just(field),
        VALUES[field],
        st.sampled_from(C) if field in NUMBERS else st.just(C.EQUAL),
        st.booleans(),
    )
)


@given(terms=st.lists(TERMS, max_size=8))
def test_what_is_written_reads_as_the_same(terms: list[ReviewTerm]) -> None:
    wanted = ReviewFilter(tuple(terms))
    assert parse_filter(render_filter(wanted)) == wanted
