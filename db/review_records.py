"""Rows of review: what a person decided about trajectories, and how it stands."""

import time
from dataclasses import dataclass, field
from enum import StrEnum

from db.records import Origin


class ReviewKind(StrEnum):
    """What a person did in review, or took back."""

    ACCEPT = "accept"
    REJECT = "reject"
    FLAG = "flag"
    UNFLAG = "unflag"
    TAGS = "tags"
    NOTE = "note"
    EDIT = "edit"
    UNDO = "undo"
    REDO = "redo"


class ReviewStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class CheckVerdict(StrEnum):
    """What the task's own checker says of a trajectory's last attempt."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It cannot judge the attempt, or has no script to do it with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewChange:
    """One thing to be done to a trajectory in review.

    ``tags`` is the whole set after a change of kind tags. ``text`` is the note, or the whole
    edited trajectory; None takes the note or the edit away. ``checked`` is what the checker says
    of the edited text. A ``blind`` accept or reject is a second look at what is decided already:
    it is recorded beside the decision and does not change it.
    """

    trajectory_id: int
    kind: ReviewKind
    tags: tuple[str, ...] = ()
    text: str | None = None
    checked: CheckVerdict | None = None
    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEvent:
    """A change as stored, or an undo or redo, which names a ``step`` and no trajectory.

    The changes of one ``step`` are undone together. Steps count from 1 in a run.
    """

    run_id: int
    step: int
    kind: ReviewKind
    trajectory_id: int | None = None
    at: float = field(default_factory=time.time)
    tags: tuple[str, ...] = ()
    text: str | None = None
    checked: CheckVerdict | None = None
    blind: bool = False
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStep:
    """A step that was undone or redone, with its events."""

    step: int
    events: tuple[ReviewEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewState:
    """How a trajectory stands in review; the defaults are those of one nobody has touched.

    ``edited`` is the whole edited trajectory, ``edited_checked`` the checker's verdict on it.
    ``blind`` is the verdict of a second look without the first one in sight.
    """

    trajectory_id: int
    run_id: int
    iteration: int
    status: ReviewStatus = ReviewStatus.PENDING
    decided_at: float | None = None
    flagged: bool = False
    blind: ReviewStatus | None = None
    blind_at: float | None = None
    edited_checked: CheckVerdict | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    edited: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCounts:
    """Trajectories by status; ``flagged`` and ``edited`` are counted beside that."""

    pending: int
    accepted: int
    rejected: int
    flagged: int
    edited: int

    @property
    def decided(self) -> int:
        return self.accepted + self.rejected

    @property
    def total(self) -> int:
        return self.pending + self.decided


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A trajectory as a line of a list.

    ``question`` is its beginning, 200 characters at most; ``length`` counts the characters of
    the trajectory as collected. ``checked`` is of the edited text where there is one, and None
    where the checker has not been asked yet.
    """

    trajectory_id: int
    iteration: int
    origin: Origin
    updates: int
    length: int
    question: str
    status: ReviewStatus
    flagged: bool
    edited: bool
    checked: CheckVerdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSpeed:
    """Items decided, how many of them accepted, and the seconds a person worked at it.

    ``paced`` of them came soon after the one before, in ``seconds`` all together: a break, and
    the decision after it, say nothing of the pace.
    """

    decided: int
    accepted: int
    paced: int
    seconds: float

    @property
    def per_minute(self) -> float | None:
        """None before there are two decisions to tell it from."""
        return 60 * self.paced / self.seconds if self.seconds > 0 else None

    @property
    def accept_rate(self) -> float | None:
        return self.accepted / self.decided if self.decided else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAgreement:
    """Decisions beside second looks and beside the checker.

    Of ``looked_again`` items ``same`` were decided the same way; of ``checked`` ones, on which
    the checker has a verdict, ``agreed`` were decided its way.
    """

    looked_again: int
    same: int
    checked: int
    agreed: int
