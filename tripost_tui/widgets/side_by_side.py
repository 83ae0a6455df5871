"""Two texts side by side."""

from itertools import zip_longest

from textual.content import Content

from tripost_tui.glyphs import Glyphs

BAR = 3
"""Columns between the two."""


def side_by_side(left: Content, right: Content, width: int, glyphs: Glyphs) -> Content:
    """Two texts, each wrapped into its half of ``width`` columns, with a bar between them."""
    column = max(1, (width - BAR) // 2)
    sides = [text.expand_tabs().wrap(column) for text in (left, right)]
    bar = Content.styled(" | " if glyphs.dash == "-" else " │ ", "dim")
    lines = [
        Content.assemble(one.pad_right(max(0, column - one.cell_length)), bar, other)
        for one, other in zip_longest(*sides, fillvalue=Content(""))
    ]
    return Content("\n").join(lines)
