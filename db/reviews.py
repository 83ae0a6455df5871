"""What persons decide about trajectories: stored at once, never changed, undone by more events.

``review_events`` is the record. ``review_steps`` and ``review_states`` follow from it, are kept
in the same transaction, and can be made anew by :meth:`ReviewQueries.rebuild_reviews`. The app
and the command line are the only writers of these tables and of ``review_checks``; the engine
reads them.
"""

import time
from collections.abc import Sequence
from itertools import pairwise

from db.connection import Connection
from db.errors import StoreConflict
from db.review_conditions import CHECKED
from db.review_history import Standing, after, standings, untouched
from db.review_records import (
    ReviewAgreement,
    ReviewChange,
    ReviewCounts,
    ReviewEvent,
    ReviewKind,
    ReviewSpeed,
    ReviewState,
    ReviewStatus,
    ReviewStep,
)

_BREAK_S = 120.0
"""Longer without a decision is a break, and no part of how fast a person decides."""


class ReviewQueries(Connection):
    # --- deciding ------------------------------------------------------------------------------

    def review_step(
        self, run_id: int, changes: Sequence[ReviewChange], at: float | None = None
    ) -> int:
        """Store changes as one step, undone as a whole; return its number.

        Steps that were undone before can no longer be redone. Raises StoreConflict when a
        trajectory is not of that run, ValueError for a step without changes, an undo or redo
        among them, or a blind change other than an accept or a reject.
        """
        for change in changes:
            _check(change)
        if not changes:
            raise ValueError("a step without changes")
        at = time.time() if at is None else at
        with self.transaction():
            ((last,),) = self._rows("SELECT max(step) FROM review_steps WHERE run_id = ?", run_id)
            step = (last or 0) + 1
            self._change(
                "UPDATE review_steps SET standing = ? WHERE run_id = ? AND standing = ?",
                Standing.DROPPED,
                run_id,
                Standing.UNDONE,
            )
            self._insert(
                "review_steps", {"run_id": run_id, "step": step, "standing": Standing.DONE}
            )
            for change in changes:
                state = self.review_state(change.trajectory_id)
                if state.run_id != run_id:
                    raise StoreConflict(
                        f"{self.path}: trajectory {change.trajectory_id} is of run "
                        f"{state.run_id}, not of run {run_id}."
                    )
                event = ReviewEvent(
                    run_id=run_id,
                    step=step,
                    kind=change.kind,
                    trajectory_id=change.trajectory_id,
                    at=at,
                    tags=tuple(sorted(set(change.tags))),
                    text=change.text,
                    checked=change.checked,
                    blind=change.blind,
                )
                self._insert("review_events", event)
                self._keep(after(state, event))
            return step

    def undo_review(self, run_id: int) -> ReviewStep | None:
        """Take back the newest step that stands, and tell which; None where there is none."""
        return self._turn(run_id, ReviewKind.UNDO)

    def redo_review(self, run_id: int) -> ReviewStep | None:
        """Bring back the step that was taken back last, and tell which; None without one."""
        return self._turn(run_id, ReviewKind.REDO)

    def _turn(self, run_id: int, kind: ReviewKind) -> ReviewStep | None:
        undo = kind is ReviewKind.UNDO
        now, then = (Standing.DONE, Standing.UNDONE) if undo else (Standing.UNDONE, Standing.DONE)
        with self.transaction():
            # Steps that stand come before those that are undone.
            ((step,),) = self._rows(
                f"SELECT {'max' if undo else 'min'}(step) FROM review_steps"
                " WHERE run_id = ? AND standing = ?",
                run_id,
                now.value,
            )
            if step is None:
                return None
            self._insert("review_events", ReviewEvent(run_id=run_id, step=step, kind=kind))
            self._change(
                "UPDATE review_steps SET standing = ? WHERE run_id = ? AND step = ?",
                then,
                run_id,
                step,
            )
            events = self._all(
                ReviewEvent,
                "SELECT * FROM review_events WHERE run_id = ? AND step = ?"
                " AND trajectory_id IS NOT NULL ORDER BY id",
                run_id,
                step,
            )
            touched = {event.trajectory_id: None for event in events}
            for trajectory_id in filter(None, touched):
                self._keep(self._refolded(trajectory_id))
        return ReviewStep(step=step, events=tuple(events))

    def _refolded(self, trajectory_id: int) -> ReviewState:
        """Return a trajectory's state as its events of standing steps make it."""
        state = self._blank_state(trajectory_id)
        events = self._all(
            ReviewEvent,
            "SELECT e.* FROM review_events AS e JOIN review_steps AS p"
            " ON p.run_id = e.run_id AND p.step = e.step"
            " WHERE e.trajectory_id = ? AND p.standing = ? ORDER BY e.id",
            trajectory_id,
            Standing.DONE.value,
        )
        for event in events:
            state = after(state, event)
        return state

    def _blank_state(self, trajectory_id: int) -> ReviewState:
        """Raises StoreMissing."""
        found = self._rows("SELECT run_id, iteration FROM trajectories WHERE id = ?", trajectory_id)
        if not found:
            raise self._missing("trajectories", trajectory_id)
        ((run_id, iteration),) = found
        return ReviewState(trajectory_id=trajectory_id, run_id=run_id, iteration=iteration)

    def _keep(self, state: ReviewState) -> None:
        """Store a state, inside a transaction; one that nobody has touched has no row."""
        # Not one more savepoint for each of thousands.
        self._execute("DELETE FROM review_states WHERE trajectory_id = ?", (state.trajectory_id,))
        if not untouched(state):
            self._insert("review_states", state)

    def rebuild_reviews(self, run_id: int) -> None:
        """Make what follows from a run's events anew."""
        with self.transaction():
            for table in ("review_states", "review_steps"):
                self._change(f"DELETE FROM {table} WHERE run_id = ?", run_id)
            events = self.review_events(run_id)
            found = standings(events)
            for step, standing in found.items():
                values = {"run_id": run_id, "step": step, "standing": standing}
                self._insert("review_steps", values)
            states: dict[int, ReviewState] = {}
            for event in events:
                key = event.trajectory_id
                if key is not None and found[event.step] is Standing.DONE:
                    states[key] = after(states.get(key) or self._blank_state(key), event)
            for state in states.values():
                self._keep(state)

    # --- how things stand ----------------------------------------------------------------------

    def review_events(self, run_id: int, after_id: int = 0) -> list[ReviewEvent]:
        """A run's events after the row ``after_id``, oldest first."""
        return self._all(
            ReviewEvent,
            "SELECT * FROM review_events WHERE run_id = ? AND id > ? ORDER BY id",
            run_id,
            after_id,
        )

    def newest_review_event(self) -> int:
        """Id of the newest event of any run, 0 before the first: a cheap look for news."""
        ((newest,),) = self._rows("SELECT coalesce(max(id), 0) FROM review_events")
        return int(newest)

    def review_state(self, trajectory_id: int) -> ReviewState:
        """How a trajectory stands. Raises StoreMissing when there is no such trajectory."""
        found = self._first(
            ReviewState, "SELECT * FROM review_states WHERE trajectory_id = ?", trajectory_id
        )
        return found or self._blank_state(trajectory_id)

    def review_states(self, run_id: int, iteration: int | None = None) -> dict[int, ReviewState]:
        """The states of the trajectories that somebody has touched, by trajectory."""
        states = self._all(
            ReviewState,
            "SELECT * FROM review_states WHERE run_id = ?1 AND (?2 IS NULL OR iteration = ?2)"
            " ORDER BY trajectory_id",
            run_id,
            iteration,
        )
        return {state.trajectory_id: state for state in states}

    def review_counts(self, run_id: int, iteration: int | None = None) -> ReviewCounts:
        """How many trajectories are pending and decided, at one moment."""
        values: tuple[int, ...] = (run_id,) if iteration is None else (run_id, iteration)
        chosen = "WHERE run_id = ?" + ("" if iteration is None else " AND iteration = ?")
        with self.snapshot():
            ((total,),) = self._rows(f"SELECT count(*) FROM trajectories {chosen}", *values)
            by_status: dict[str, int] = dict(
                self._rows(
                    f"SELECT status, count(*) FROM review_states {chosen} GROUP BY status", *values
                )
            )
            beside = [
                self._rows(f"SELECT count(*) FROM review_states {chosen} AND {test}", *values)
                for test in ("flagged", "edited IS NOT NULL")
            ]
        accepted = by_status.get(ReviewStatus.ACCEPTED, 0)
        rejected = by_status.get(ReviewStatus.REJECTED, 0)
        (((flagged,),), ((edited,),)) = beside
        return ReviewCounts(
            pending=total - accepted - rejected,
            accepted=accepted,
            rejected=rejected,
            flagged=flagged,
            edited=edited,
        )

    def review_speed(self, run_id: int, since: float = 0.0) -> ReviewSpeed:
        """How fast items were decided since ``since``; what was undone does not count."""
        found = self._rows(
            "SELECT e.at, e.kind FROM review_events AS e JOIN review_steps AS p"
            " ON p.run_id = e.run_id AND p.step = e.step"
            " WHERE e.run_id = ? AND e.at >= ? AND p.standing = ? AND NOT e.blind"
            " AND e.kind IN (?, ?) ORDER BY e.at",
            run_id,
            since,
            Standing.DONE.value,
            ReviewKind.ACCEPT.value,
            ReviewKind.REJECT.value,
        )
        times = [at for at, _ in found]
        gaps = [later - at for at, later in pairwise(times)]
        paced = [gap for gap in gaps if gap <= _BREAK_S]
        return ReviewSpeed(
            decided=len(found),
            accepted=sum(kind == ReviewKind.ACCEPT for _, kind in found),
            paced=len(paced),
            seconds=sum(paced),
        )

    def second_look_candidates(self, run_id: int, gap: int) -> list[int]:
        """Ids of what was decided before the last ``gap`` others, and not looked at again.

        In the order of deciding.
        """
        rows = self._rows(
            "SELECT trajectory_id FROM review_states WHERE run_id = ?1 AND blind IS NULL"
            " AND decided_at < (SELECT decided_at FROM review_states WHERE run_id = ?1"
            " AND decided_at IS NOT NULL ORDER BY decided_at DESC LIMIT 1 OFFSET ?2 - 1)"
            " ORDER BY decided_at, trajectory_id",
            run_id,
            gap,
        )
        return [trajectory_id for (trajectory_id,) in rows]

    def review_agreement(self, run_id: int) -> ReviewAgreement:
        """How often a person agrees with themselves and with the checker."""
        return self._all(
            ReviewAgreement,
            "SELECT count(s.blind) AS looked_again, coalesce(sum(s.blind = s.status), 0) AS same,"
            f" count(nullif({CHECKED}, 'unknown')) AS checked,"
            f" coalesce(sum(({CHECKED} = 'pass') = (s.status = 'accepted')"
            f" AND {CHECKED} != 'unknown'), 0) AS agreed"
            " FROM review_states AS s LEFT JOIN review_checks AS c"
            " ON c.trajectory_id = s.trajectory_id"
            " WHERE s.run_id = ? AND s.status != 'pending'",
            run_id,
        )[0]


def _check(change: ReviewChange) -> None:
    """Raises ValueError for what is no change of a trajectory."""
    if change.kind in (ReviewKind.UNDO, ReviewKind.REDO):
        raise ValueError(f"{change.kind} is no change: call undo_review or redo_review")
    if change.blind and change.kind not in (ReviewKind.ACCEPT, ReviewKind.REJECT):
        raise ValueError(f"a blind {change.kind} has no meaning")
