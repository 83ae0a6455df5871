"""Questions, attempts, trajectories with their turns, drops: what an iteration collects."""

from collections.abc import Iterable, Sequence

from db.connection import Connection
from db.expert_records import AuthorCounts
from db.records import (
    Attempt,
    CollectCounts,
    Drop,
    DropStage,
    ExampleKind,
    Item,
    Origin,
    Split,
    Subtask,
    Trajectory,
    Turn,
)
from db.rows import decode


class CollectionQueries(Connection):
    def add_items(self, items: Iterable[Item]) -> int:
        """Store questions, and tell how many were new.

        A question that its task has already stays as it is, in the split it is in: so no test
        item turns into a training item.
        """
        with self.transaction():
            clause = "ON CONFLICT (task, question) DO NOTHING"
            return sum(self._insert("items", item, clause) > 0 for item in items)

    def items(
        self, task: str, split: Split | None = None, subtask: Subtask | None = None
    ) -> list[Item]:
        """A task's questions in the order in which they were added."""
        return self._all(
            Item,
            "SELECT * FROM items WHERE task = ?1 AND (?2 IS NULL OR split = ?2)"
            " AND (?3 IS NULL OR subtask = ?3) ORDER BY id",
            task,
            split.value if split else None,
            subtask.value if subtask else None,
        )

    def item(self, item_id: int) -> Item:
        """Raises StoreMissing when there is no such item."""
        return self._one(Item, "items", item_id)

    def add_attempts(self, attempts: Iterable[Attempt]) -> list[int]:
        """Store what the student sampled; the new ids in the same order.

        Raises StoreConflict when an item has an attempt in that pass already.
        """
        with self.transaction():
            return [self._insert("attempts", attempt) for attempt in attempts]

    def attempts(self, run_id: int, iteration: int) -> list[Attempt]:
        return self._all(
            Attempt,
            "SELECT * FROM attempts WHERE run_id = ? AND iteration = ? ORDER BY id",
            run_id,
            iteration,
        )

    def attempt(self, attempt_id: int) -> Attempt:
        """Raises StoreMissing when there is no such attempt."""
        return self._one(Attempt, "attempts", attempt_id)

    def attempted_items(self, run_id: int, iteration: int, pass_: int) -> set[int]:
        """Ids of the items that have an attempt in that pass."""
        rows = self._rows(
            "SELECT item_id FROM attempts WHERE run_id = ? AND iteration = ? AND pass = ?",
            run_id,
            iteration,
            pass_,
        )
        return {item_id for (item_id,) in rows}

    def add_edits(
        self, trajectories: Iterable[Trajectory], drops: Iterable[Drop] = ()
    ) -> list[int]:
        """Store what editing made of attempts, kept with their turns or dropped, together.

        Returns the trajectories' ids in the same order. Raises StoreConflict when an attempt
        has a trajectory already.
        """
        with self.transaction():
            ids = []
            for trajectory in trajectories:
                trajectory_id = self._insert("trajectories", trajectory)
                for position, turn in enumerate(trajectory.turns):
                    self._insert("turns", turn, trajectory_id=trajectory_id, position=position)
                ids.append(trajectory_id)
            self.add_drops(drops)
            return ids

    def add_drops(self, drops: Iterable[Drop]) -> None:
        with self.transaction():
            for drop in drops:
                self._insert("drops", drop)

    def trajectories(self, run_id: int, iteration: int) -> list[Trajectory]:
        """An iteration's kept trajectories, with turns, in the order of editing."""
        return self._trajectories("run_id = ? AND iteration = ? ORDER BY id", run_id, iteration)

    def trajectory(self, trajectory_id: int) -> Trajectory:
        """With its turns. Raises StoreMissing when there is no such trajectory."""
        found = self._trajectories("id = ?", trajectory_id)
        if not found:
            raise self._missing("trajectories", trajectory_id)
        return found[0]

    def latest_trajectory(self, run_id: int) -> Trajectory | None:
        """The one edited last, with its turns."""
        found = self._trajectories("run_id = ? ORDER BY iteration DESC, id DESC LIMIT 1", run_id)
        return found[0] if found else None

    def _trajectories(self, where: str, *values: int) -> list[Trajectory]:
        with self.snapshot():
            columns, rows = self._select(f"SELECT * FROM trajectories WHERE {where}", values)
            turn_rows = self._rows(
                "SELECT trajectory_id, id, kind, author, text, verdict, step, span, reason"
                f" FROM turns WHERE trajectory_id IN (SELECT id FROM trajectories WHERE {where})"
                " ORDER BY trajectory_id, position",
                *values,
            )
        names = ("id", "kind", "author", "text", "verdict", "step", "span", "reason")
        turns: dict[int, list[Turn]] = {}
        for trajectory_id, *row in turn_rows:
            turns.setdefault(trajectory_id, []).append(decode(Turn, names, row))
        key = columns.index("id")
        return [
            decode(Trajectory, columns, row, turns=tuple(turns.get(row[key], ()))) for row in rows
        ]

    def author_counts(self, run_id: int) -> list[AuthorCounts]:
        """What each author wrote of the kept trajectories, by iteration, the first one first."""
        return self._all(
            AuthorCounts,
            "SELECT t.iteration, u.author, sum(u.kind = 'feedback') AS feedbacks,"
            " sum(u.kind = 'attempt' AND u.position > 0) AS updates"
            " FROM trajectories t JOIN turns u ON u.trajectory_id = t.id WHERE t.run_id = ?"
            " GROUP BY t.iteration, u.author ORDER BY t.iteration, min(u.id)",
            run_id,
        )

    def edited_attempts(self, run_id: int, iteration: int) -> set[int]:
        """Ids of the attempts that editing is through with, kept or dropped."""
        rows = self._rows(
            "SELECT attempt_id FROM trajectories WHERE run_id = ?1 AND iteration = ?2"
            " UNION SELECT attempt_id FROM drops WHERE run_id = ?1 AND iteration = ?2"
            " AND stage = ?3 AND attempt_id IS NOT NULL",
            run_id,
            iteration,
            DropStage.EDIT.value,
        )
        return {attempt_id for (attempt_id,) in rows}

    def drops(self, run_id: int, iteration: int) -> list[Drop]:
        return self._all(
            Drop,
            "SELECT * FROM drops WHERE run_id = ? AND iteration = ? ORDER BY id",
            run_id,
            iteration,
        )

    def drop_counts(
        self, run_id: int, iteration: int | None = None
    ) -> dict[tuple[int, DropStage, str], int]:
        """How many were dropped, by (iteration, stage, reason): drops, and examples left out."""
        rows = self._rows(
            "SELECT iteration, stage, reason, count(*) FROM ("
            " SELECT run_id, iteration, stage, reason FROM drops UNION ALL"
            " SELECT run_id, iteration, ?3, drop_reason FROM examples"
            " WHERE drop_reason IS NOT NULL)"
            " WHERE run_id = ?1 AND (?2 IS NULL OR iteration = ?2)"
            " GROUP BY iteration, stage, reason ORDER BY iteration, stage, reason",
            run_id,
            iteration,
            DropStage.POSTPROCESS.value,
        )
        return {(at, DropStage(stage), reason): n for at, stage, reason, n in rows}

    def collect_counts(self, run_id: int, iteration: int) -> CollectCounts:
        """Attempts, what became of them, and the examples made, at one moment."""
        where = "WHERE run_id = ? AND iteration = ?"
        at: Sequence[int] = (run_id, iteration)
        with self.snapshot():
            ((attempts,),) = self._rows(f"SELECT count(*) FROM attempts {where}", *at)
            kept = self._rows(
                f"SELECT origin, count(*) FROM trajectories {where} GROUP BY origin", *at
            )
            dropped = self._rows(f"SELECT reason, count(*) FROM drops {where} GROUP BY reason", *at)
            examples = self._rows(
                f"SELECT selected, kind, count(*) FROM examples {where} GROUP BY selected, kind",
                *at,
            )
        return CollectCounts(
            attempts=attempts,
            kept={Origin(origin): n for origin, n in kept},
            dropped=dict(dropped),
            selected={ExampleKind(kind): n for selected, kind, n in examples if selected},
            left_out={ExampleKind(kind): n for selected, kind, n in examples if not selected},
        )
