"""Runs and the stages of their iterations."""

import time

from db.connection import Connection
from db.records import (
    Json,
    Run,
    RunStatus,
    Stage,
    StageName,
    StageStatus,
)


class RunQueries(Connection):
    def create_run(
        self,
        *,
        seed: int,
        iterations: int,
        config: Json,
        config_hash: str,
        versions: Json,
        student: str,
    ) -> Run:
        """A new run, pending. ``config`` is every setting as resolved."""
        with self.transaction():
            run_id = self._insert(
                "runs",
                {
                    "created_at": time.time(),
                    "seed": seed,
                    "iterations": iterations,
                    "config": config,
                    "config_hash": config_hash,
                    "versions": versions,
                    "status": RunStatus.PENDING,
                    "student": student,
                },
            )
            return self.run(run_id)

    def run(self, run_id: int) -> Run:
        """Raises StoreMissing when there is no such run."""
        return self._one(Run, "runs", run_id)

    def latest_run(self) -> Run | None:
        return self._first(Run, "SELECT * FROM runs ORDER BY id DESC LIMIT 1")

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return self._all(Run, "SELECT * FROM runs ORDER BY id")

    def set_run_status(self, run_id: int, status: RunStatus, reason: str | None = None) -> Run:
        """Change a run's status; ``reason`` is for a person and replaces the one before.

        The first change to running sets ``started_at``; a terminal status sets ``finished_at``,
        any other clears it. Raises StoreMissing.
        """
        now = time.time()
        with self.transaction():
            touched = self._change(
                "UPDATE runs SET status = ?, reason = ?, finished_at = ?,"
                " started_at = coalesce(started_at, ?) WHERE id = ?",
                status,
                reason,
                now if status.terminal else None,
                now if status is RunStatus.RUNNING else None,
                run_id,
            )
            if not touched:
                raise self._missing("runs", run_id)
            return self.run(run_id)

    def stage(self, run_id: int, iteration: int, name: StageName) -> Stage | None:
        return self._first(
            Stage,
            "SELECT * FROM stages WHERE run_id = ? AND iteration = ? AND name = ?",
            run_id,
            iteration,
            name.value,
        )

    def stages(self, run_id: int) -> list[Stage]:
        """A run's stages in the order in which they were started."""
        return self._all(Stage, "SELECT * FROM stages WHERE run_id = ? ORDER BY id", run_id)

    def start_stage(self, run_id: int, iteration: int, name: StageName, total: int) -> Stage:
        """Start a stage of ``total`` items, or take up again the one that is there.

        A stage that is there keeps its ``done``, ``seconds`` and ``started_at``; one that is
        finished is returned as it is.
        """
        with self.transaction():
            self._insert(
                "stages",
                {
                    "run_id": run_id,
                    "iteration": iteration,
                    "name": name,
                    "status": StageStatus.RUNNING,
                    "started_at": time.time(),
                    "seconds": 0.0,
                    "done": 0,
                    "total": total,
                    "detail": {},
                },
                "ON CONFLICT (run_id, iteration, name) DO UPDATE SET total = excluded.total"
                " WHERE status != 'done'",
            )
            stage = self.stage(run_id, iteration, name)
            assert stage is not None
            return stage

    def advance_stage(
        self, stage_id: int, done: int, seconds: float, total: int | None = None
    ) -> None:
        """Set how many items are done, and add ``seconds`` of work since the last call.

        Put it into the transaction that stores those items. Raises StoreMissing.
        """
        touched = self._change(
            "UPDATE stages SET done = ?, seconds = seconds + ?, total = coalesce(?, total)"
            " WHERE id = ?",
            done,
            seconds,
            total,
            stage_id,
        )
        if not touched:
            raise self._missing("stages", stage_id)

    def finish_stage(
        self, stage_id: int, detail: Json | None = None, seconds: float = 0.0
    ) -> Stage:
        """Mark a stage as done, with what is worth telling of it. Raises StoreMissing."""
        with self.transaction():
            self._change(
                "UPDATE stages SET status = ?, finished_at = ?, detail = ?,"
                " seconds = seconds + ? WHERE id = ?",
                StageStatus.DONE,
                time.time(),
                detail or {},
                seconds,
                stage_id,
            )
            return self._one(Stage, "stages", stage_id)
