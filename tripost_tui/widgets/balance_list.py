"""The examples of an iteration: as many lines as there are, of which those in sight are made."""

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

from engine.editing import DropReason
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.balance_port import Entry
from tripost_tui.state.balance_view import BalanceView
from tripost_tui.state.balance_words import KINDS, REASONS
from tripost_tui.text import one_line
from tripost_tui.widgets.cut import in_width

_HERE = "on $panel"
_MOST_LINES = 500


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


class BalanceList(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a `BalanceView`. Keys are the screen's."""

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

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._balance = BalanceView()
        self._lines: dict[tuple[object, ...], Strip] = {}
        self.border_title = Content("Examples")

    def show(self, view: BalanceView) -> None:
        old, self._balance = self._balance, view
        title = f"Examples: {view.rows}"
        title += f", {KINDS[view.kind]}" if view.kind is not None else ""
        subtitle = f"{view.at + 1:,}/{len(view.shown):,}" if view.shown else "none"
        if (str(self.border_title), str(self.border_subtitle)) != (title, subtitle):
            self.border_title, self.border_subtitle = Content(title), Content(subtitle)
        if view.shown is not old.shown or view.entries is not old.entries:
            self.virtual_size = Size(self.scrollable_content_region.width, len(view.shown))
            self._follow()
            self.refresh()
            return
        top = self.scroll_offset.y
        if view.at != old.at:
            self._follow()
        if self.scroll_offset.y != top or view.late is not old.late:
            self.refresh()
            return
        # Most keys change a line or two: to paint all of them would take longer than the rest.
        for at in range(top, min(len(view.shown), top + self.scrollable_content_region.height)):
            if self._line(view, at) != self._line(old, at):
                self.refresh_line(at)

    @staticmethod
    def _line(view: BalanceView, at: int) -> tuple[str | None, bool]:
        """All that a line shows and that may change while the list is the same."""
        item = view.entries[view.shown[at]].item_id
        return view.questions.get(item), at == view.at

    def _follow(self) -> None:
        """Have the line one is at in sight, and one beside it; else bring it to the middle."""
        height, at = self.scrollable_content_region.height, self._balance.at
        if height <= 0 or at < 0:
            return
        beside = 1 if height > 4 else 0
        top, last = self.scroll_offset.y, len(self._balance.shown) - 1
        if max(at - beside, 0) < top or min(at + beside, last) >= top + height:
            self.scroll_to(y=max(0, at - height // 2), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._lines.clear()
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._balance.shown))
        self._follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        view = self._balance
        first, count = round(new_value), self.scrollable_content_region.height
        places = view.shown[first : first + count]
        if any(view.entries[place].item_id not in view.questions for place in places):
            self.post_message(self.Wanted(first, count))

    def notify_style_update(self) -> None:
        self._lines.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        view, width = self._balance, self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if not 0 <= place < len(view.shown):
            return Strip.blank(width, self.rich_style)
        entry = view.entries[view.shown[place]]
        question, here = view.questions.get(entry.item_id), place == view.at
        late = entry.trajectory_id in view.late.all if view.late.all else False
        key = (entry.kind, entry.dropped, entry.item_id, question is None, here, late, width)
        if (line := self._lines.get(key)) is None:
            mark = self._glyphs.arrow if here else " "
            style = _HERE if here else ""
            content = row_content(entry, question, mark, style, width, self._glyphs, late=late)
            line = Visual.to_strips(self, content, width, 1, self.visual_style)[0]
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            self._lines[key] = line
        return line

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is not None:
            place = self.scroll_offset.y + at.y
            if place < len(self._balance.shown):
                self.post_message(self.Chosen(place))
