"""Stage 2 of a run in a project's database. Belongs to one thread."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from db.errors import StoreTooOld
from db.records import Run, RunStatus, StageName, StageStatus
from db.review_records import ReviewCounts
from db.store import Store
from engine.balance import Balance, balance_of
from engine.config import load_settings
from engine.errors import ConfigError, ProjectError, project_error
from engine.postprocess import Outline
from engine.preview import Chosen, Examples, LateReviews, Preview, late_reviews, settings_of_run
from engine.project import Project
from engine.stage_two import Values, save_values, stage_two_values, values_in, values_used
from tripost_tui.state.balance_port import (
    BalancePort,
    CountPort,
    Entry,
    Overview,
    Pulse,
    ShownExample,
)
from tripost_tui.state.project_reading import OPEN_TIMEOUT_S


class _Opened:
    """A project, its store to read from, and the run in question."""

    def __init__(self, path: Path, run_id: int | None, timeout_s: float) -> None:
        self.project = Project.open(path)
        self.file = _identity(self.project)
        try:
            self.store = Store.open(self.project.db_path, readonly=True, timeout_s=timeout_s)
        except StoreTooOld:
            Store.open(self.project.db_path, timeout_s=timeout_s).close()
            self.store = Store.open(self.project.db_path, readonly=True, timeout_s=timeout_s)
        try:
            latest = self.store.latest_run()
            run = latest if run_id is None else self.store.run(run_id)
            if run is None or latest is None:
                raise ProjectError(
                    f"{path}: there is no run yet, so nothing to balance. Start it first.",
                    "Nothing to balance",
                )
        except BaseException:
            self.store.close()
            raise
        self.run: Run = run
        self.settings = settings_of_run(self.project, run)

    @property
    def is_current(self) -> bool:
        """False when the file was deleted or replaced since."""
        return _identity(self.project) == self.file


class StoreBalance(BalancePort):
    """``run_id`` None is the project's latest run."""

    def __init__(
        self, path: Path, run_id: int | None = None, timeout_s: float = OPEN_TIMEOUT_S
    ) -> None:
        self._path, self._run_id, self._timeout_s = path, run_id, timeout_s
        self._opened: _Opened | None = None
        self._examples: Examples | None = None

    def close(self) -> None:
        if self._examples is not None:
            self._examples.close()
        if self._opened is not None:
            self._opened.store.close()
        self._examples = self._opened = None

    @property
    def _at(self) -> _Opened:
        if self._opened is not None and not self._opened.is_current:
            self.close()
        if self._opened is None:
            self._opened = _Opened(self._path, self._run_id, self._timeout_s)
        return self._opened

    @property
    def _whole(self) -> Examples:
        if self._examples is None:
            self._examples = Examples(self._at.project, self._at.run)
        return self._examples

    def overview(self) -> Overview:
        at = self._at
        store, settings = at.store, at.settings
        with store.snapshot():
            run, latest = store.run(at.run.id), store.latest_run()
            stages = store.stages(run.id)
            collected = {
                each: store.trajectory_count(run.id, each) for each in range(1, run.iterations + 1)
            }
            newest = max((last for _, last in collected.values()), default=0)
            stamp = (newest, store.newest_review_event())
        ends = {
            each.iteration
            for each in stages
            if each.name is StageName.EDIT and each.status is StageStatus.DONE
        }
        begun = {each.iteration for each in stages if each.name is StageName.SAMPLE}
        saved: Values | None = None
        unreadable = ""
        try:
            saved = stage_two_values(load_settings(at.project.settings_path))
        except ConfigError as error:
            unreadable = error.message
        over = run.status is RunStatus.FINISHED
        return Overview(
            name=at.project.name,
            run_id=run.id,
            iterations=run.iterations,
            method=settings.run.method,
            minimum=settings.collect.minimum,
            collected={each: count for each, (count, _) in collected.items()},
            made=frozenset(
                each.iteration
                for each in stages
                if each.name is StageName.POSTPROCESS and each.status is StageStatus.DONE
            ),
            collecting=frozenset(begun - ends),
            saved=saved,
            unreadable=unreadable,
            began_with=values_in(run.config) if run.config else stage_two_values(settings),
            stamp=stamp,
            goes_on=latest is not None and latest.id == run.id and not over,
        )

    def stored(self, iteration: int) -> Balance:
        return balance_of(self._at.store.example_counts(self._at.run.id, iteration))

    def entries(self, iteration: int) -> Sequence[Entry]:
        return self._at.store.example_entries(self._at.run.id, iteration)

    def used(self, iteration: int) -> Values:
        store, run = self._at.store, self._at.run
        stage = store.stage(run.id, iteration, StageName.POSTPROCESS)
        return values_in(run.config) if stage is None else values_used(stage, run)

    def reviews(self, iteration: int) -> ReviewCounts:
        return self._at.store.review_counts(self._at.run.id, iteration)

    def late(self, iteration: int) -> LateReviews:
        return late_reviews(self._at.store, self._at.run.id, iteration, self._whole)

    def questions(self, item_ids: Sequence[int]) -> Mapping[int, str]:
        return self._at.store.item_questions(item_ids)

    def example(self, iteration: int, entry: Entry, values: Values) -> ShownExample:
        store, tokens = self._at.store, self._whole.tokens
        if isinstance(entry, Outline):
            segments = self._whole.draft(store, iteration, entry, values).segments
        else:
            segments = store.example(entry.key).segments
        question = store.item(entry.item_id).question
        return ShownExample(entry, question, *tokens.look(segments))

    def save(self, values: Values) -> None:
        project = self._at.project
        try:
            save_values(project, values)
        except OSError as error:
            raise project_error(project.settings_path, error) from error

    def counter(self) -> CountPort:
        return StoreCounter(self._path, self._run_id, self._timeout_s)


class StoreCounter(CountPort):
    """Counts one iteration at a time; what it has read of it is kept."""

    def __init__(
        self, path: Path, run_id: int | None = None, timeout_s: float = OPEN_TIMEOUT_S
    ) -> None:
        self._path, self._run_id, self._timeout_s = path, run_id, timeout_s
        self._opened: _Opened | None = None
        self._preview: Preview | None = None
        self._pulse: Pulse = lambda done, total: None

    def close(self) -> None:
        if self._preview is not None:
            self._preview.close()
        if self._opened is not None:
            self._opened.store.close()
        self._preview = self._opened = None

    def count(self, iteration: int, values: Values, pulse: Pulse) -> Chosen:
        preview = self.preview(iteration, pulse)
        preview.look()
        return preview.choose(values)

    def preview(self, iteration: int, pulse: Pulse = lambda done, total: None) -> Preview:
        """What is read of an iteration, as it was left."""
        self._pulse = pulse
        if self._opened is not None and not self._opened.is_current:
            self.close()
        if self._opened is None:
            self._opened = _Opened(self._path, self._run_id, self._timeout_s)
        if self._preview is not None and self._preview.iteration != iteration:
            self._preview.close()
            self._preview = None
        if self._preview is None:
            at = self._opened
            self._preview = Preview(
                at.project, at.store, at.run, iteration, lambda d, t: self._pulse(d, t)
            )
        return self._preview


def _identity(project: Project) -> tuple[int, int] | None:
    try:
        found = os.stat(project.db_path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
