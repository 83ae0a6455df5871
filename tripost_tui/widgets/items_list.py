"""The items of two models: as many lines as there are items, of which those in sight are made."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from engine.comparing import Outcome
from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.state.items_view import ItemsView
from tripost_tui.text import one_line
from tripost_tui.widgets.cut import in_width

_STYLES = {
    Outcome.BROKEN: "$text-error",
    Outcome.FIXED: "$text-success",
    Outcome.BOTH_WRONG: "$text-warning",
    Outcome.BOTH_RIGHT: "dim",
}
_HERE = "on $panel"
_MOST_LINES = 500
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


class ItemsList(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows an `ItemsView`. Keys are the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = []

    class Chosen(Message):
        """A line was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    class Wanted(Message):
        """Lines came into sight that are not at hand."""

        def __init__(self, first: int, count: int) -> None:
            super().__init__()
            self.first = first
            self.count = count

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._view = ItemsView()
        self._lines: dict[tuple[object, ...], Strip] = {}
        self.border_title = Content("Items")

    def show(self, view: ItemsView, title: str, subtitle: str) -> None:
        old, self._view = self._view, view
        if str(self.border_title) != title:
            self.border_title = Content(title)
        if str(self.border_subtitle) != subtitle:
            self.border_subtitle = Content(subtitle)
        if view.places is not old.places or view.measure is not old.measure:
            self.virtual_size = Size(self.scrollable_content_region.width, len(view.places))
            self._follow()
            self.refresh()
            self._want(self.scroll_offset.y)
            return
        top = self.scroll_offset.y
        if view.at != old.at:
            self._follow()
        if self.scroll_offset.y != top:
            self.refresh()
            return
        # Most keys change a line or two: to paint all of them would take longer than the rest.
        for at in range(top, min(len(view.places), top + self.scrollable_content_region.height)):
            place = view.places[at]
            known = view.rows.get(place) is not old.rows.get(place)
            if known or (at == view.at) != (at == old.at):
                self.refresh_line(at)

    def _follow(self) -> None:
        """Have the line one is at in sight, and one beside it; else bring it to the middle."""
        height, at = self.scrollable_content_region.height, self._view.at
        if height <= 0 or at < 0:
            return
        beside = 1 if height > 4 else 0
        top, last = self.scroll_offset.y, len(self._view.places) - 1
        if max(at - beside, 0) < top or min(at + beside, last) >= top + height:
            self.scroll_to(y=max(0, at - height // 2), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._lines.clear()
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._view.places))
        self._follow()
        self._want(self.scroll_offset.y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want(round(new_value))

    def _want(self, first: int) -> None:
        count = self.scrollable_content_region.height
        places, rows = self._view.places, self._view.rows
        if any(place not in rows for place in places[first : first + count]):
            self.post_message(self.Wanted(first, count))

    def notify_style_update(self) -> None:
        self._lines.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        view, width = self._view, self.scrollable_content_region.width
        at = self.scroll_offset.y + y
        if not 0 <= at < len(view.places):
            return Strip.blank(width, self.rich_style)
        place, here = view.places[at], at == view.at
        key = (view.rows.get(place), view.pairs.marks[place], view.measure, here, width)
        if (line := self._lines.get(key)) is None:
            mark = self._glyphs.arrow if here else " "
            content = in_width(
                Content.assemble(f"{mark} ", line_content(view, place, width - 2, self._glyphs)),
                width,
                self._glyphs,
            )
            if here:
                content = content.stylize_before(_HERE)
            line = Visual.to_strips(self, content, width, 1, self.visual_style)[0]
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            self._lines[key] = line
        return line

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self.scroll_offset.y + offset.y < len(self._view.places):
            self.post_message(self.Chosen(self.scroll_offset.y + offset.y))
