"""Training examples by their places: counts and lists, read from an index alone."""

from collections.abc import Sequence

from db.connection import Connection
from db.example_records import ExampleEntry
from db.records import Example, ExampleKind

_AT_ONCE = 500


class ExampleListQueries(Connection):
    def example_counts(
        self, run_id: int, iteration: int
    ) -> dict[tuple[ExampleKind, str | None], int]:
        """How many examples of an iteration there are, by kind and why they are left out."""
        rows = self._rows(
            "SELECT kind, drop_reason, count(*) FROM examples INDEXED BY examples_listed"
            " WHERE run_id = ? AND iteration = ? GROUP BY kind, drop_reason",
            run_id,
            iteration,
        )
        return {(ExampleKind(kind), reason): count for kind, reason, count in rows}

    def example_entries(self, run_id: int, iteration: int) -> list[ExampleEntry]:
        """All examples of an iteration by position, those without one first."""
        rows = self._rows(
            "SELECT id, kind, drop_reason, item_id, trajectory_id"
            " FROM examples INDEXED BY examples_listed"
            " WHERE run_id = ? AND iteration = ? ORDER BY position, id",
            run_id,
            iteration,
        )
        kinds = {kind.value: kind for kind in ExampleKind}
        return [
            ExampleEntry(key, kinds[kind], reason, item, trajectory)
            for key, kind, reason, item, trajectory in rows
        ]

    def example(self, example_id: int) -> Example:
        """Raises StoreMissing when there is no such example."""
        return self._one(Example, "examples", example_id)

    def item_questions(self, item_ids: Sequence[int]) -> dict[int, str]:
        """The beginnings of questions, by item."""
        wanted = list(dict.fromkeys(item_ids))
        found: dict[int, str] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            rows = self._rows(
                "SELECT id, substr(question, 1, 400) FROM items"
                f" WHERE id IN ({', '.join('?' * len(some))})",
                *some,
            )
            found |= dict(rows)
        return found

    def trajectory_texts(
        self, run_id: int, iteration: int, after_id: int = 0, limit: int = 500
    ) -> list[tuple[int, int, str]]:
        """(id, item, text) of an iteration's trajectories after ``after_id``, in their order."""
        rows = self._rows(
            "SELECT id, item_id, text FROM trajectories INDEXED BY trajectories_listed"
            " WHERE run_id = ?1 AND id > ?3 AND iteration = ?2 ORDER BY id LIMIT ?4",
            run_id,
            iteration,
            after_id,
            limit,
        )
        return [(key, item, text) for key, item, text in rows]

    def trajectory_count(self, run_id: int, iteration: int) -> tuple[int, int]:
        """How many trajectories of an iteration are kept, and the id of the newest; 0 for none."""
        ((count, newest),) = self._rows(
            "SELECT count(*), coalesce(max(id), 0) FROM trajectories"
            " WHERE run_id = ? AND iteration = ?",
            run_id,
            iteration,
        )
        return int(count), int(newest)

    def example_hashes(self, run_id: int, iteration: int, trajectory_id: int) -> set[str]:
        """The hashes of the texts that were made of a trajectory."""
        rows = self._rows(
            "SELECT text_hash FROM examples INDEXED BY examples_by_trajectory"
            " WHERE trajectory_id = ?3 AND run_id = ?1 AND iteration = ?2",
            run_id,
            iteration,
            trajectory_id,
        )
        return {digest for (digest,) in rows}

    def edited_in_review(self, run_id: int, iteration: int) -> set[int]:
        """Trajectories of an iteration that were edited in review, also where that was undone."""
        rows = self._rows(
            "SELECT DISTINCT e.trajectory_id FROM review_events e"
            " JOIN trajectories t ON t.id = e.trajectory_id"
            " WHERE e.run_id = ? AND e.kind = 'edit' AND t.iteration = ?",
            run_id,
            iteration,
        )
        return {key for (key,) in rows}
