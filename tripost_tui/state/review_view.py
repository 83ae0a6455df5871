"""How a review stands, as those see it who are not in its thread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from db.review_conditions import ReviewOrder
from db.review_records import (
    ReviewCounts,
    ReviewRow,
    ReviewSpeed,
    ReviewStatus,
)
from tripost_tui.state.review_port import ReviewItem

NOTHING_COUNTED = ReviewCounts(pending=0, accepted=0, rejected=0, flagged=0, edited=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """How the review stands. ``at`` is the place in ``ids``, -1 where there are none.

    ``hidden`` counts what the filter leaves out, ``fresh`` what has come since the list was made.
    ``anchor`` is where a range begins that ends at ``at``. ``second_look``: the item was decided
    before, and is shown as if it had not been.
    """

    serial: int = 0
    name: str = ""
    loaded: bool = False
    ids: Sequence[int] = ()
    at: int = -1
    rows: Mapping[int, ReviewRow] = field(default_factory=dict)
    item: ReviewItem | None = None
    counts: ReviewCounts = NOTHING_COUNTED
    speed: ReviewSpeed | None = None
    wanted: str = ""
    order: ReviewOrder = ReviewOrder.NEWEST
    left_here: bool = False
    hidden: int = 0
    fresh: int = 0
    anchor: int | None = None
    blind: bool = False
    second_look: bool = False
    said: str = ""

    @property
    def selected(self) -> range:
        """Places of what a decision concerns."""
        return places_of(self.at, self.anchor)


def places_of(at: int, anchor: int | None) -> range:
    """Both ends of a range and what is between; ``at`` alone without an anchor."""
    if at < 0:
        return range(0)
    first, last = sorted((at, at if anchor is None else anchor))
    return range(first, last + 1)


def moved_counts(
    counts: ReviewCounts, before: Sequence[ReviewRow], now: Sequence[ReviewRow]
) -> ReviewCounts:
    """The counts after some rows have changed."""

    def more(test: Callable[[ReviewRow], bool]) -> int:
        return sum(map(test, now)) - sum(map(test, before))

    return ReviewCounts(
        pending=counts.pending + more(lambda row: row.status is ReviewStatus.PENDING),
        accepted=counts.accepted + more(lambda row: row.status is ReviewStatus.ACCEPTED),
        rejected=counts.rejected + more(lambda row: row.status is ReviewStatus.REJECTED),
        flagged=counts.flagged + more(lambda row: row.flagged),
        edited=counts.edited + more(lambda row: row.edited),
    )
