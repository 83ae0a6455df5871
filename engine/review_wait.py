"""A run that waits for a person: no examples are made before every trajectory is decided.

Where nobody wants to decide the rest, a command lets the run go on; that is a row, so that an
engine that is killed right after it does not wait again.
"""

from __future__ import annotations

import time

from db.records import StageName
from db.review_records import ReviewCounts
from engine.control import REVIEW_WAIT
from engine.stage import RunContext

WAITING = "review.waiting"
"""Kind of the event that a run begins to wait."""
WAIVED = "review.waived"
"""Kind of the event that a person let the run go on without the rest of an iteration."""

_LOOK_EVERY_S = 0.25


def await_reviews(context: RunContext, iteration: int) -> None:
    """Return when the iteration's trajectories are decided, or a person has waived the rest.

    The student leaves its memory meanwhile. Raises StopRequested.
    """
    if context.settings.review.wait == "off":
        return
    counts = _counts(context, iteration)
    if not counts.pending or _is_waived(context, iteration):
        return
    control = context.control
    # An engine that has just been started has said nothing of an iteration yet.
    control.enter(iteration, StageName.EDIT, counts.decided, counts.total)
    context.seat.vacate()
    context.tell(
        WAITING,
        f"iteration {iteration}: {_said(counts.pending)}. tripost review decides, "
        "tripost continue goes on without the rest",
        iteration=iteration,
        pending=counts.pending,
    )
    control.progress(counts.decided, _said(counts.pending))
    with control.resting(REVIEW_WAIT):
        while (counts := _counts(context, iteration)).pending:
            control.progress(counts.decided, _said(counts.pending))
            control.safe_point()
            if control.wants_to_continue:
                context.tell(
                    WAIVED,
                    f"iteration {iteration}: goes on, {counts.pending} trajectories undecided",
                    iteration=iteration,
                    pending=counts.pending,
                )
                return
            time.sleep(_LOOK_EVERY_S)


def _counts(context: RunContext, iteration: int) -> ReviewCounts:
    return context.store.review_counts(context.run_id, iteration)


def _is_waived(context: RunContext, iteration: int) -> bool:
    waived = context.store.events_of_kind(context.run_id, WAIVED)
    return any(event.data.get("iteration") == iteration for event in waived)


def _said(pending: int) -> str:
    waits = "1 trajectory waits" if pending == 1 else f"{pending} trajectories wait"
    return f"{waits} to be reviewed"
