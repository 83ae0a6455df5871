"""The difference of two texts, by words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripost_tui.state.word_diff import (
    MOST_PAIRS,
    Change,
    Piece,
    added_ranges,
    removed_ranges,
    word_diff,
)

texts = st.text(alphabet="ab 1.\n\t-é", max_size=80)


@given(texts, texts)
def test_a_difference_leads_from_one_text_to_the_other(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert "".join(piece.text for piece in pieces if piece.change is not Change.ADDED) == old
    assert "".join(piece.text for piece in pieces if piece.change is not Change.REMOVED) == new
    assert all(piece.text for piece in pieces)


@given(texts)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(piece.change is Change.SAME for piece in word_diff(text, text))


@given(texts, texts)
def test_ranges_are_where_the_pieces_stand(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    removed = [piece.text for piece in pieces if piece.change is Change.REMOVED]
    added = [piece.text for piece in pieces if piece.change is Change.ADDED]
    assert [old[start:end] for start, end in removed_ranges(pieces)] == removed
    assert [new[start:end] for start, end in added_ranges(pieces)] == added


def test_whole_words_are_told() -> None:
    assert word_diff("so the answer is 12.", "so the answer is 108.") == [
        Piece(Change.SAME, "so the answer is "),
        Piece(Change.REMOVED, "12"),
        Piece(Change.ADDED, "108"),
        Piece(Change.SAME, "."),
    ]


@pytest.mark.parametrize("size", [MOST_PAIRS, 4 * MOST_PAIRS])
def test_what_is_too_long_to_compare_counts_as_replaced(size: int) -> None:
    words = int(size**0.5)
    old, new = "a b " * words, "b a " * words
    assert [piece.change for piece in word_diff(f"x {old}y", f"x {new}y")] == [
        Change.SAME,
        Change.REMOVED,
        Change.ADDED,
        Change.SAME,
    ]
