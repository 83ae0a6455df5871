"""One item as two models answered it: side by side where there is room, else stacked."""

from textual.content import Content

from tripost_tui.glyphs import Glyphs
from tripost_tui.state.item_passages import LETTERS, Beside, asked, besides, verdict
from tripost_tui.state.items_view import ItemsView
from tripost_tui.state.trajectory import Passage, Tone
from tripost_tui.state.word_diff import added_ranges, removed_ranges, word_diff
from tripost_tui.text import clean_text
from tripost_tui.widgets.review_item import ADDED, REMOVED, words_content
from tripost_tui.widgets.run_panes import TONES
from tripost_tui.widgets.side_by_side import side_by_side

ROOM = 90
"""Columns from which two texts have room side by side."""


def item_content(view: ItemsView, *, marked: bool, width: int, glyphs: Glyphs) -> Content:
    """Question, reference answer, and what both models wrote.

    ``marked`` marks the words in which they differ.
    """
    item = view.item
    if item is None:
        return Content("")
    split = width >= ROOM
    blocks = [_asked(passage, width) for passage in asked(item)]
    heads = [
        _head(place, name, *verdict(one, view.measure), glyphs)
        for place, (name, one) in enumerate(zip(view.names, (item.first, item.second), strict=True))
    ]
    if split:
        blocks.append(side_by_side(heads[0], heads[1], width, glyphs))
    else:
        blocks += heads
    for pair in besides(item):
        blocks += _pair(pair, width, glyphs, marked=marked, split=split)
    return Content("\n").join(blocks)


def _head(place: int, name: str, tone: Tone, said: str, glyphs: Glyphs) -> Content:
    sign = glyphs.finished if tone is Tone.RIGHT else glyphs.failed
    return Content.assemble(
        (f"{LETTERS[place]} {clean_text(name)}", "bold $text-accent"),
        (f"  {sign} {clean_text(said)}", TONES[tone]),
    )


def _pair(pair: Beside, width: int, glyphs: Glyphs, *, marked: bool, split: bool) -> list[Content]:
    first, second = pair.first, pair.second
    left = Content(first.text if first else "")
    right = Content(second.text if second else "")
    if marked and first is not None and second is not None:
        pieces = word_diff(first.text, second.text)
        if not split:
            both = Passage(f"A and B: {second.heading}", second.text, second.tone)
            if first.heading != second.heading:
                both = Passage(f"A: {first.heading}, B: {second.heading}", "", second.tone)
            return [_block(both, words_content(pieces))]
        for start, end in removed_ranges(pieces):
            left = left.stylize(REMOVED, start, end)
        for start, end in added_ranges(pieces):
            right = right.stylize(ADDED, start, end)
    sides = [
        _block(Passage(f"{letter} {passage.heading}", "", passage.tone), text)
        if passage is not None
        else Content.styled(f"{letter} {glyphs.dash}", "dim")
        for letter, passage, text in zip(LETTERS, (first, second), (left, right), strict=True)
    ]
    if split:
        return [side_by_side(sides[0], sides[1], width, glyphs)]
    return [side for side, passage in zip(sides, (first, second), strict=True) if passage]


def _asked(passage: Passage, width: int) -> Content:
    """A heading with its text beside it where that has room, else below."""
    line = Content.assemble((passage.heading, TONES[passage.tone]), f"  {passage.text}")
    if "\n" in passage.text or line.cell_length > width:
        return _block(passage, Content(passage.text))
    return line


def _block(passage: Passage, text: Content) -> Content:
    return Content.assemble((passage.heading, TONES[passage.tone]), "\n", text)
