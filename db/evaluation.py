"""What the student wrote for the test items of each iteration, and how often it was right."""

from collections.abc import Iterable

from db.connection import Connection
from db.records import EvaluatedItem, Evaluation, EvaluationCounts


class EvaluationQueries(Connection):
    def add_evaluations(self, evaluations: Iterable[Evaluation]) -> list[int]:
        """Store scored items; the new ids in the same order.

        Raises StoreConflict when an item has been evaluated in that iteration already.
        """
        with self.transaction():
            return [self._insert("evaluations", evaluation) for evaluation in evaluations]

    def evaluations(self, run_id: int, iteration: int) -> list[EvaluatedItem]:
        """An iteration's evaluations with their questions, by item: pairs up across iterations."""
        return self._all(
            EvaluatedItem,
            "SELECT evaluations.*, subtask, question, answer FROM evaluations"
            " JOIN items ON items.id = item_id WHERE run_id = ? AND iteration = ?"
            " ORDER BY item_id",
            run_id,
            iteration,
        )

    def evaluated_items(self, run_id: int, iteration: int) -> set[int]:
        """Ids of the items that the iteration has an evaluation of."""
        rows = self._rows(
            "SELECT item_id FROM evaluations WHERE run_id = ? AND iteration = ?",
            run_id,
            iteration,
        )
        return {item_id for (item_id,) in rows}

    def evaluation_counts(self, run_id: int) -> list[EvaluationCounts]:
        """Counts by iteration and subtask, in that order. Strict but for the flexible ones."""
        return self._all(
            EvaluationCounts,
            "SELECT iteration, subtask, count(*) AS n,"
            " sum(first_correct) AS first_correct, sum(final_correct) AS final_correct,"
            " sum(first_flexible) AS first_flexible, sum(final_flexible) AS final_flexible,"
            " sum(updates > 0) AS attempted,"
            " sum(NOT first_correct AND final_correct) AS wrong_to_right,"
            " sum(first_correct AND NOT final_correct) AS right_to_wrong"
            " FROM evaluations JOIN items ON items.id = item_id WHERE run_id = ?"
            " GROUP BY iteration, subtask ORDER BY iteration, subtask",
            run_id,
        )
