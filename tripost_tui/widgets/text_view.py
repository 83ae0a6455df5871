"""Titled boxes for one text after another, which are painted without a layout of the screen."""

from __future__ import annotations

from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class TextView(ScrollView, can_focus=False):
    """Text under a title, wrapped to the box.

    In a `Pane` the text is a widget as high as its lines, so that each new text has the whole
    screen laid out again. Here the box stays as it is and draws the lines in sight.
    """

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content(title)
        self._content = Content("")
        self._lines: list[Strip] | None = None
        self._blank = Strip([])

    @property
    def columns(self) -> int:
        """Width that text has here."""
        return max(1, self.scrollable_content_region.width)

    def retitle(self, title: str) -> None:
        if str(self.border_title) != title:
            self.border_title = Content(title)

    def show(self, content: Content, *, from_top: bool = False) -> None:
        """Show ``content`` in place of what is shown, ``from_top`` or where one has scrolled to."""
        if not content.is_same(self._content):
            self._content = content
            self._draw_anew()
        if from_top:
            self.scroll_to(y=0, animate=False, immediate=True)

    def _draw_anew(self) -> None:
        self._lines = None
        size = Size(self.columns, len(self._drawn))
        # To set it plainly would lay out the screen, which is for boxes that grow with their text.
        self.set_reactive(Widget.virtual_size, size)
        self._scroll_update(size)
        self.refresh()

    @property
    def _drawn(self) -> list[Strip]:
        if self._lines is None:
            width, style = self.columns, self.visual_style
            self._lines = Visual.to_strips(self, self._content, width, None, style, pad=True)
            self._blank = Strip.blank(width, self.rich_style)
        return self._lines

    def on_resize(self, _: Resize) -> None:
        self._draw_anew()

    def notify_style_update(self) -> None:
        self._lines = None
        super().notify_style_update()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract(self._content.plain), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self._lines = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        lines, at = self._drawn, self.scroll_offset.y + y
        return lines[at] if at < len(lines) else self._blank


class TextPane(TextView, can_focus=True):
    """A `TextView` that can have the focus, and all of the screen, as a `Pane` can."""

    ALLOW_MAXIMIZE = True
