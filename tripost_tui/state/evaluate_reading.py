"""Reads a run's evaluations as they grow. Opens its database to read only."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from db.errors import StoreError
from db.records import EvaluationCounts, Stage, StageName
from db.store import Store
from engine.errors import TripostError
from engine.project import Project
from engine.run_view import run_view
from tripost_tui.state.open_projects import OPEN_TIMEOUT_S, OpenProjects
from tripost_tui.state.run import RunReading


class EvaluationReader:
    """Follows the evaluations of one run, ``run_id`` None those of the project's latest. What was
    counted is counted again only where an evaluation has gone on since."""

    def __init__(
        self,
        path: Path,
        run_id: int | None = None,
        clock: Callable[[], float] = time.time,
        timeout_s: float = OPEN_TIMEOUT_S,
    ) -> None:
        self._path = path
        self._run_id = run_id
        self._clock = clock
        self._projects = OpenProjects(timeout_s)
        self._store: Store | None = None
        self._counted: dict[int, tuple[Stage, Sequence[EvaluationCounts]]] = {}

    def read(self) -> RunReading:
        """How the run stands. Raises TripostError and StoreError; can be called again then."""
        try:
            project, store = self._projects.of(self._path)
            if store is not self._store:
                self._store = store
                self._counted = {}
            return self._read(project, store)
        except (StoreError, TripostError):
            self.close()
            raise

    def close(self) -> None:
        self._projects.close()
        self._store = None

    def _read(self, project: Project, store: Store) -> RunReading:
        now = self._clock()
        run = store.run(self._run_id) if self._run_id is not None else store.latest_run()
        view = run_view(project, store, run, now)
        if run is None:
            return RunReading(at=now, name=project.name, view=view)
        with store.snapshot():
            stages = tuple(store.stages(run.id))
            evaluations = self._evaluations(store, run.id, stages)
        return RunReading(
            at=now,
            name=project.name,
            view=view,
            stages=stages,
            evaluations=evaluations,
            pending=tuple(command.kind for command in store.pending_commands(run.id)),
        )

    def _evaluations(
        self, store: Store, run_id: int, stages: Sequence[Stage]
    ) -> tuple[EvaluationCounts, ...]:
        for stage in stages:
            if stage.name is StageName.EVALUATE:
                known = self._counted.get(stage.id)
                # A stage counts its items in the transaction that stores them.
                if known is None or known[0] != stage:
                    counts = store.evaluation_counts(run_id, stage.iteration)
                    self._counted[stage.id] = (stage, counts)
        every = [
            counts
            for stage in stages
            if stage.name is StageName.EVALUATE
            for counts in self._counted[stage.id][1]
        ]
        return tuple(sorted(every, key=lambda counts: counts.iteration))
