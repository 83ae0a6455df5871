"""Models to compare: a student at the start of a run, or after one of its iterations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from db.errors import StoreError
from db.evaluation import TestItem
from db.store import Store
from engine.comparing import same_test
from engine.errors import TripostError
from engine.project import Project, known_projects
from tripost_tui.state.open_projects import OPEN_TIMEOUT_S
from tripost_tui.text import one_line

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Model:
    """The student of a run after an iteration, 0 for the start; ``project`` is a name."""

    path: Path
    project: str
    run_id: int
    iteration: int

    @property
    def short(self) -> str:
        """``start``, ``iteration 2``."""
        return "start" if self.iteration == 0 else f"iteration {self.iteration}"

    def name(self, path: Path, run_id: int) -> str:
        """What tells it from others, seen from a run: its run and project only where they are
        others."""
        if self.path != path:
            project = one_line(self.project, LONGEST_NAME)
            if self.path.name != self.project:
                project += f" ({one_line(self.path.name, LONGEST_NAME)})"
            return f"{project}, run {self.run_id}, {self.short}"
        return self.short if self.run_id == run_id else f"run {self.run_id}, {self.short}"


def names_of(first: Model, second: Model) -> tuple[str, str]:
    """The two models' names as seen from each other; with their folders where they are alike."""
    names = first.name(second.path, second.run_id), second.name(first.path, first.run_id)
    if names[0] == names[1] and first.path != second.path:
        one, other = (one_line(str(model.path)) for model in (first, second))
        return f"{names[0]} ({one})", f"{names[1]} ({other})"
    return names


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that has been evaluated on ``n`` items, ``right`` of which end right.

    ``why_not`` says what keeps it from being compared; empty where nothing does.
    """

    model: Model
    n: int
    right: int
    why_not: str = ""

    @property
    def about(self) -> str:
        if self.why_not:
            return self.why_not
        return f"{100 * self.right / self.n:.1f}% right of {self.n:,} items"


def model_choices(path: Path, run_id: int | None) -> list[ModelChoice]:
    """All evaluated models within reach: this run's first, then the project's others, then those
    of other known projects.

    Another project that cannot be read is left out. Raises TripostError and StoreError for this
    one.
    """
    project = Project.open(path)
    with Store.read(project.db_path, timeout_s=OPEN_TIMEOUT_S) as store:
        latest = store.latest_run()
        here = run_id if run_id is not None else latest.id if latest else 0
        found = _of_project(project, store)
        found.sort(key=lambda choice: choice.model.run_id != here)
        task, tests = None, list[TestItem]()
        for choice in found:
            task = store.evaluated_task(choice.model.run_id, choice.model.iteration)
            if task is not None:
                tests = store.test_items(task)
                break
    for known in known_projects():
        if known.path == project.path or not known.exists:
            continue
        try:
            other = Project.open(known.path)
            with Store.read(other.db_path, timeout_s=OPEN_TIMEOUT_S) as store:
                found += _of_project(other, store, task, tests)
        except (StoreError, TripostError):
            continue
    return found


def _of_project(
    project: Project, store: Store, task: str | None = None, tests: Sequence[TestItem] = ()
) -> list[ModelChoice]:
    """A project's models, the newest run first. Those on another test than ``tests`` say so."""
    found: list[ModelChoice] = []
    reasons: dict[str, str] = {}
    for run in store.runs()[::-1]:
        for iteration, n, right in store.evaluated_counts(run.id):
            why_not = ""
            if task is not None:
                name = store.evaluated_task(run.id, iteration) or ""
                if name not in reasons:
                    reasons[name] = _why_not(store, name, task, tests)
                why_not = reasons[name]
            model = Model(project.path, project.name, run.id, iteration)
            found.append(ModelChoice(model, n, right, why_not))
    return found


def _why_not(store: Store, name: str, task: str, tests: Sequence[TestItem]) -> str:
    if name != task:
        return f"another task: {name}"
    others = store.test_items(name)
    if same_test(tests, others):
        return ""
    return f"another test: {len(others):,} items that are not the {len(tests):,} of this one"
