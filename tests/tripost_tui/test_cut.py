"""Lines that are cut where their room ends."""

import pytest
from textual.content import Content

from tripost_tui.glyphs import ASCII, UNICODE
from tripost_tui.widgets.cut import in_width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("two plus two", 20, "two plus two        "),
        ("two plus two", 12, "two plus two"),
        ("two plus two", 11, "two plus t…"),
        ("二二二二", 6, "二二 …"),
        ("two", 0, ""),
    ],
)
def test_a_line_that_is_cut_says_so(text: str, width: int, shown: str) -> None:
    line = in_width(Content(text), width, UNICODE)
    assert line.plain.rstrip() == shown.rstrip()
    assert line.cell_length == width


def test_the_sign_of_a_cut_is_ascii_where_all_is() -> None:
    assert in_width(Content("two plus two"), 11, ASCII).plain == "two plus t~"
