"""How far a person's decisions can be relied on: second looks, and the checker beside them.

A share of what was decided is shown once more, without the decision and without the checker's
verdict. Which items those are is settled by their ids, so that nobody chooses them, and they
come back only when others have been decided in between.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from db.store import Store
from engine.statistics import Share

SHARE = 0.05
"""Of the decided items that are shown again."""
GAP = 20
"""Other items decided in between."""


@dataclass(frozen=True, slots=True)
class Agreements:
    """Shares of decisions that agree: with the person's second look, and with the checker."""

    with_oneself: Share
    with_checker: Share


def is_looked_at_again(run_id: int, trajectory_id: int, share: float = SHARE) -> bool:
    """Tell whether a trajectory is one of those that are shown again."""
    digest = hashlib.sha256(f"second look/{run_id}/{trajectory_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def second_look(store: Store, run_id: int) -> int | None:
    """Return the trajectory that is to be shown again now, blind, if there is one.

    The answer is stored as a blind accept or reject (`db.review_records.ReviewChange`).
    """
    candidates = store.second_look_candidates(run_id, GAP)
    return next((key for key in candidates if is_looked_at_again(run_id, key)), None)


def agreements(store: Store, run_id: int) -> Agreements:
    """Return how often decisions agree, with intervals."""
    found = store.review_agreement(run_id)
    return Agreements(Share(found.same, found.looked_again), Share(found.agreed, found.checked))
