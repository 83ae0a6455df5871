"""What a review asks of the store: small enough to be played by a test."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from db.records import Trajectory
from db.review_conditions import ReviewFilter, ReviewOrder
from db.review_records import (
    CheckVerdict,
    ReviewChange,
    ReviewCounts,
    ReviewEvent,
    ReviewRow,
    ReviewSpeed,
    ReviewState,
    ReviewStep,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One trajectory with all that a person needs to decide about it.

    ``answer`` is the reference answer. ``checked`` is the checker's verdict on the text as it
    stands, None where it has not been asked. ``edited`` is the last attempt as edited in review,
    or the whole text where it cannot be read; None without an edit.
    """

    trajectory: Trajectory
    question: str
    answer: str
    state: ReviewState
    checked: CheckVerdict | None = None
    edited: str | None = None
    edited_feedback: str | None = None
    """What the edited text ends with."""

    @property
    def id(self) -> int:
        return self.trajectory.id


class EditRefused(Exception):
    """An edited text cannot be used; the text says why, and how it would be of use."""


@dataclass(frozen=True, slots=True)
class Revision:
    """An edit, ready to be stored, and what the task's checker says of it, for the person."""

    change: ReviewChange
    said: str


class ReviewPort(Protocol):
    """The review of one run. All methods raise TripostError and StoreError.

    What `step`, `undo` and `redo` returned from is on disk.
    """

    def open(self) -> str:
        """Make sure that the run can be read; return the name to show."""

    def close(self) -> None: ...

    def ids(self, wanted: ReviewFilter, order: ReviewOrder, limit: int = -1) -> list[int]: ...

    def rows(self, trajectory_ids: Sequence[int]) -> list[ReviewRow]: ...

    def item(self, trajectory_id: int) -> ReviewItem: ...

    def state(self, trajectory_id: int) -> ReviewState: ...

    def counts(self) -> ReviewCounts: ...

    def speed(self, since: float) -> ReviewSpeed: ...

    def second_look(self) -> int | None:
        """A decided trajectory that is to be decided once more, unseen how; None for none now."""

    def step(self, changes: Sequence[ReviewChange]) -> int: ...

    def undo(self) -> ReviewStep | None: ...

    def redo(self) -> ReviewStep | None: ...

    def revise(self, trajectory_id: int, attempt: str) -> Revision:
        """Take ``attempt`` for the last one of a trajectory. Raises EditRefused."""

    def check_some(self) -> int:
        """Have the checker look at some of what it has not seen; tell at how many."""

    def newest_event(self) -> int: ...

    def events(self, after_id: int) -> list[ReviewEvent]: ...
