"""Keys by name: shown, written, and as Textual calls them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from tripost_tui.actions import ACTIONS
from tripost_tui.actions.keys import parse_key, shown_key, spelled_key, types


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("^s", "ctrl+s"),
        ("ctrl+S", "ctrl+s"),
        ("esc", "escape"),
        ("?", "question_mark"),
        ("[", "left_square_bracket"),
        ("A", "A"),
        ("a", "a"),
        ("F5", "f5"),
        ("S-tab", "shift+tab"),
        ("pgdn", "pagedown"),
        ("shift+ctrl+left", "ctrl+shift+left"),
        ("ctrl++", "ctrl+plus"),
        ("+", "plus"),
        ("€", "euro_sign"),
        ("é", "é"),
        ("^\\", "ctrl+backslash"),
    ],
)
def test_a_key_may_be_written_as_it_is_shown_or_as_textual_calls_it(written: str, key: str) -> None:
    assert parse_key(written) == key


@pytest.mark.parametrize(
    "written", ["", "  ", "nokey", "ctrl+", "hello+a", "f99", "\x07", "ctrl+nokey", "p,q", "aa"]
)
def test_what_is_no_key_is_told(written: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        parse_key(written)


@pytest.mark.parametrize(("written", "sent"), [("^i", "tab"), ("^m", "enter"), ("^h", "backspace")])
def test_keys_that_a_terminal_cannot_tell_from_others_are_refused(written: str, sent: str) -> None:
    with pytest.raises(ValueError, match=f"terminals send {sent}"):
        parse_key(written)


@pytest.mark.parametrize("written", ["shift+a", "shift+?"])
def test_shift_and_a_character_is_the_other_character(written: str) -> None:
    with pytest.raises(ValueError, match="write the character itself"):
        parse_key(written)


@pytest.mark.parametrize("character", [*string.ascii_letters, *string.digits, *string.punctuation])
def test_what_is_pressed_can_be_written_down_and_read_again(character: str) -> None:
    key = _character_to_key(character)
    assert parse_key(key) == key
    assert parse_key(shown_key(key)) == key
    assert parse_key(character) == key
    assert types(key)


@given(st.text(min_size=1, max_size=12))
def test_whatever_is_written_is_a_key_or_refused(text: str) -> None:
    try:
        key = parse_key(text)
    except ValueError:
        return
    assert parse_key(key) == key


def test_every_key_of_the_registry_can_be_written() -> None:
    for action in ACTIONS:
        assert [parse_key(key) for key in action.keys] == list(action.keys)


def test_only_what_types_is_said_to_type() -> None:
    assert [types(key) for key in ("a", "space", "slash", "ctrl+a", "f1", "enter", "delete")] == [
        *(True, True, True),
        *(False, False, False, False),
    ]


def test_keys_are_short_in_lists_and_spelled_out_in_sentences() -> None:
    assert [shown_key(key) for key in ("ctrl+q", "f5", "alt+slash")] == ["^q", "F5", "alt+/"]
    assert [spelled_key(key) for key in ("ctrl+q", "escape", "p")] == ["ctrl+q", "esc", "p"]
