"""Reads what the doctor's screen shows of a project. Belongs to one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from db.records import Event, Level
from db.store import Store
from engine.errors import project_error
from engine.project import Project
from engine.run_view import run_view
from tripost_tui.state.doctor import ProjectReading
from tripost_tui.state.engine_log import LogTail, last_words
from tripost_tui.state.project_reading import OPEN_TIMEOUT_S

LOOKED_AT_EVENTS = 1000
SHOWN_ERRORS = 20
ENGINE_LOG = "engine.log"


class LogReader:
    """Follows a project's engine log and its run's errors."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._tail: LogTail | None = None

    def close(self) -> None:
        """Nothing is kept open between readings."""

    def read(self) -> ProjectReading:
        """What is new. Raises TripostError and StoreError; can be called again then."""
        project = Project.open(self._path)
        if self._tail is None:
            self._tail = LogTail(project.logs / ENGINE_LOG)
        with Store.read(project.db_path, timeout_s=OPEN_TIMEOUT_S) as store:
            run = store.latest_run()
            view = run_view(project, store, run, self._clock())
            events = store.last_events(run.id, LOOKED_AT_EVENTS) if run else []
        # The database comes first: what it cannot tell must not cost lines of the log.
        try:
            piece = self._tail.read()
        except OSError as error:
            raise project_error(self._tail.path, error) from error
        return ProjectReading(
            piece=piece,
            errors=_errors(events),
            word=view.state,
            explanation=view.explanation or last_words(project, view),
        )


def _errors(events: list[Event]) -> list[Event]:
    return [event for event in events if event.level is not Level.INFO][-SHOWN_ERRORS:]
