"""The examples of an iteration: as many lines as there are, of which those in sight are made."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.content import Content

from engine.editing import DropReason
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.balance_port import Entry
from tripost_tui.state.balance_view import BalanceView
from tripost_tui.state.balance_words import KINDS, REASONS
from tripost_tui.text import one_line
from tripost_tui.widgets.cut import in_width
from tripost_tui.widgets.line_list import HERE, LineList


def status_content(dropped: str | None, glyphs: Glyphs, *, late: bool = False) -> Content:
    """Whether an example trains, in a sign and a word."""
    if dropped is None:
        sign, style = glyphs.finished, "$text-success"
        return Content.styled(f"{sign} {'trains!' if late else 'trains'}", style)
    try:
        word = REASONS.get(DropReason(dropped), "left out")
    except ValueError:
        word = one_line(dropped, 12)
    return Content.styled(f"{glyphs.failed} {word}{'!' if late else ''}", "$text-error")


def row_content(
    entry: Entry,
    question: str | None,
    mark: str,
    style: str,
    width: int,
    glyphs: Glyphs,
    *,
    late: bool = False,
) -> Content:
    """A line of ``width`` cells: mark, whether it trains or why not, kind, question."""
    status = status_content(entry.dropped, glyphs, late=late)
    line = Content.assemble(
        f"{mark} ",
        status.pad_right(max(0, 13 - status.cell_length)),
        (f"{KINDS[entry.kind]:<14}", "dim"),
        glyphs.ellipsis if question is None else one_line(question, 200),
    )
    line = in_width(line, width, glyphs)
    return line.stylize_before(style) if style else line


class BalanceList(LineList):
    """Shows a `BalanceView`. Keys are the screen's."""

    TITLE: ClassVar[str] = "Examples"

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(glyphs, id=id)
        self._balance = BalanceView()

    def show(self, view: BalanceView) -> None:
        old, self._balance = self._balance, view
        kind = f", {KINDS[view.kind]}" if view.kind is not None else ""
        there = f"{view.at + 1:,}/{len(view.shown):,}" if view.shown else "none"
        self.headed(f"Examples: {view.rows}{kind}", there)
        others = view.shown is not old.shown or view.entries is not old.entries
        self.show_lines(others=others, moved=view.at != old.at)

    @property
    def count(self) -> int:
        return len(self._balance.shown)

    @property
    def at(self) -> int:
        return self._balance.at

    def _entry(self, place: int) -> Entry:
        return self._balance.entries[self._balance.shown[place]]

    def _is_late(self, entry: Entry) -> bool:
        late = self._balance.late.all
        return bool(late) and entry.trajectory_id in late

    def facts(self, place: int) -> Hashable:
        entry, lacking = self._entry(place), self.lacks(place)
        here = place == self.at
        return entry.kind, entry.dropped, entry.item_id, lacking, here, self._is_late(entry)

    def line(self, place: int, width: int) -> Content:
        entry, here = self._entry(place), place == self.at
        question, late = self._balance.questions.get(entry.item_id), self._is_late(entry)
        mark, style = (self._glyphs.arrow, HERE) if here else (" ", "")
        return row_content(entry, question, mark, style, width, self._glyphs, late=late)

    def lacks(self, place: int) -> bool:
        return self._entry(place).item_id not in self._balance.questions
