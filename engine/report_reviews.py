"""What persons reviewed in a run, and what became of it: a part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Run, Stage, StageName
from db.store import Store
from engine.second_looks import agreements
from engine.statistics import Share


@dataclass(frozen=True, slots=True)
class IterationReviews:
    """Reviews of one iteration's ``trajectories``, as they stand.

    ``left_out`` were rejected and ``used_as_edited`` edited when examples were made; both are
    None before that. What is decided later changes no example.
    """

    iteration: int
    trajectories: int
    accepted: int
    rejected: int
    edited: int
    flagged: int
    left_out: int | None
    used_as_edited: int | None


@dataclass(frozen=True, slots=True)
class Reviews:
    """A run's reviews: by iteration, and how far the decisions agree."""

    iterations: Sequence[IterationReviews]
    with_oneself: Share
    with_checker: Share


REVIEW_COLUMNS = (
    *("iteration", "trajectories", "accepted", "rejected", "edited", "flagged"),
    *("left out", "used as edited"),
)
REVIEW_NOTE = (
    "Left out, used as edited: as it stood when examples were made. What is decided later changes "
    "no example."
)
AGREEMENT_NOTE = (
    "In brackets: Wilson's 95% interval. A second look is at an item that was decided before, "
    "without the decision and the checker's verdict in sight."
)


def reviews_of(store: Store, run: Run, stages: Sequence[Stage]) -> Reviews | None:
    """Read a run's reviews; None where there are none. Raises StoreError."""
    iterations = []
    made = {s.iteration: s.detail for s in stages if s.name is StageName.POSTPROCESS and s.detail}
    for iteration in range(1, run.iterations + 1):
        counts = store.review_counts(run.id, iteration)
        used = made.get(iteration, {}).get("reviewed", {})
        if counts.decided or counts.edited or counts.flagged or used:
            iterations.append(
                IterationReviews(
                    iteration=iteration,
                    trajectories=counts.total,
                    accepted=counts.accepted,
                    rejected=counts.rejected,
                    edited=counts.edited,
                    flagged=counts.flagged,
                    left_out=used.get("rejected", 0) if iteration in made else None,
                    used_as_edited=used.get("edited", 0) if iteration in made else None,
                )
            )
    if not iterations:
        return None
    found = agreements(store, run.id)
    return Reviews(iterations, found.with_oneself, found.with_checker)


def review_rows(reviews: Reviews) -> list[tuple[str, ...]]:
    """Return the lines of the table, in the order of `REVIEW_COLUMNS`."""
    return [
        (
            *(str(one.iteration), str(one.trajectories), str(one.accepted), str(one.rejected)),
            *(str(one.edited), str(one.flagged)),
            *("–" if n is None else str(n) for n in (one.left_out, one.used_as_edited)),
        )
        for one in reviews.iterations
    ]
