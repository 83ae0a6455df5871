"""A list of any length: as many lines as there are rows, of which those in sight are made."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tripost_tui.glyphs import Glyphs

HERE = "on $panel"
"""How the line one is at is shown, beside its mark."""
_MOST_LINES = 500


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines of a view, which is kept by the class of each kind. Keys are the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = []

    class Chosen(Message):
        """A line was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class Wanted(Message):
        """Lines came into sight that are not at hand."""

        def __init__(self, first: int, count: int) -> None:
            super().__init__()
            self.first = first
            self.count = count

    TITLE: ClassVar[str]
    """Over the lines, until `headed` says otherwise."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content(self.TITLE)
        self._glyphs = glyphs
        self._lines: dict[Hashable, Strip] = {}
        """Lines as they are painted, by all that they show."""
        self._in_sight: dict[int, Hashable] = {}
        """All that the lines in sight showed when the view was shown last, by their place."""

    # --- what a kind of list says of itself ---------------------------------------------------

    @property
    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    @property
    def at(self) -> int:
        """The line one is at; below 0 where there is none."""
        raise NotImplementedError

    def facts(self, place: int) -> Hashable:
        """All that the line at ``place`` shows."""
        raise NotImplementedError

    def line(self, place: int, width: int) -> Content:
        """The line at ``place``, of ``width`` cells."""
        raise NotImplementedError

    def lacks(self, place: int) -> bool:
        """Whether what the line at ``place`` shows is not all at hand yet."""
        raise NotImplementedError

    # --- showing ------------------------------------------------------------------------------

    def headed(self, title: str, subtitle: str) -> None:
        """Show these over and under the lines."""
        if str(self.border_title) != title:
            self.border_title = Content(title)
        if str(self.border_subtitle) != subtitle:
            self.border_subtitle = Content(subtitle)

    def show_lines(self, *, others: bool, moved: bool) -> None:
        """Show the view anew: ``others`` are other lines, ``moved`` says that one is elsewhere."""
        top, before = self.scroll_offset.y, self._in_sight
        if others:
            self._measure()
        elif moved:
            self._follow()
        first = self.scroll_offset.y
        end = min(self.count, first + self.scrollable_content_region.height)
        self._in_sight = {place: self.facts(place) for place in range(first, end)}
        if others or first != top:
            self.refresh()
            return
        # Most keys change a line or two: to paint all of them would take longer than the rest.
        for place, facts in self._in_sight.items():
            if before.get(place) != facts:
                self.refresh_line(place)

    def _measure(self) -> None:
        """Have room for all lines, and those in sight at hand."""
        self.virtual_size = Size(self.scrollable_content_region.width, self.count)
        self._follow()
        self._want(self.scroll_offset.y)

    def _follow(self) -> None:
        """Have the line one is at in sight, and one beside it; else bring it to the middle.

        To scroll paints all lines, which should not be at each step.
        """
        height, at = self.scrollable_content_region.height, self.at
        if height <= 0 or at < 0:
            return
        beside = 1 if height > 4 else 0
        top, last = self.scroll_offset.y, self.count - 1
        if max(at - beside, 0) < top or min(at + beside, last) >= top + height:
            self.scroll_to(y=max(0, at - height // 2), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._lines.clear()
        self._measure()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want(round(new_value))

    def _want(self, first: int) -> None:
        """Ask for the lines in sight from ``first`` on, unless all of them are at hand."""
        count = self.scrollable_content_region.height
        if any(self.lacks(place) for place in range(first, min(self.count, first + count))):
            self.post_message(self.Wanted(first, count))

    def notify_style_update(self) -> None:
        self._lines.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width, place = self.scrollable_content_region.width, self.scroll_offset.y + y
        if not 0 <= place < self.count:
            return Strip.blank(width, self.rich_style)
        key = (self.facts(place), width)
        if (line := self._lines.get(key)) is None:
            content = self.line(place, width)
            line = Visual.to_strips(self, content, width, 1, self.visual_style)[0]
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            self._lines[key] = line
        return line

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self.scroll_offset.y + offset.y < self.count:
            self.post_message(self.Chosen(self.scroll_offset.y + offset.y))
