"""Following a run from outside, through its database, until it ends.

Whoever follows owns nothing: it can go away at any moment, and the run goes on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from db.records import (
    Event,
    Run,
    RunStatus,
    TrainStep,
)
from db.store import Store
from engine.project import Project
from engine.run_view import RunView, run_view

POLL_S = 0.4
_PAGE = 500


class End(StrEnum):
    """How a followed run ended. ``died`` is an engine that left without a word."""

    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended, and why in a sentence for a person, where that is known.

    ``title`` and ``exit_code`` are those of the error that it failed with, where it was one that
    a person can do something about.
    """

    end: End
    reason: str = ""
    title: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What is new since the last look. ``step`` is the last training step of this iteration."""

    view: RunView
    events: tuple[Event, ...] = ()
    step: TrainStep | None = None


class Display(Protocol):
    """Shows a run to a person or a program."""

    def show(self, update: Update) -> None: ...

    def close(self) -> None: ...


def last_event_id(store: Store) -> int:
    """The id of the newest event of the latest run: following from here shows what comes."""
    run = store.latest_run()
    events = store.last_events(run.id, 1) if run else []
    return events[-1].id if events else 0


class Follower:
    """Reads what is new in a project's database.

    ``after_id`` is the last event that is known already. An end before ``since`` (epoch
    seconds) does not count: an engine that was started then is about to take the run up again.
    """

    def __init__(self, project: Project, store: Store, after_id: int, since: float = 0.0) -> None:
        self._project = project
        self._store = store
        self._after_id = after_id
        self._since = since
        self._step: TrainStep | None = None

    def look(self) -> Update:
        """What is new. Raises StoreError."""
        view = run_view(self._project, self._store)
        if view.run is None:
            return Update(view)
        events: list[Event] = []
        while page := self._store.events(view.run.id, self._after_id, _PAGE):
            events += page
            self._after_id = page[-1].id
        known = self._step.id if self._step else 0
        if steps := self._store.train_steps(view.run.id, after_id=known):
            self._step = steps[-1]
        current = self._step if self._step and self._step.iteration == view.iteration else None
        return Update(view, tuple(events), current)

    def ending(self, update: Update) -> Ending | None:
        """How the run ended, None while it has not."""
        run, alive = update.view.run, update.view.engine.alive
        if run is not None and run.status.terminal:
            if (run.finished_at or 0) >= self._since:
                return self._failure(run) or Ending(_ENDS[run.status], run.reason or "")
            return None if alive else Ending(End.DIED)
        return None if alive else Ending(End.DIED, update.view.explanation)

    def _failure(self, run: Run) -> Ending | None:
        """The end of a run with the error that it failed with; None where there is none."""
        if run.status is not RunStatus.FAILED:
            return None
        events = self._store.events_of_kind(run.id, "run.failed")
        data = events[-1].data if events else {}
        title, message, code = (data.get(key) for key in ("title", "message", "exit_code"))
        if isinstance(title, str) and isinstance(message, str) and isinstance(code, int):
            return Ending(End.FAILED, message, title, code)
        return None


_ENDS = {
    RunStatus.FINISHED: End.FINISHED,
    RunStatus.STOPPED: End.STOPPED,
    RunStatus.FAILED: End.FAILED,
}


def follow(
    follower: Follower, display: Display, pause: Callable[[float], None] = time.sleep
) -> Ending:
    """Show a run until it ends. Raises StoreError, and KeyboardInterrupt as it comes."""
    while True:
        update = follower.look()
        display.show(update)
        ending = follower.ending(update)
        if ending is not None and ending.end is End.DIED:
            # It may have ended in good order between the look at its row and at its process.
            update = follower.look()
            display.show(update)
            ending = follower.ending(update)
        if ending is not None:
            return ending
        pause(POLL_S)
