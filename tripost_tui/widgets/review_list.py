"""The queue: as many lines as there are trajectories, of which those in sight are made."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from db.review_records import ReviewRow, ReviewStatus
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.review_words import ORDERS
from tripost_tui.text import one_line
from tripost_tui.widgets.cut import in_width
from tripost_tui.widgets.line_list import HERE, LineList

_STYLES = {
    ReviewStatus.PENDING: "",
    ReviewStatus.ACCEPTED: "$text-success",
    ReviewStatus.REJECTED: "$text-error",
}
_CHOSEN = "on $panel 60%"


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


class ReviewList(LineList):
    """Shows a `ReviewView`. Keys are the screen's: they decide, too."""

    TITLE: ClassVar[str] = "Queue"

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(glyphs, id=id)
        self._review = ReviewView()

    def show(self, view: ReviewView) -> None:
        old, self._review = self._review, view
        self.headed("Queue", one_line(view.wanted, 60) if view.wanted else ORDERS[view.order])
        self.show_lines(others=view.ids is not old.ids, moved=view.at != old.at)

    @property
    def count(self) -> int:
        return len(self._review.ids)

    @property
    def at(self) -> int:
        return self._review.at

    def facts(self, place: int) -> tuple[ReviewRow | None, bool, bool]:
        view = self._review
        return view.rows.get(view.ids[place]), place == view.at, place in view.selected

    def line(self, place: int, width: int) -> Content:
        row, here, chosen = self.facts(place)
        mark = self._glyphs.arrow if here else self._glyphs.dot if chosen else " "
        style = HERE if here else _CHOSEN if chosen else ""
        return row_content(row, mark, style, width, self._glyphs)

    def lacks(self, place: int) -> bool:
        return self._review.ids[place] not in self._review.rows
