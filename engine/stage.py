"""What the stages of a run share, and how a stage keeps account of its progress.

Work is cut into the same pieces however often it is interrupted, and each piece is stored in
one transaction with its progress, so that a run that was killed collects the very rows of an
undisturbed one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from db.records import Level, StageName, StageStatus
from db.store import Store
from engine.control import Control
from engine.project import Project
from engine.settings import Settings
from engine.student.generation import OutOfMemory, TextGenerator, text_generator
from engine.student.model import Student
from engine.student_seat import StudentSeat
from engine.tasks.base import Task


@dataclass(frozen=True, slots=True)
class RunContext:
    """A run at work: where it stores, what it trains, who watches."""

    project: Project
    settings: Settings
    store: Store
    run_id: int
    task: Task
    seat: StudentSeat
    control: Control

    @property
    def seed(self) -> int:
        return self.settings.run.seed

    @property
    def student(self) -> Student:
        """The student, which comes back where it had left. Raises StudentError."""
        return self.seat.student

    def tell(self, kind: str, message: str, **data: Any) -> None:
        """Store an event."""
        self.store.add_event(self.run_id, kind, message, data=data)

    def alert(self, message: str, **data: Any) -> None:
        """Store what a person should look at."""
        self.store.add_event(self.run_id, "alert", message, level=Level.WARNING, data=data)

    def sampler(self, temperature: float) -> TextGenerator:
        """Return a generator that shows signs of life while it works; 0 is greedy.

        Raises:
            StudentError: the student cannot be generated from as ``student.generation`` says.
        """
        return text_generator(
            self.student,
            self.settings.student,
            temperature,
            self.control.pulse,
            self._store_backoff,
        )

    def _store_backoff(self, event: OutOfMemory) -> None:
        self.alert(
            f"memory ran out with {event.rows} texts at once; it goes on with fewer. A lower "
            "student.kv_share or batch_size saves the time that this costs",
            rows=event.rows,
            error=event.message,
        )


class Work:
    """Progress of one stage; store a piece of work and its progress in one transaction."""

    def __init__(self, context: RunContext, stage_id: int, done: int) -> None:
        self._context = context
        self._stage_id = stage_id
        self._since = time.monotonic()
        self.count = done

    def advance(self, count: int, total: int | None = None) -> None:
        """Store that ``count`` pieces are done and how long the newest took."""
        now = time.monotonic()
        self._context.store.advance_stage(self._stage_id, count, now - self._since, total)
        self._since = now
        self.count = count

    def show(self, note: str = "") -> None:
        """Let the heartbeat tell how far it is."""
        self._context.control.progress(self.count, note)


def is_done(context: RunContext, iteration: int, name: StageName) -> bool:
    """Tell whether a stage was finished before."""
    stage = context.store.stage(context.run_id, iteration, name)
    return stage is not None and stage.status is StageStatus.DONE


@contextmanager
def working(context: RunContext, iteration: int, name: StageName, total: int) -> Iterator[Work]:
    """Enter a stage, new or interrupted, and keep its account; it is not finished at the end."""
    known = context.store.stage(context.run_id, iteration, name)
    stage = context.store.start_stage(context.run_id, iteration, name, total)
    if known is None:
        context.store.add_event(
            context.run_id,
            "stage.started",
            f"iteration {iteration}: {name}",
            data={"iteration": iteration, "stage": str(name), "total": total},
        )
    context.control.enter(iteration, name, stage.done, total)
    yield Work(context, stage.id, stage.done)


def finish(
    context: RunContext, iteration: int, name: StageName, detail: Mapping[str, Any], text: str
) -> None:
    """Mark a stage as done. ``text`` says for people what came out."""
    stage = context.store.stage(context.run_id, iteration, name)
    if stage is None or stage.status is StageStatus.DONE:
        return
    with context.store.transaction():
        context.store.finish_stage(stage.id, detail)
        context.store.add_event(
            context.run_id,
            "stage.finished",
            f"iteration {iteration}: {name}, {text}",
            data={"iteration": iteration, "stage": str(name), **detail},
        )
        if complaints := context.task.complaints():
            message = f"iteration {iteration}: {name}: {complaints}"
            context.store.add_event(context.run_id, "alert", message, level=Level.WARNING)
