"""The items of two models: as many lines as there are items, of which those in sight are made."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.content import Content

from engine.comparing import Outcome
from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.state.items_view import ItemsView
from tripost_tui.text import one_line
from tripost_tui.widgets.cut import in_width
from tripost_tui.widgets.line_list import HERE, LineList

_STYLES = {
    Outcome.BROKEN: "$text-error",
    Outcome.FIXED: "$text-success",
    Outcome.BOTH_WRONG: "$text-warning",
    Outcome.BOTH_RIGHT: "dim",
}
_WITH_SUBTASK, _WITH_ANSWERS = 60, 72
"""Columns from which a line has room for more: whether the item is seen, and for what the two
models answered."""


def outcome_word(kind: Outcome, glyphs: Glyphs) -> str:
    """An outcome's sign and word: ``✓ wrong→right``."""
    arrow = glyphs.arrow
    return {
        Outcome.BROKEN: f"{glyphs.failed} right{arrow}wrong",
        Outcome.FIXED: f"{glyphs.finished} wrong{arrow}right",
        Outcome.BOTH_WRONG: f"{glyphs.waiting} both wrong",
        Outcome.BOTH_RIGHT: f"{glyphs.dot} both right",
    }[kind]


def outcome_content(kind: Outcome, glyphs: Glyphs) -> Content:
    return Content.styled(outcome_word(kind, glyphs), _STYLES[kind])


def line_content(view: ItemsView, place: int, width: int, glyphs: Glyphs) -> Content:
    """A line of ``width`` cells: outcome, seen or unseen, both answers, question."""
    row = view.rows.get(place)
    kind = outcome_content(view.outcome_at(place), glyphs)
    parts: list[Content | tuple[str, str] | str] = [kind.pad_right(14 - kind.cell_length)]
    if width >= _WITH_SUBTASK:
        parts.append((f" {view.pairs.subtask(place).value:<7}", "dim"))
    if row is None:
        parts.append(f" {glyphs.ellipsis}")
    else:
        if width >= _WITH_ANSWERS:
            said = (one_line(each, 10) if each is not None else "none" for each in row.said)
            parts.append(f" {f' {glyphs.arrow} '.join(said):<24}")
        shown = to_ascii if glyphs.ellipsis.isascii() else str
        parts.append(f" {shown(one_line(row.question, 200))}")
    return Content.assemble(*parts)


class ItemsList(LineList):
    """Shows an `ItemsView`. Keys are the screen's."""

    TITLE: ClassVar[str] = "Items"

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(glyphs, id=id)
        self._view = ItemsView()

    def show(self, view: ItemsView, title: str, subtitle: str) -> None:
        old, self._view = self._view, view
        self.headed(title, subtitle)
        others = view.places is not old.places or view.measure is not old.measure
        self.show_lines(others=others, moved=view.at != old.at)

    @property
    def count(self) -> int:
        return len(self._view.places)

    @property
    def at(self) -> int:
        return self._view.at

    def facts(self, place: int) -> Hashable:
        view, pair = self._view, self._view.places[place]
        return view.rows.get(pair), view.pairs.marks[pair], view.measure, place == view.at

    def line(self, place: int, width: int) -> Content:
        view, here = self._view, place == self.at
        told = line_content(view, view.places[place], width - 2, self._glyphs)
        mark = self._glyphs.arrow if here else " "
        line = in_width(Content.assemble(f"{mark} ", told), width, self._glyphs)
        return line.stylize_before(HERE) if here else line

    def lacks(self, place: int) -> bool:
        return self._view.places[place] not in self._view.rows
