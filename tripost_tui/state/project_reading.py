"""Reads a run from its project's database. Opens it to read only, and belongs to one thread."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Self, TypeVar

from db.errors import StoreError
from db.store import Store
from engine.errors import TripostError
from engine.project import Project
from engine.run_view import run_view
from tripost_tui.state.engine_log import last_words
from tripost_tui.state.gpu_watch import NOTHING_KNOWN, GpuLook
from tripost_tui.state.standing import StandingReading, Trouble

Clock = Callable[[], float]
R = TypeVar("R", bound=StandingReading)

FIRST_EVENTS = 100
OPEN_TIMEOUT_S = 1.0


def trouble_of(error: TripostError | StoreError) -> Trouble:
    """The error as the app tells it."""
    return Trouble(error.title, error.message)


class ProjectReader(ABC, Generic[R]):
    """Follows one run: each reading has the rows that are new since the one before.

    ``run_id`` None follows the project's latest run; ``timeout_s`` is how long to wait for
    another process's lock; ``gpus`` tells their load. Close it, or use it in a ``with``.
    """

    def __init__(
        self,
        path: Path,
        run_id: int | None = None,
        clock: Clock = time.time,
        timeout_s: float = OPEN_TIMEOUT_S,
        gpus: Callable[[], GpuLook] = GpuLook,
    ) -> None:
        self.path = path
        self._timeout_s = timeout_s
        self._run_id = run_id
        self._clock = clock
        self._gpus = gpus
        self._project: Project | None = None
        self._store: Store | None = None
        self._file: tuple[int, int] | None = None
        self._following: int | None = None
        self._after_event = 0
        self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next reading opens it again and tells everything anew."""
        if self._store is not None:
            self._store.close()
        self._store = self._following = None
        self._after_event = 0
        self.forget()

    @abstractmethod
    def forget(self) -> None:
        """Begin anew: another run, or a file that was opened again."""

    @abstractmethod
    def _read(self, now: StandingReading, store: Store) -> R:
        """What is new beside ``now``. Raises TripostError and StoreError."""

    def read(self) -> R:
        """How the run stands. Raises TripostError and StoreError; can be called again then."""
        try:
            project, store = self._opened()
            return self._read(self._standing(project, store), store)
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

    def _standing(self, project: Project, store: Store) -> StandingReading:
        now = self._clock()
        run = store.run(self._run_id) if self._run_id is not None else store.latest_run()
        view = run_view(project, store, run, now)
        words = last_words(project, view)
        run_id = None if run is None else run.id
        first = run_id != self._following
        if first:
            self._following, self._after_event = run_id, 0
            self.forget()
        if run is None:
            return StandingReading(at=now, name=project.name, view=view, last_words=words)
        if first:
            events = store.last_events(run.id, FIRST_EVENTS)
        else:
            events = store.events(run.id, self._after_event)
        if events:
            self._after_event = events[-1].id
        return StandingReading(
            at=now,
            name=project.name,
            view=view,
            stages=tuple(store.stages(run.id)),
            events=events,
            pending=tuple(command.kind for command in store.pending_commands(run.id)),
            last_words=words,
            gpus=self._gpus() if view.engine.alive else NOTHING_KNOWN,
        )
