"""The review of a run in a project's database. Belongs to one thread."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from db.errors import StoreBusy, StoreReadOnly, StoreTooOld
from db.review_conditions import ReviewFilter, ReviewOrder
from db.review_records import (
    CheckVerdict,
    ReviewChange,
    ReviewCounts,
    ReviewEvent,
    ReviewRow,
    ReviewSpeed,
    ReviewState,
    ReviewStep,
)
from db.store import Store
from engine import review as engine_review
from engine.errors import ProjectError
from engine.project import Project
from engine.review import check_some, edited_update
from engine.second_looks import second_look
from engine.task_setup import hint_of, project_task
from engine.tasks import is_folder
from engine.tasks.base import Task
from engine.tasks.own import OwnTask
from engine.trajectory import parse
from tripost_tui.state.project_reading import OPEN_TIMEOUT_S
from tripost_tui.state.review_port import EditRefused, ReviewItem, ReviewPort, Revision
from tripost_tui.state.review_words import revision_said

CHECKS_AT_ONCE = 100


class StoreReviews(ReviewPort):
    """Reads by a connection of its own, and opens one to write when there is something to write.

    ``run_id`` None is the project's latest run. ``timeout_s`` is how long to wait for another
    process's lock.
    """

    def __init__(
        self,
        path: Path,
        run_id: int | None = None,
        clock: Callable[[], float] = time.time,
        timeout_s: float = OPEN_TIMEOUT_S,
    ) -> None:
        self._path = path
        self._wanted_run = run_id
        self._clock = clock
        self._timeout_s = timeout_s
        self._project: Project | None = None
        self._reader: Store | None = None
        self._writer: Store | None = None
        self._file: tuple[int, int] | None = None
        self._run_id = 0
        self._hint: str | None = None
        self._task: Task | None = None
        self._checks = True

    def open(self) -> str:
        self.close()
        project = self._project = Project.open(self._path)
        try:
            self._reader = Store.open(project.db_path, readonly=True, timeout_s=self._timeout_s)
        except StoreTooOld:
            self._writer = Store.open(project.db_path, timeout_s=self._timeout_s)
            self._reader = Store.open(project.db_path, readonly=True, timeout_s=self._timeout_s)
        self._file = self._identity()
        run_id = self._wanted_run
        run = self._reader.run(run_id) if run_id is not None else self._reader.latest_run()
        if run is None:
            raise ProjectError(
                f"{self._path}: there is no run yet, so nothing to review. Start it first.",
                "Nothing to review",
            )
        self._run_id = run.id
        task = project.settings.task.name
        if is_folder(task):
            task = str(project.path / Path(task).expanduser())
        self._hint = hint_of(task)
        return project.name

    def close(self) -> None:
        for each in (self._reader, self._writer, self._task):
            if each is not None:
                each.close()
        self._reader = self._writer = self._task = None

    # --- reading ---------------------------------------------------------------------------

    @property
    def _read(self) -> Store:
        if self._reader is None:
            self.open()
        assert self._reader is not None
        return self._reader

    def ids(self, wanted: ReviewFilter, order: ReviewOrder, limit: int = -1) -> list[int]:
        return self._read.review_ids(self._run_id, wanted, order, limit=limit)

    def rows(self, trajectory_ids: Sequence[int]) -> list[ReviewRow]:
        return self._read.review_rows(trajectory_ids)

    def item(self, trajectory_id: int) -> ReviewItem:
        store = self._read
        with store.snapshot():
            trajectory = store.trajectory(trajectory_id)
            item = store.item(trajectory.item_id)
            state = store.review_state(trajectory_id)
            checked: CheckVerdict | None = state.edited_checked
            if state.edited is None:
                checked = store.checks([trajectory_id]).get(trajectory_id)
        edited, feedback = self._last_turn(state.edited)
        return ReviewItem(
            trajectory=trajectory,
            question=item.question,
            answer=item.answer,
            state=state,
            checked=checked,
            edited=edited,
            edited_feedback=feedback,
        )

    def _last_turn(self, edited: str | None) -> tuple[str | None, str | None]:
        """The last attempt of an edited text, and the feedback on it."""
        if edited is None or self._hint is None:
            return edited, None
        read = parse(edited, self._hint)
        return (
            (read.last.text, read.turns[-1].feedback_text) if read is not None else (edited, None)
        )

    def state(self, trajectory_id: int) -> ReviewState:
        return self._read.review_state(trajectory_id)

    def counts(self) -> ReviewCounts:
        return self._read.review_counts(self._run_id)

    def speed(self, since: float) -> ReviewSpeed:
        return self._read.review_speed(self._run_id, since)

    def newest_event(self) -> int:
        if self._reader is not None and self._identity() != self._file:
            # An open connection would go on reading a file that is gone or was replaced.
            self.open()
        return self._read.newest_review_event()

    def events(self, after_id: int) -> list[ReviewEvent]:
        return self._read.review_events(self._run_id, after_id)

    def second_look(self) -> int | None:
        return second_look(self._read, self._run_id)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path / "tripost.db")
        except OSError:
            return None
        return found.st_dev, found.st_ino

    # --- writing ---------------------------------------------------------------------------

    @property
    def _write(self) -> Store:
        if self._writer is None:
            if self._project is None:
                self.open()
            assert self._project is not None
            self._writer = Store.open(self._project.db_path, timeout_s=self._timeout_s)
        return self._writer

    def step(self, changes: Sequence[ReviewChange]) -> int:
        return self._write.review_step(self._run_id, changes, self._clock())

    def undo(self) -> ReviewStep | None:
        return self._write.undo_review(self._run_id)

    def redo(self) -> ReviewStep | None:
        return self._write.redo_review(self._run_id)

    def revise(self, trajectory_id: int, attempt: str) -> Revision:
        store, task = self._read, self._opened_task()
        row = store.trajectory(trajectory_id)
        before = store.review_state(trajectory_id).edited
        try:
            change, found = edited_update(task, store.item(row.item_id), row, attempt, before)
        except engine_review.EditRefused as error:
            raise EditRefused(str(error)) from error
        return Revision(
            change, revision_said(change.text is None, found.verdict, found.right, found.complaints)
        )

    def check_some(self) -> int:
        # A person's own scripts may take their time, which who reviews does not have.
        if self._checks and not isinstance(task := self._opened_task(), OwnTask):
            try:
                return check_some(self._write, task, self._run_id, CHECKS_AT_ONCE)
            except (StoreReadOnly, StoreBusy):
                self._checks = False  # then the verdict is said to be unknown
        return 0

    def _opened_task(self) -> Task:
        if self._task is None:
            if self._project is None:
                self.open()
            assert self._project is not None
            self._task = project_task(self._project)
        return self._task
