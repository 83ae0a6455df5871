"""The queue of a study: which run comes next, until there is none left or a person ends it.

What has been done is read from the projects, so that a queue that was killed goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from db.errors import StoreError
from engine.errors import TripostError
from engine.project import Project
from engine.settings import Settings
from engine.study.plan import PlannedRun
from engine.study.room import bytes_of_run, check_room
from engine.study.sharing import Donor, make_project
from engine.study.standing import Stand, Standing, folder_of, standing

POLL_S = 0.5


class Runner(Protocol):
    """Has engines work on projects."""

    def start(self, project: Project) -> None:
        """Start or take up its run. Raises TripostError, StoreError."""

    def is_at_work(self, project: Project) -> bool: ...

    def ask_to_stop(self, project: Project) -> None:
        """Asked again and again until it has stopped."""


class What(StrEnum):
    """What happens to a run of a queue."""

    STARTED = "started"
    RESUMED = "goes on"
    FOLLOWED = "at work already"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a run. ``seconds`` is its working time so far."""

    what: What
    run: PlannedRun
    why: str = ""
    seconds: float = 0.0


class Queue:
    """Works off the runs of a study in its folder, ``jobs`` of them at the same time.

    ``runs`` are in the order of `plan.planned_runs`; ``tell`` hears what happens.
    """

    def __init__(
        self,
        folder: Path,
        runs: Sequence[PlannedRun],
        runner: Runner,
        tell: Callable[[News], None],
        jobs: int = 1,
    ) -> None:
        self._folder = folder
        self._runs = {run.name: run for run in runs}
        self._runner = runner
        self._tell = tell
        self._jobs = jobs
        self._working: dict[str, Project] = {}
        self._over: set[str] = set()
        self._seen: dict[str, Standing] = {}
        self._stopping = False

    def work(
        self,
        pause: Callable[[float], None] = time.sleep,
        show: Callable[[Mapping[str, Project], int], None] = lambda working, left: None,
    ) -> None:
        """Work until no run is left that can be done, or it was stopped.

        ``show`` is called with the runs at work and how many are left, at every look.

        Raises:
            ProjectError: the disk has too little room; runs at work are left to go on.
        """
        self._look_around()
        check_room(self._folder, sum(map(bytes_of_run, self._left())))
        while True:
            # What is over does not change; the rest is read once in each look, if at all.
            self._seen = {name: self._seen[name] for name in self._over & self._seen.keys()}
            self._look_at_working()
            if not self._stopping:
                self._start_ready()
            show(dict(self._working), len(self._left()))
            if not self._working and (self._stopping or not self._ready()):
                break
            if self._stopping:
                for project in self._working.values():
                    self._runner.ask_to_stop(project)
            pause(POLL_S)
        for run in [] if self._stopping else self._left():
            self._finish(run, What.LEFT_OUT, f"{run.budget_of} has not finished")

    def stop(self) -> None:
        """Start nothing any more, and have the engines at work end; safe in a signal handler."""
        self._stopping = True

    def _look_around(self) -> None:
        """Find what is done, and what engines are at work on, left by a queue that was killed."""
        for run in self._runs.values():
            there = self._standing(run)
            if there.stand is Stand.FINISHED:
                self._over.add(run.name)
            elif there.stand is Stand.CHANGED:
                self._finish(run, What.LEFT_OUT, there.why)
            elif there.stand is not Stand.NOT_STARTED or folder_of(self._folder, run).exists():
                self._attach(run)

    def _attach(self, run: PlannedRun) -> None:
        try:
            project = Project.open(folder_of(self._folder, run))
        except TripostError:
            return  # told when it is started
        if self._runner.is_at_work(project):
            self._working[run.name] = project
            self._tell(News(What.FOLLOWED, run))

    def _look_at_working(self) -> None:
        for name, project in list(self._working.items()):
            # In this order: what it stored before it ended is there when it is not at work.
            if self._runner.is_at_work(project):
                continue
            run = self._runs[name]
            there = self._standing(run)
            del self._working[name]
            if there.stand is Stand.FINISHED:
                self._finish(run, What.FINISHED, seconds=there.seconds)
            elif there.stand is Stand.FAILED:
                self._finish(run, What.FAILED, there.why, there.seconds)
            elif there.stand is Stand.STOPPED:
                self._finish(run, What.STOPPED, there.why, there.seconds)
            else:
                why = there.why or f"its engine ended without a word; see {project.logs}"
                self._finish(run, What.FAILED, why, there.seconds)

    def _start_ready(self) -> None:
        for run in self._left():
            if len(self._working) >= self._jobs:
                return
            if run.name not in self._working and self._can(run):
                self._start(run)

    def _start(self, run: PlannedRun) -> None:
        try:
            check_room(self._folder, bytes_of_run(run))
            folder = folder_of(self._folder, run)
            fresh = not folder.exists()
            if fresh:
                settings = self.settings_of(run)
                assert settings is not None
                project = make_project(folder, settings, self._donors(run))
            else:
                project = Project.open(folder)
            self._runner.start(project)
        except (TripostError, StoreError) as error:
            self._finish(run, What.FAILED, f"{error.title}: {error.message}")
        else:
            self._working[run.name] = project
            self._tell(News(What.STARTED if fresh else What.RESUMED, run))

    def _ready(self) -> list[PlannedRun]:
        return [run for run in self._left() if run.name not in self._working and self._can(run)]

    def _left(self) -> list[PlannedRun]:
        return [run for name, run in self._runs.items() if name not in self._over]

    def _can(self, run: PlannedRun) -> bool:
        if self.settings_of(run) is None:
            return False
        # Whoever does not get what it waited for does it itself.
        return self._given(run.start_of, "tested") and self._given(run.collect_of, "collected")

    def _given(self, donor: str | None, what: str) -> bool:
        if donor is None or donor in self._over or donor not in self._runs:
            return True
        return bool(getattr(self._standing(self._runs[donor]), what))

    def settings_of(self, run: PlannedRun) -> Settings | None:
        """Return a run's settings with its budget; None while that is not known."""
        return settings_of(self._folder, self._runs, run, self._standing)

    def _standing(self, run: PlannedRun) -> Standing:
        if run.name not in self._seen:
            self._seen[run.name] = standing(self._folder, run, self.settings_of(run))
        return self._seen[run.name]

    def _donors(self, run: PlannedRun) -> list[Donor]:
        wanted = {"tested": run.start_of, "collected": run.collect_of}
        found: dict[str, set[str]] = {}
        for what, name in wanted.items():
            if name is None or name not in self._runs:
                continue
            there = self._standing(self._runs[name])
            if getattr(there, what) and there.stand is not Stand.CHANGED:
                found.setdefault(name, set()).add(what)
        return [
            Donor(
                folder_of(self._folder, self._runs[name]), "tested" in gives, "collected" in gives
            )
            for name, gives in found.items()
        ]

    def _finish(self, run: PlannedRun, what: What, why: str = "", seconds: float = 0.0) -> None:
        self._over.add(run.name)
        self._tell(News(what, run, why, seconds))


def settings_of(
    folder: Path,
    runs: Mapping[str, PlannedRun],
    run: PlannedRun,
    look: Callable[[PlannedRun], Standing] | None = None,
) -> Settings | None:
    """Return a run's settings with its budget of tokens; None while that is not known.

    The budget is what the reference trained on in all, in equal parts for each iteration. ``look``
    tells how the reference stands, where that is known.
    """
    if run.budget_of is None:
        return run.settings
    reference = runs[run.budget_of]
    there = look(reference) if look else standing(folder, reference, reference.settings)
    if there.stand is not Stand.FINISHED or not there.tokens:
        return None
    return run.with_budget(there.tokens)
