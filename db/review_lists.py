"""Lists of trajectories under review, page by page, and what the checker says of them.

Everything is read by indexes, so that a hundred thousand trajectories are no more to wait for than
a hundred. The checker's verdicts in ``review_checks`` are written by the app and the command
line, as reviews are.
"""

from collections.abc import Iterable, Mapping, Sequence

from db.connection import Connection
from db.review_conditions import (
    CHECKED,
    PENDING,
    TABLES,
    ReviewFilter,
    ReviewOrder,
    order_by,
    parts,
    where,
)
from db.review_records import CheckVerdict, ReviewRow

_AT_ONCE = 500
"""How many ids a statement names; SQLite allows tens of thousands."""


class ReviewListQueries(Connection):
    def review_ids(
        self,
        run_id: int,
        wanted: ReviewFilter | None = None,
        order: ReviewOrder = ReviewOrder.NEWEST,
        *,
        limit: int = -1,
        offset: int = 0,
    ) -> list[int]:
        """Ids of a run's trajectories that the filter lets through, in order.

        ``limit`` -1 means all: a list that stays as it is while its items are decided.
        """
        condition, values = where(wanted or ReviewFilter())
        found: list[int] = []
        with self.snapshot():
            for part in parts(order):
                chosen = f"{TABLES} WHERE t.run_id = ? AND {condition} AND {part}"
                if offset and part != parts(order)[-1]:
                    ((count,),) = self._rows(f"SELECT count(*) {chosen}", run_id, *values)
                    if offset >= count:
                        offset -= count
                        continue
                rows = self._rows(
                    f"SELECT t.id {chosen} ORDER BY {order_by(order)} LIMIT ? OFFSET ?",
                    run_id,
                    *values,
                    limit if limit < 0 else limit - len(found),
                    offset,
                )
                found += [trajectory_id for (trajectory_id,) in rows]
                offset = 0
                if len(found) == limit:
                    break
        return found

    def review_total(self, run_id: int, wanted: ReviewFilter | None = None) -> int:
        """How many trajectories the filter lets through."""
        condition, values = where(wanted or ReviewFilter())
        ((count,),) = self._rows(
            f"SELECT count(*) {TABLES} WHERE t.run_id = ? AND {condition}", run_id, *values
        )
        return int(count)

    def review_rows(self, trajectory_ids: Sequence[int]) -> list[ReviewRow]:
        """These trajectories as lines of a list, in the order of the ids; unknown ones left out."""
        found: dict[int, ReviewRow] = {}
        for start in range(0, len(trajectory_ids), _AT_ONCE):
            some = trajectory_ids[start : start + _AT_ONCE]
            rows = self._all(
                ReviewRow,
                "SELECT t.id AS trajectory_id, t.iteration, t.origin, t.updates,"
                " length(t.text) AS length, substr(i.question, 1, 200) AS question,"
                " coalesce(s.status, 'pending') AS status, coalesce(s.flagged, 0) AS flagged,"
                f" s.edited IS NOT NULL AS edited, {CHECKED} AS checked {TABLES}"
                " JOIN items AS i ON i.id = t.item_id"
                f" WHERE t.id IN ({', '.join('?' * len(some))})",
                *some,
            )
            found |= {row.trajectory_id: row for row in rows}
        return [found[key] for key in trajectory_ids if key in found]

    def review_page(
        self,
        run_id: int,
        wanted: ReviewFilter | None = None,
        order: ReviewOrder = ReviewOrder.NEWEST,
        *,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ReviewRow]:
        """Lines of a list, from the ``offset``-th on."""
        with self.snapshot():
            ids = self.review_ids(run_id, wanted, order, limit=limit, offset=offset)
            return self.review_rows(ids)

    def first_pending(
        self,
        run_id: int,
        wanted: ReviewFilter | None = None,
        order: ReviewOrder = ReviewOrder.NEWEST,
    ) -> int | None:
        """The first undecided trajectory that the filter lets through: where review goes on."""
        chosen = (wanted or ReviewFilter()).also(PENDING)
        found = self.review_ids(run_id, chosen, order, limit=1)
        return found[0] if found else None

    # --- the checker ---------------------------------------------------------------------------

    def unchecked(self, run_id: int, limit: int = 100) -> list[int]:
        """Ids of trajectories that the checker has not been asked about, oldest first."""
        rows = self._rows(
            "SELECT id FROM trajectories WHERE run_id = ?"
            " AND id NOT IN (SELECT trajectory_id FROM review_checks) ORDER BY id LIMIT ?",
            run_id,
            limit,
        )
        return [trajectory_id for (trajectory_id,) in rows]

    def add_checks(self, verdicts: Mapping[int, CheckVerdict]) -> None:
        """Store what the checker says of trajectories as collected; of two the first stays."""
        with self.transaction():
            for trajectory_id, verdict in verdicts.items():
                self._insert(
                    "review_checks",
                    {"trajectory_id": trajectory_id, "verdict": verdict},
                    "ON CONFLICT (trajectory_id) DO NOTHING",
                )

    def checks(self, trajectory_ids: Iterable[int]) -> dict[int, CheckVerdict]:
        """What is stored of them, by trajectory."""
        wanted = list(trajectory_ids)
        found: dict[int, CheckVerdict] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            rows = self._rows(
                "SELECT trajectory_id, verdict FROM review_checks"
                f" WHERE trajectory_id IN ({', '.join('?' * len(some))})",
                *some,
            )
            found |= {key: CheckVerdict(verdict) for key, verdict in rows}
        return found
