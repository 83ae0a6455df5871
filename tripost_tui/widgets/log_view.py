"""The end of a log: as many lines as there are, only those in sight are drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from db.records import Level
from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.state.engine_log import LogLine
from tripost_tui.text import one_line


class LogView(ScrollView, can_focus=True):
    """Stays at the end while the log grows, unless one has scrolled away from it.

    What an engine or a library wrote is data and never markup. Lines are not wrapped; the arrows
    scroll sideways.
    """

    ALLOW_MAXIMIZE = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--info",
        "log--warning",
        "log--error",
        "log--note",
    }

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._lines: Sequence[tuple[Level | None, str]] = ()
        self._following, self._placed = True, False
        self.border_title = Content("Log")

    def show(self, title: str, lines: Sequence[LogLine], note: str, *, to_end: bool) -> None:
        """Show ``lines``, and ``note`` after them; ``to_end`` goes there wherever one is."""
        self.border_title = Content(title)
        if self._placed:
            self._following = to_end or self.is_vertical_scroll_end
        shown: list[tuple[Level | None, str]] = [
            (line.level, self._shown(line.text)) for line in lines
        ]
        width = max(10, self.scrollable_content_region.width)
        if note:
            shown += [(None, part) for part in self._wrapped(note, width)]
        self._lines = shown
        widths = (len(text) if text.isascii() else cell_len(text) for _, text in shown)
        self.virtual_size = Size(max(widths, default=0) + 2, len(shown))
        self.refresh()
        if self._following:
            self.call_after_refresh(self._to_end)

    def _to_end(self) -> None:
        self.scroll_end(animate=False, immediate=True, x_axis=False)
        self._placed = True

    def on_resize(self, _: Resize) -> None:
        if self._following:
            self.call_after_refresh(self._to_end)

    def _wrapped(self, note: str, width: int) -> list[str]:
        return textwrap.wrap(self._shown(one_line(note, 1000)), width) or [""]

    def _shown(self, text: str) -> str:
        return to_ascii(text) if self._glyphs.ellipsis.isascii() else text

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        at = top + y
        width = self.scrollable_content_region.width
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        level, text = self._lines[at]
        signs = {Level.ERROR: self._glyphs.failed, Level.WARNING: self._glyphs.warning}
        sign = "" if level is None else f"{signs.get(level, ' ')} "
        name = "note" if level is None else level.value
        style = self.get_component_rich_style(f"log--{name}")
        strip = Strip([Segment(f"{sign}{text}", style)])
        return strip.crop_extend(left, left + width, style)
