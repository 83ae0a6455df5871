"""Reads runs from projects' databases. Opens them to read only, and belongs to one thread."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

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
from tripost_tui.state.engine_log import last_words
from tripost_tui.state.home import RunRow
from tripost_tui.state.run import RunReading, Trouble

Clock = Callable[[], float]

FIRST_EVENTS = 100
OPEN_TIMEOUT_S = 1.0
DISK_EVERY_S = 20.0


def trouble_of(error: TripostError | StoreError) -> Trouble:
    """The error as the app tells it."""
    return Trouble(error.title, error.message)


class RunReader:
    """Follows one run: each reading has the rows that are new since the one before.

    ``run_id`` None follows the project's latest run; ``timeout_s`` is how long to wait for
    another process's lock. Close it, or use it in a ``with``.
    """

    def __init__(
        self,
        path: Path,
        run_id: int | None = None,
        clock: Clock = time.time,
        timeout_s: float = OPEN_TIMEOUT_S,
    ) -> None:
        self.path = path
        self._timeout_s = timeout_s
        self._run_id = run_id
        self._clock = clock
        self._project: Project | None = None
        self._store: Store | None = None
        self._file: tuple[int, int] | None = None
        self._last: RunReading | None = None
        self._seen = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next reading opens it again and tells everything anew."""
        if self._store is not None:
            self._store.close()
        self._store = self._last = None
        self._seen = (0, 0)

    def read(self) -> RunReading:
        """How the run stands. Raises TripostError and StoreError; can be called again then."""
        try:
            project, store = self._opened()
            return self._read(project, store)
        except (StoreError, TripostError):
            self.close()
            raise

    def _opened(self) -> tuple[Project, Store]:
        # An open connection would go on reading from a file that has been deleted or replaced.
        file = self._identity()
        if self._store is None or self._project is None or file != self._file:
            self.close()
            self._project = Project.open(self.path)
            self._file = self._identity()
            self._store = Store.read(self._project.db_path, timeout_s=self._timeout_s)
        return self._project, self._store

    def _identity(self) -> tuple[int, int] | None:
        if self._project is None:
            return None
        try:
            found = os.stat(self._project.db_path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _read(self, project: Project, store: Store) -> RunReading:
        now = self._clock()
        run = store.run(self._run_id) if self._run_id is not None else store.latest_run()
        view = run_view(project, store, run, now)
        if run is None:
            self._last, self._seen = None, (0, 0)
            words = last_words(project, view)
            return RunReading(at=now, name=project.name, view=view, last_words=words)
        last = self._last
        if last is None or last.view.run is None or last.view.run.id != run.id:
            last, self._seen = None, (0, 0)
        after_event, after_step = self._seen
        if last is None:
            events = store.last_events(run.id, FIRST_EVENTS)
        else:
            events = store.events(run.id, after_event)
        steps = store.train_steps(run.id, after_id=after_step)
        stages = tuple(store.stages(run.id))
        if last is not None and last.stages == stages:
            # A stage counts its items in the transaction that stores them: nothing is new.
            counts, at = last.counts, last.counts_of
            drops, evaluations = last.drops, last.evaluations
            trajectory, question = last.trajectory, last.question
        else:
            at = _collected(stages)
            counts = store.collect_counts(run.id, at) if at else None
            drops = store.drop_counts(run.id, at) if at else {}
            evaluations = tuple(store.evaluation_counts(run.id))
            trajectory = store.latest_trajectory(run.id)
            question = store.item(trajectory.item_id).question if trajectory else ""
        reading = RunReading(
            at=now,
            name=project.name,
            view=view,
            stages=stages,
            counts=counts,
            counts_of=at,
            drops=drops,
            evaluations=evaluations,
            steps=steps,
            events=events,
            trajectory=trajectory,
            question=question,
            last_words=last_words(project, view),
            pending=tuple(command.kind for command in store.pending_commands(run.id)),
        )
        self._last = reading
        self._seen = (
            events[-1].id if events else after_event,
            steps[-1].id if steps else after_step,
        )
        return reading


def _collected(stages: tuple[Stage, ...]) -> int:
    """The last iteration that collects, or has collected; 0 before the first."""
    return max((stage.iteration for stage in stages), default=0)


class HomeReader:
    """Summaries of all known projects and their runs."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._sizes: dict[Path, tuple[float, int | None]] = {}

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
        )

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
