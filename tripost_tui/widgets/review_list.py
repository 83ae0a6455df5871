"""The queue: as many lines as there are trajectories, of which those in sight are made."""

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

from db.review_records import ReviewRow, ReviewStatus
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.review_words import ORDERS
from tripost_tui.text import one_line
from tripost_tui.widgets.cut import in_width

_STYLES = {
    ReviewStatus.PENDING: "",
    ReviewStatus.ACCEPTED: "$text-success",
    ReviewStatus.REJECTED: "$text-error",
}
_HERE, _CHOSEN = "on $panel", "on $panel 60%"
_MOST_LINES = 500


def status_sign(status: ReviewStatus, glyphs: Glyphs) -> str:
    return {
        ReviewStatus.PENDING: glyphs.waiting,
        ReviewStatus.ACCEPTED: glyphs.finished,
        ReviewStatus.REJECTED: glyphs.failed,
    }[status]


def status_content(status: ReviewStatus, glyphs: Glyphs) -> Content:
    """A status' sign and word, in its colour."""
    return Content.styled(f"{status_sign(status, glyphs)} {status.value}", _STYLES[status])


def row_content(
    row: ReviewRow | None, mark: str, style: str, width: int, glyphs: Glyphs
) -> Content:
    """A line of ``width`` cells: mark, status, signs, origin, updates, question."""
    if row is None:
        return Content.styled(f"{mark} {glyphs.ellipsis}", style)
    status = status_content(row.status, glyphs)
    signs = ("!" if row.flagged else " ") + ("e" if row.edited else " ")
    beside = f" {row.origin.value[:9]:<9} {row.updates}u" if width >= 40 else ""
    question = one_line(row.question, 200)
    line = Content.assemble(
        f"{mark} ",
        status.pad_right(max(0, 10 - status.cell_length)),
        (f" {signs}", "bold $text-warning"),
        (beside, "dim"),
        f" {question}",
    )
    line = in_width(line, width, glyphs)
    return line.stylize_before(style) if style else line


class ReviewList(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a `ReviewView`. Keys are the screen's: they decide, too."""

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
        self._review = ReviewView()
        self._lines: dict[tuple[object, ...], Strip] = {}
        self.border_title = Content("Queue")

    def show(self, view: ReviewView) -> None:
        old, self._review = self._review, view
        subtitle = one_line(view.wanted, 60) if view.wanted else ORDERS[view.order]
        if str(self.border_subtitle) != subtitle:
            self.border_subtitle = Content(subtitle)
        if view.ids is not old.ids:
            self.virtual_size = Size(self.scrollable_content_region.width, len(view.ids))
            self._follow()
            self.refresh()
            return
        top = self.scroll_offset.y
        if view.at != old.at:
            self._follow()
        if self.scroll_offset.y != top:
            self.refresh()
            return
        # Most keys change a line or two: to paint all of them would take longer than the rest.
        for at in range(top, min(len(view.ids), top + self.scrollable_content_region.height)):
            if self._line(view, at) != self._line(old, at):
                self.refresh_line(at)

    @staticmethod
    def _line(view: ReviewView, at: int) -> tuple[ReviewRow | None, bool, bool]:
        """All that a line shows."""
        return view.rows.get(view.ids[at]), at == view.at, at in view.selected

    def _follow(self) -> None:
        """Have the line one is at in sight, and one beside it; else bring it to the middle.

        To scroll paints all lines, which should not be at each step.
        """
        height, at = self.scrollable_content_region.height, self._review.at
        if height <= 0 or at < 0:
            return
        beside = 1 if height > 4 else 0
        top = self.scroll_offset.y
        last = len(self._review.ids) - 1
        if max(at - beside, 0) < top or min(at + beside, last) >= top + height:
            self.scroll_to(y=max(0, at - height // 2), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._lines.clear()
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._review.ids))
        self._follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        first, count = round(new_value), self.scrollable_content_region.height
        ids, rows = self._review.ids, self._review.rows
        if any(key not in rows for key in ids[first : first + count]):
            self.post_message(self.Wanted(first, count))

    def notify_style_update(self) -> None:
        self._lines.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        view, width = self._review, self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if not 0 <= place < len(view.ids):
            return Strip.blank(width, self.rich_style)
        here, chosen = place == view.at, place in view.selected
        row = view.rows.get(view.ids[place])
        key = (row, here, chosen, width)
        if (line := self._lines.get(key)) is None:
            mark = self._glyphs.arrow if here else self._glyphs.dot if chosen else " "
            style = _HERE if here else _CHOSEN if chosen else ""
            content = row_content(row, mark, style, width, self._glyphs)
            line = Visual.to_strips(self, content, width, 1, self.visual_style)[0]
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            self._lines[key] = line
        return line

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is not None:
            place = self.scroll_offset.y + at.y
            if place < len(self._review.ids):
                self.post_message(self.Chosen(place))
