"""A titled box of text that scrolls, and the notices above the panes."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.scrollbar import ScrollBarRender
from textual.widgets import Static

from tripost_tui.glyphs import Glyphs


class AsciiScrollBar(ScrollBarRender):
    """Ends where a cell ends: there are no parts of a cell in ASCII."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class Pane(VerticalScroll):
    """Text under a title. ``show`` repaints only what has changed: it is called all the time."""

    ALLOW_MAXIMIZE = True

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content(title)
        self._body = Static(Content(""), classes="pane-body")
        self._shown = Content("")

    def compose(self) -> ComposeResult:
        yield self._body

    @property
    def columns(self) -> int:
        """Width that text has here."""
        return max(1, self.scrollable_content_region.width)

    def retitle(self, title: str) -> None:
        if str(self.border_title) != title:
            self.border_title = Content(title)

    def show(self, content: Content) -> bool:
        """Tell whether that is another text than before."""
        if content.is_same(self._shown):
            return False
        self._shown = content
        self._body.update(content)
        return True


class Notices(Static):
    """What a person has to know, each with a sign, or nothing at all."""

    _signs: ClassVar[dict[str, str]] = {
        "error": "$text-error",
        "warning": "$text-warning",
        "info": "$text-accent",
    }

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(Content(""))
        self._glyphs = glyphs
        self._shown: list[tuple[str, str, str]] = []
        self.display = False

    def show(self, notices: Sequence[tuple[str, str, str]]) -> None:
        """Show (severity, title, message) each."""
        if list(notices) == self._shown:
            return
        self._shown = list(notices)
        self.display = bool(notices)
        lines = []
        for severity, title, message in notices:
            sign = self._glyphs.failed if severity == "error" else self._glyphs.warning
            if severity == "info":
                sign = self._glyphs.running
            style = self._signs[severity]
            text = f": {message}" if message else ""
            lines.append(Content.assemble((f"{sign} {title}", f"bold {style}"), (text, style)))
        self.update(Content("\n").join(lines))
