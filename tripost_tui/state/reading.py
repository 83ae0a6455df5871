"""Reads runs from projects' databases. Opens them to read only, and belongs to one thread."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from db.errors import StoreError
from db.records import (
    EvaluationCounts,
    Run,
    Stage,
    StageName,
    StageStatus,
)
from db.store import Store
from engine.errors import TripostError
from engine.project import Project, known_projects
from engine.run_view import run_view
from tripost_tui.state.home import RunRow
from tripost_tui.state.project_reading import OPEN_TIMEOUT_S, Clock, ProjectReader, trouble_of
from tripost_tui.state.run import RunReading
from tripost_tui.state.standing import StandingReading

DISK_EVERY_S = 20.0
REVIEWS_EVERY_S = 5.0
"""To count takes a while where there are many."""


class RunReader(ProjectReader[RunReading]):
    """Follows one run, as the run screen shows it."""

    def forget(self) -> None:
        self._last: RunReading | None = None
        self._after_step = 0

    def _read(self, now: StandingReading, store: Store) -> RunReading:
        if now.view.run is None:
            return RunReading(**now.shared())
        run_id, stages, last = now.view.run.id, now.stages, self._last
        steps = store.train_steps(run_id, after_id=self._after_step)
        if last is not None and last.stages == stages:
            # A stage counts its items in the transaction that stores them: nothing is new.
            counts, at = last.counts, last.counts_of
            drops, evaluations = last.drops, last.evaluations
            trajectory, question = last.trajectory, last.question
        else:
            at = _collected(stages)
            counts = store.collect_counts(run_id, at) if at else None
            drops = store.drop_counts(run_id, at) if at else {}
            evaluations = tuple(store.evaluation_counts(run_id))
            trajectory = store.latest_trajectory(run_id)
            question = store.item(trajectory.item_id).question if trajectory else ""
        self._last = reading = RunReading(
            **now.shared(),
            counts=counts,
            counts_of=at,
            drops=drops,
            evaluations=evaluations,
            steps=steps,
            trajectory=trajectory,
            question=question,
        )
        self._after_step = steps[-1].id if steps else self._after_step
        return reading


def _collected(stages: Sequence[Stage]) -> int:
    """The last iteration that collects, or has collected; 0 before the first."""
    return max((stage.iteration for stage in stages), default=0)


class HomeReader:
    """Summaries of all known projects and their runs."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._sizes: dict[Path, tuple[float, int | None]] = {}
        self._pending: dict[tuple[Path, int], tuple[float, int]] = {}

    def read(self) -> list[RunRow]:
        """The project opened last comes first; within one, its latest run.

        Never raises for a project's sake: what is wrong with it is in its row.
        """
        rows: list[RunRow] = []
        for known in known_projects():
            try:
                rows += self._project_rows(known.path)
            except (TripostError, StoreError) as error:
                gone = not known.exists
                trouble = "its folder is gone" if gone else f"{error.title}. {error.message}"
                rows.append(RunRow(path=known.path, name=known.path.name, trouble=trouble))
        return rows

    def _project_rows(self, path: Path) -> list[RunRow]:
        project = Project.open(path)
        size = self._size(path)
        with Store.read(project.db_path, timeout_s=OPEN_TIMEOUT_S) as store:
            runs = store.runs()[::-1]
            rows = [
                self._run_row(project, store, run, latest=place == 0, size=size)
                for place, run in enumerate(runs)
            ]
            if rows:
                return rows
            view = run_view(project, store, None, self._clock())
        return [
            RunRow(
                path=path,
                name=project.name,
                state=view.state,
                alive=view.engine.alive,
                disk_bytes=size,
            )
        ]

    def _run_row(
        self, project: Project, store: Store, run: Run, *, latest: bool, size: int | None
    ) -> RunRow:
        view = run_view(project, store, run, self._clock())
        stages = store.stages(run.id)
        whole = {
            stage.iteration
            for stage in stages
            if stage.name is StageName.EVALUATE and stage.status is StageStatus.DONE
        }
        counts = [each for each in store.evaluation_counts(run.id) if each.iteration in whole]
        first, final = _accuracy(counts, max(whole, default=0))
        events = store.last_events(run.id, 1)
        return RunRow(
            path=project.path,
            name=project.name,
            run_id=run.id,
            latest=latest,
            state=view.state,
            alive=latest and view.engine.alive,
            iteration=max((stage.iteration for stage in stages), default=0),
            iterations=run.iterations,
            start=_accuracy(counts, 0)[1],
            first=first,
            final=final,
            event=events[0].message if events else "",
            event_at=events[0].at if events else None,
            disk_bytes=size if latest else None,
            pending_reviews=self._pending_reviews(project.path, store, run.id) if latest else 0,
        )

    def _pending_reviews(self, path: Path, store: Store, run_id: int) -> int:
        now, key = self._clock(), (path, run_id)
        counted = self._pending.get(key)
        if counted is None or now - counted[0] > REVIEWS_EVERY_S:
            self._pending[key] = counted = (now, store.review_counts(run_id).pending)
        return counted[1]

    def _size(self, path: Path) -> int | None:
        now = self._clock()
        measured = self._sizes.get(path)
        if measured is None or now - measured[0] > DISK_EVERY_S:
            self._sizes[path] = measured = (now, folder_bytes(path))
        return measured[1]


def _accuracy(counts: list[EvaluationCounts], iteration: int) -> tuple[float | None, float | None]:
    at = [each for each in counts if each.iteration == iteration]
    n = sum(each.n for each in at)
    if not n:
        return None, None
    return sum(each.first_correct for each in at) / n, sum(each.final_correct for each in at) / n


def folder_bytes(path: Path) -> int | None:
    """What the files of a folder take; None when it cannot be read. Links are not followed."""
    total = 0
    try:
        folders = [path]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        return None
    return total


__all__ = ["HomeReader", "RunReader", "folder_bytes", "trouble_of"]
