import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tripost_tui.text import clean_text, one_line

hostile = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from("\x1b\x07\x9b\x7f\r\n\t\u202e\u2066\u200f\u061c\u2028\ud800[](){}31mA"),
    )
)
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(hostile)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    for character in clean_text(text):
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
        assert unicodedata.bidirectional(character) not in BIDI
        assert character not in "\u061c\u200e\u200f\u2028\u2029"


@given(hostile)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")) | st.sampled_from("\n\t")))
def test_ordinary_text_is_untouched(text: str) -> None:
    assert clean_text(text) == text


@given(hostile)
def test_the_result_can_be_encoded(text: str) -> None:
    clean_text(text).encode("utf-8")


def test_an_escape_sequence_stays_readable() -> None:
    assert clean_text("\x1b[31mred\x1b[0m \x9b2Jx") == "[31mred[0m 2Jx"


def test_bidi_controls_are_spelled_out() -> None:
    assert clean_text("a\u202eb\u2069") == "a⟨U+202E⟩b⟨U+2069⟩"


def test_line_ends_become_newlines() -> None:
    assert clean_text("a\r\nb\tc") == "a\nb\tc"


@given(hostile, st.integers(min_value=1, max_value=40))
def test_one_line_is_one_line_and_no_wider(text: str, width: int) -> None:
    line = one_line(text, width)
    assert "\n" not in line
    assert len(line) <= width


def test_one_line_says_when_it_cut() -> None:
    assert one_line("a  b\n c", 10) == "a b c"
    assert one_line("x" * 1_000_000, 5) == "xxxx…"
    assert one_line("one two three", 8) == "one two…"
