"""Pieces of a growing text add up to its beginning, and never show what is no part of it."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.play.text_stream import TextStream

STOP = "\nFeedback:"


def decode(ids: Sequence[int]) -> str:
    """Tokens are bytes, as in a tokenizer that may cut a character."""
    return bytes(ids).decode(errors="replace")


def pieces(text: str, stop: str = STOP, leading: str = "\n") -> list[str]:
    ids = text.encode()
    stream = TextStream(decode, stop, leading)
    return [stream.more(list(ids[: end + 1])) for end in range(len(ids))]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_pieces_add_up_to_the_beginning_of_the_text(text: str) -> None:
    shown = "".join(pieces(text))
    whole = text.lstrip("\n")
    assert whole.startswith(shown)
    assert len(whole) - len(shown) < len(STOP)


@given(st.text("\nFedback: é", max_size=40))
def test_the_stop_string_is_never_begun_in_vain(text: str) -> None:
    # Generation ends with it; all before it may be shown, no part of it.
    before = text.split(STOP)[0].rstrip("\n") + "x"
    shown = "".join(pieces(f"{before}{STOP}"[:-1]))
    assert shown == before.lstrip("\n")


def test_a_character_comes_whole() -> None:
    assert [piece for piece in pieces("aé日👍b") if piece] == ["a", "é", "日", "👍", "b"]


def test_what_begins_like_the_stop_string_and_is_not_comes_late() -> None:
    assert [piece for piece in pieces("a\nFeed me") if piece][:2] == ["a", "\nFeed "]


def test_a_byte_that_is_no_character_is_not_waited_for_for_ever() -> None:
    ids = [*b"a", 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, *b"b"]
    stream = TextStream(decode, "", "")
    shown = "".join(stream.more(ids[: end + 1]) for end in range(len(ids)))
    assert shown == decode(ids)


def test_blanks_before_the_text_are_left_out() -> None:
    assert "".join(pieces(" \n  Steps", "\n", "\n ")) == "Steps"
