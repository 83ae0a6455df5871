"""How the balance stands, as those see it who are not in its thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from db.records import ExampleKind
from db.review_records import ReviewCounts
from engine.balance import Balance
from engine.methods import METHODS, Facts
from engine.preview import LateReviews
from engine.stage_two import Values
from tripost_tui.state.balance_port import Entry, Job, Overview, ShownExample
from tripost_tui.state.review_view import NOTHING_COUNTED

ALL, TRAINS, DROPPED, LATE = "all", "trains", "dropped", "not in this training"
"""Which lines to show; any other is a reason for which examples are left out. LATE are those about
whose trajectories something was decided after the examples were made."""


class Source(StrEnum):
    """Where the examples come from."""

    NOTHING = "nothing collected"
    STORED = "as trained on"
    PREVIEW = "as it would be now"
    WHAT_IF = "as it would be with other settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """How the balance stands. ``at`` is the place in ``shown``, -1 where there are none.

    ``shown`` are places in ``entries``. ``job`` is what has to be counted for all of this to be
    up to date, None when it is. ``values`` are p and the weights that are shown, ``edited``
    whether a person has changed them here.
    """

    serial: int = 0
    loaded: bool = False
    overview: Overview | None = None
    iteration: int = 0
    source: Source = Source.NOTHING
    balance: Balance | None = None
    is_old: bool = False
    """The counts are those of before, as long as ``job`` is not done."""
    reviews: ReviewCounts = NOTHING_COUNTED
    late: LateReviews = field(default_factory=LateReviews)
    values: Values = field(default_factory=dict)
    edited: bool = False
    entries: Sequence[Entry] = ()
    shown: Sequence[int] = ()
    at: int = -1
    questions: Mapping[int, str] = field(default_factory=dict)
    example: ShownExample | None = None
    rows: str = TRAINS
    rows_there: Sequence[str] = (TRAINS, ALL)
    kind: ExampleKind | None = None
    job: Job | None = None
    wants_more: bool = False
    """Another look would bring what the last one has left out."""
    said: str = ""

    @property
    def lacks_example(self) -> bool:
        """True when one has moved on: the list is to follow at once, the text can wait."""
        if self.at < 0:
            return self.example is not None
        entry = self.entries[self.shown[self.at]]
        return self.example is None or self.example.entry is not entry

    @property
    def facts(self) -> Facts:
        """What the run's method does."""
        return METHODS[self.overview.method if self.overview else "tripost"]

    @property
    def kept(self) -> int:
        """Trajectories of the iteration."""
        return self.overview.collected.get(self.iteration, 0) if self.overview else 0

    @property
    def is_collecting(self) -> bool:
        return self.overview is not None and self.iteration in self.overview.collecting

    @property
    def ratio(self) -> float:
        return self.values.get("postprocess.ratio", 0.0)

    @property
    def next_iteration(self) -> int | None:
        """The first iteration whose examples are still to be made; None where there is none."""
        overview = self.overview
        if overview is None or not overview.goes_on:
            return None
        left = (i for i in range(1, overview.iterations + 1) if i not in overview.made)
        return next(left, None)
