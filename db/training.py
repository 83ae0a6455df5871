"""Training examples, optimizer steps and checkpoints."""

from collections.abc import Iterable

from db.connection import Connection
from db.records import (
    Checkpoint,
    CheckpointKind,
    Example,
    TrainStep,
)


class TrainingQueries(Connection):
    def add_examples(self, examples: Iterable[Example]) -> list[int]:
        """Store examples, selected or left out; the new ids in the same order."""
        with self.transaction():
            return [self._insert("examples", example) for example in examples]

    def examples(self, run_id: int, iteration: int, selected: bool | None = None) -> list[Example]:
        """An iteration's examples by position, those without one last."""
        return self._all(
            Example,
            "SELECT * FROM examples WHERE run_id = ?1 AND iteration = ?2"
            " AND (?3 IS NULL OR selected = ?3) ORDER BY position IS NULL, position, id",
            run_id,
            iteration,
            selected,
        )

    def dataset_size(self, run_id: int, iteration: int | None = None) -> tuple[int, int, int]:
        """Count selected examples, their characters as stored, and those of trajectories.

        ``iteration`` None counts all iterations.
        """
        ((count, characters),) = self._rows(
            "SELECT COUNT(*), COALESCE(SUM(LENGTH(segments)), 0) FROM examples"
            " WHERE run_id = ?1 AND selected AND (?2 IS NULL OR iteration = ?2)",
            run_id,
            iteration,
        )
        ((others,),) = self._rows(
            "SELECT COALESCE(SUM(LENGTH(text)), 0) FROM trajectories"
            " WHERE run_id = ?1 AND (?2 IS NULL OR iteration = ?2)",
            run_id,
            iteration,
        )
        return int(count), int(characters), int(others)

    def add_train_steps(self, steps: Iterable[TrainStep]) -> None:
        """Store optimizer steps; a loss that is NaN becomes None. Raises StoreConflict."""
        with self.transaction():
            for step in steps:
                self._insert("train_steps", step)

    def train_steps(
        self, run_id: int, iteration: int | None = None, after_id: int = 0
    ) -> list[TrainStep]:
        """Steps stored after the row ``after_id``, oldest first.

        Ids never come back: steps that were replayed after a resume come again under new ids,
        and count instead of those with the same iteration and step read before.
        """
        return self._all(
            TrainStep,
            "SELECT * FROM train_steps WHERE run_id = ?1 AND id > ?3"
            " AND (?2 IS NULL OR iteration = ?2) ORDER BY id",
            run_id,
            iteration,
            after_id,
        )

    def delete_train_steps_after(self, run_id: int, iteration: int, step: int) -> int:
        """Forget an iteration's steps above ``step``, which a resume replays; return how many."""
        return self._change(
            "DELETE FROM train_steps WHERE run_id = ? AND iteration = ? AND step > ?",
            run_id,
            iteration,
            step,
        )

    def add_checkpoint(self, checkpoint: Checkpoint) -> int:
        """Store a checkpoint whose files are on disk; return its id.

        One at the same path replaces the row there, as its file has replaced the file.
        """
        with self.transaction():
            self._change("DELETE FROM checkpoints WHERE path = ?", checkpoint.path)
            return self._insert("checkpoints", checkpoint)

    def checkpoints(self, run_id: int) -> list[Checkpoint]:
        """A run's checkpoints by iteration and step."""
        return self._all(
            Checkpoint,
            "SELECT * FROM checkpoints WHERE run_id = ? ORDER BY iteration, step, id",
            run_id,
        )

    def latest_checkpoint(
        self, run_id: int, iteration: int | None = None, kind: CheckpointKind | None = None
    ) -> Checkpoint | None:
        """The furthest checkpoint by iteration and step."""
        return self._first(
            Checkpoint,
            "SELECT * FROM checkpoints WHERE run_id = ?1 AND (?2 IS NULL OR iteration = ?2)"
            " AND (?3 IS NULL OR kind = ?3) ORDER BY iteration DESC, step DESC, id DESC LIMIT 1",
            run_id,
            iteration,
            kind.value if kind else None,
        )

    def forget_checkpoint(self, checkpoint_id: int) -> None:
        """Delete the row, before the files are removed to save room."""
        self._change("DELETE FROM checkpoints WHERE id = ?", checkpoint_id)
