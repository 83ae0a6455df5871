"""What an update changes, by words."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.differences import changes

texts = st.text(st.sampled_from("ab1 2\n.-_é×=") | st.characters(), max_size=60)


def test_only_what_is_new_counts_as_changed() -> None:
    old = "(2) A = (24 * 7) = 158.\n(3) So 158."
    new = "(2) A = (24 * 7) = 168.\n(3) So 168."
    assert changes(old, new) == [
        ("(2) A = (24 * 7) =", False),
        (" 168", True),
        (".\n(3) So", False),
        (" 168", True),
        (".", False),
    ]


def test_a_number_changes_with_its_sign() -> None:
    assert changes("is 12", "is -12") == [("is", False), (" -12", True)]


def test_an_insertion_and_a_deletion() -> None:
    assert changes("a c", "a b c") == [("a", False), (" b", True), (" c", False)]
    assert changes("a b c", "a c") == [("a c", False)]
    assert changes("", "a b") == [("a b", True)]
    assert changes("a b", "") == []


@given(texts, texts)
def test_the_parts_are_the_new_text_and_alternate(old: str, new: str) -> None:
    parts = changes(old, new)
    assert "".join(text for text, _ in parts) == new
    assert all(text for text, _ in parts)
    assert all(one[1] != other[1] for one, other in pairwise(parts))


@given(texts)
def test_the_same_text_has_no_change(text: str) -> None:
    assert all(not changed for _, changed in changes(text, text))


@given(texts, texts)
def test_what_is_kept_stands_in_the_old_text_in_that_order(old: str, new: str) -> None:
    left = iter(old)
    kept = "".join(text for text, changed in changes(old, new) if not changed)
    assert all(sign in left for sign in kept)
