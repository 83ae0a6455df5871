"""The review of a run in a project's database. Belongs to one thread."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from db.errors import StoreTooOld
from db.records import (
    CheckVerdict,
    ReviewChange,
    ReviewCounts,
    ReviewEvent,
    ReviewRow,
    ReviewSpeed,
    ReviewState,
    ReviewStep,
)
from db.review_conditions import ReviewFilter, ReviewOrder
from db.store import Store
from engine.errors import ProjectError
from engine.project import Project
from engine.task_setup import hint_of
from engine.trajectory import parse
from tripost_tui.state.reading import OPEN_TIMEOUT_S
from tripost_tui.state.review_port import ReviewItem, ReviewPort, Revision


class StoreReviews(ReviewPort):
    """Reads by a connection of its own, and opens one to write when there is something to write.

    ``run_id`` None is the project's latest run. ``timeout_s`` is how long to wait for another
    process's lock.
    """

    def __init__(
        self, path: Path, run_id: int | None = None, timeout_s: float = OPEN_TIMEOUT_S
    ) -> None:
        self._path = path
        self._wanted_run = run_id
        self._timeout_s = timeout_s
        self._project: Project | None = None
        self._reader: Store | None = None
        self._writer: Store | None = None
        self._file: tuple[int, int] | None = None
        self._run_id = 0
        self._hint: str | None = None

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
        self._hint = hint_of(project.settings.task.name)
        return project.name

    def close(self) -> None:
        for store in (self._reader, self._writer):
            if store is not None:
                store.close()
        self._reader = self._writer = None

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
        return ReviewItem(
            trajectory=trajectory,
            question=item.question,
            answer=item.answer,
            state=state,
            checked=checked,
            edited=self._last_attempt(state.edited),
        )

    def _last_attempt(self, edited: str | None) -> str | None:
        if edited is None or self._hint is None:
            return edited
        read = parse(edited, self._hint)
        return read.last.text if read is not None else edited

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
        candidates = self._read.second_look_candidates(self._run_id, _GAP)
        return next((key for key in candidates if self._looked_at_again(key)), None)

    def _looked_at_again(self, key: int) -> bool:
        """Settled by ids, so that nobody chooses what is looked at again."""
        digest = hashlib.sha256(f"second look/{self._run_id}/{key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < _SHARE * 2**64

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
        return self._write.review_step(self._run_id, changes)

    def undo(self) -> ReviewStep | None:
        return self._write.undo_review(self._run_id)

    def redo(self) -> ReviewStep | None:
        return self._write.redo_review(self._run_id)

    def revise(self, trajectory_id: int, attempt: str) -> Revision:
        raise NotImplementedError


_SHARE, _GAP = 0.05, 20
