"""A run's project, with what another run has done already taken over into it.

The test of the start and the first iteration's samples and edits depend on less than a run does.
They are copied row by row, after a look at whether both have the same questions; an event says
where they come from. What is copied took no working time here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path

from db.records import DropStage, Evaluation, Item, Run, Split, StageName, StageStatus
from db.store import Store
from engine.beginning import make_items, new_run
from engine.errors import project_error
from engine.project import Project
from engine.settings import Settings
from engine.task_setup import project_task

COPIED = "study.copied"
"""Kind of the event that tells what a run did not do itself, and where it was done."""


@dataclass(frozen=True, slots=True)
class Donor:
    """A run that has done something already, and what is to be taken over from it."""

    folder: Path
    start: bool = False
    collection: bool = False


def make_project(folder: Path, settings: Settings, donors: Sequence[Donor] = ()) -> Project:
    """Make the project of a run in ``folder``, whole or not at all.

    Raises ProjectError, ConfigError, StoreError.
    """
    partial = folder.with_name(f".{folder.name}.making")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if partial.exists():
            # Whoever made it was killed over it: one study is at work in a folder at a time.
            shutil.rmtree(partial)
        project = Project.create(partial, settings)
        if donors:
            _take_over(Project(folder, settings), project.db_path, donors)
        os.rename(partial, folder)
    except OSError as error:
        raise project_error(folder, error) from error
    return Project.open(folder)


def _take_over(project: Project, database: Path, donors: Sequence[Donor]) -> None:
    with closing(project_task(project, run_scripts=False)) as task, Store.open(database) as store:
        run = new_run(project.settings, store)
        make_items(project.settings, store, run, task)
        for donor in donors:
            opened = Project.open(donor.folder)
            with Store.read(opened.db_path) as source:
                given = source.latest_run()
                if given is None:
                    continue
                copying = _Copying(source, given, store, run, task.name)
                with store.transaction():
                    if donor.start and copying.same_items((Split.TEST,)):
                        copying.start()
                    if donor.collection and copying.same_items(tuple(Split)):
                        copying.collection()


@dataclass(frozen=True, slots=True)
class _Copying:
    source: Store
    given: Run
    store: Store
    run: Run
    task: str

    def same_items(self, splits: Sequence[Split]) -> bool:
        """Tell whether questions, answers and ids are the same."""
        return all(
            self._items(self.source, split) == self._items(self.store, split) for split in splits
        )

    def _items(self, store: Store, split: Split) -> list[Item]:
        return store.items(self.task, split)

    def start(self) -> None:
        """Copy the test of the student as it comes."""
        names = [field.name for field in fields(Evaluation)]
        rows = [
            replace(
                Evaluation(**{name: getattr(one, name) for name in names}), run_id=self.run.id, id=0
            )
            # In the order in which they were made, for the same ids.
            for one in sorted(self.source.evaluations(self.given.id, 0), key=lambda one: one.id)
        ]
        self.store.add_evaluations(rows)
        self._stage(0, StageName.EVALUATE)
        self._tell(0, (StageName.EVALUATE,), f"the test of the start, {len(rows)} items")

    def collection(self) -> None:
        """Copy what the first iteration sampled and how it was edited."""
        attempts = self.source.attempts(self.given.id, 1)
        new_ids = self.store.add_attempts(
            [replace(one, run_id=self.run.id, id=0) for one in attempts]
        )
        ids = dict(zip([one.id for one in attempts], new_ids, strict=True))
        trajectories = [
            replace(
                one,
                run_id=self.run.id,
                attempt_id=ids[one.attempt_id],
                turns=tuple(replace(turn, id=0) for turn in one.turns),
                id=0,
            )
            for one in self.source.trajectories(self.given.id, 1)
        ]
        drops = [
            replace(
                one,
                run_id=self.run.id,
                attempt_id=None if one.attempt_id is None else ids[one.attempt_id],
                id=0,
            )
            for one in self.source.drops(self.given.id, 1)
            if one.stage is DropStage.EDIT
        ]
        self.store.add_edits(trajectories, drops)
        stages = (StageName.SAMPLE, StageName.EDIT)
        for name in stages:
            self._stage(1, name)
        what = (
            f"what iteration 1 collected, {len(trajectories)} trajectories of {len(ids)} attempts"
        )
        self._tell(1, stages, what)

    def _stage(self, iteration: int, name: StageName) -> None:
        done = self.source.stage(self.given.id, iteration, name)
        assert done is not None and done.status is StageStatus.DONE
        stage = self.store.start_stage(self.run.id, iteration, name, done.total)
        self.store.advance_stage(stage.id, done.done, 0.0)
        self.store.finish_stage(stage.id, done.detail)

    def _tell(self, iteration: int, stages: Sequence[StageName], what: str) -> None:
        folder = self.source.path.parent
        self.store.add_event(
            self.run.id,
            COPIED,
            f"{what}: copied from run {self.given.id} of {folder.name}, which did the same",
            data={
                "iteration": iteration,
                "stages": [str(name) for name in stages],
                "project": folder.name,
                "run": self.given.id,
                "config_hash": self.given.config_hash,
                "versions": dict(self.given.versions),
            },
        )
