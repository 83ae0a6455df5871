"""What the student wrote for the test items of each iteration, and how often it was right."""

from collections.abc import Iterable, Sequence

from db.connection import Connection
from db.records import EvaluatedItem, Evaluation, EvaluationCounts, Split, Subtask
from db.rows import to_sqlite

FIRST_RIGHT, FINAL_RIGHT, FIRST_FLEXIBLE, FINAL_FLEXIBLE = 1, 2, 4, 8
"""Bits of what is right in an evaluation."""
TestItem = tuple[int, str, str, str]
"""Item, subtask, question, reference answer."""
_AT_ONCE = 500
"""How many ids a statement names; SQLite allows tens of thousands."""


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

    def evaluation_marks(self, run_id: int, iteration: int) -> list[tuple[int, int]]:
        """What is right in an iteration's evaluations, by item: its id, and the sum of the bits
        `FIRST_RIGHT` to `FINAL_FLEXIBLE`."""
        return self._rows(
            f"SELECT item_id, {FIRST_RIGHT} * first_correct + {FINAL_RIGHT} * final_correct"
            f" + {FIRST_FLEXIBLE} * first_flexible + {FINAL_FLEXIBLE} * final_flexible"
            " FROM evaluations WHERE run_id = ? AND iteration = ? ORDER BY item_id",
            run_id,
            iteration,
        )

    def evaluated_rows(
        self, run_id: int, iteration: int, item_ids: Sequence[int]
    ) -> list[EvaluatedItem]:
        """An iteration's evaluations of some items, by item; those that are not there are left
        out."""
        marks = ", ".join("?" * len(item_ids))
        return self._all(
            EvaluatedItem,
            "SELECT evaluations.*, subtask, question, answer FROM evaluations"
            " JOIN items ON items.id = item_id WHERE run_id = ? AND iteration = ?"
            f" AND item_id IN ({marks}) ORDER BY item_id",
            run_id,
            iteration,
            *item_ids,
        )

    def evaluated_with(
        self, run_id: int, iteration: int, words: str, among: Sequence[int] | None = None
    ) -> set[int]:
        """Items with ``words`` in what the student wrote, of ``among`` where that is given.

        Large and small letters are the same in ASCII. A look at few items is quicker than one at
        all, but for each it takes a few times as long.
        """
        chosen = "SELECT item_id FROM evaluations WHERE run_id = ? AND iteration = ?"
        has = "text LIKE ? ESCAPE '\\'"
        pattern = _pattern(words)
        if among is None:
            rows = self._rows(f"{chosen} AND {has}", run_id, iteration, pattern)
            return {item_id for (item_id,) in rows}
        found: set[int] = set()
        for start in range(0, len(among), _AT_ONCE):
            some = among[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            sql = f"{chosen} AND item_id IN ({marks}) AND {has}"
            found.update(key for (key,) in self._rows(sql, run_id, iteration, *some, pattern))
        return found

    def asked_with(self, task: str, words: str) -> set[int]:
        """A task's test items with ``words`` in the question or the reference answer."""
        pattern = _pattern(words)
        rows = self._rows(
            "SELECT id FROM items WHERE task = ? AND split = ?"
            " AND (question LIKE ? ESCAPE '\\' OR answer LIKE ? ESCAPE '\\')",
            task,
            Split.TEST.value,
            pattern,
            pattern,
        )
        return {item_id for (item_id,) in rows}

    def evaluated_task(self, run_id: int, iteration: int) -> str | None:
        """The task of an iteration's evaluations; None while there are none."""
        rows = self._rows(
            "SELECT task FROM items WHERE id = (SELECT item_id FROM evaluations"
            " WHERE run_id = ? AND iteration = ? LIMIT 1)",
            run_id,
            iteration,
        )
        return str(rows[0][0]) if rows else None

    def test_items(self, task: str) -> list[TestItem]:
        """A task's test items, by id; without their rationales."""
        return self._rows(
            "SELECT id, subtask, question, answer FROM items WHERE task = ? AND split = ?"
            " ORDER BY id",
            task,
            Split.TEST.value,
        )

    def test_ids(self, task: str, subtask: Subtask) -> list[int]:
        """Ids of a task's test items of a subtask, in order; without reading the items."""
        rows = self._rows(
            "SELECT id FROM items WHERE task = ? AND split = ? AND subtask = ? ORDER BY id",
            task,
            Split.TEST.value,
            subtask.value,
        )
        return [item_id for (item_id,) in rows]

    def question_lengths(self, task: str) -> dict[int, int]:
        """The lengths in characters of a task's test questions, by item."""
        return dict(
            self._rows(
                "SELECT id, length(question) FROM items WHERE task = ? AND split = ?",
                task,
                Split.TEST.value,
            )
        )

    def evaluated_counts(self, run_id: int) -> list[tuple[int, int, int]]:
        """Iteration, items evaluated and final answers right, for each that has any."""
        found: list[tuple[int, int, int]] = self._rows(
            "SELECT iteration, count(*), sum(final_correct) FROM evaluations"
            " WHERE run_id = ? GROUP BY iteration ORDER BY iteration",
            run_id,
        )
        return found

    def evaluation_counts(
        self, run_id: int, iteration: int | None = None
    ) -> list[EvaluationCounts]:
        """Counts by iteration and subtask, in that order; of one iteration, or of all.

        Strict but for the flexible ones.
        """
        found: list[EvaluationCounts] = []
        with self.snapshot():
            # One subtask after the other, as the index has the rows: they need not be sorted.
            for subtask in Subtask:
                found += self._all(
                    EvaluationCounts,
                    "SELECT iteration, subtask, count(*) AS n,"
                    " sum(first_correct) AS first_correct, sum(final_correct) AS final_correct,"
                    " sum(first_flexible) AS first_flexible,"
                    " sum(final_flexible) AS final_flexible, sum(updates > 0) AS attempted,"
                    " sum(NOT first_correct AND final_correct) AS wrong_to_right,"
                    " sum(first_correct AND NOT final_correct) AS right_to_wrong"
                    " FROM evaluations JOIN items ON items.id = item_id"
                    " WHERE run_id = ? AND subtask = ?"
                    f"{'' if iteration is None else ' AND iteration = ?'} GROUP BY iteration",
                    run_id,
                    subtask.value,
                    *(() if iteration is None else (iteration,)),
                )
        return sorted(found, key=lambda counts: (counts.iteration, counts.subtask))


def _pattern(words: str) -> object:
    """What LIKE takes for a text that has ``words`` somewhere, none of them a pattern."""
    for sign in "\\%_":
        words = words.replace(sign, f"\\{sign}")
    return to_sqlite(f"%{words}%")
