"""What a Playground finds before it loads anything: weights, test items, memory, who is at work."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from db.records import CheckpointKind, Run, Split, Subtask
from db.store import Store
from engine.config import check_settings
from engine.errors import ProjectError
from engine.lock import lock_holder
from engine.memory_check import shape_of
from engine.planning.fit import GIB
from engine.planning.machine import Machine, this_cpu, this_machine
from engine.planning.memory import generation_memory
from engine.planning.workload import workload_of
from engine.play.messages import START
from engine.project import Project, known_projects
from engine.settings import Settings
from engine.student_place import Place, find_student
from engine.task_setup import project_task
from engine.tasks.base import mixed_subtasks

_MARGIN = 1.1
"""A plan may be wrong by a tenth: what is missing has to be more than that."""

_MADE_ITEMS = 50
"""Test items that are made where the project has none yet."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that can be asked; ``problem`` says why they cannot."""

    iteration: int
    problem: str = ""

    @property
    def name(self) -> str:
        return weights_name(self.iteration)


@dataclass(frozen=True, slots=True)
class TestItem:
    """A question with its reference answer; ``id`` None for one that is not stored."""

    id: int | None
    question: str
    answer: str
    subtask: Subtask


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there is to ask. ``at_work`` names the projects whose engines are at work now.

    ``memory`` says what loading needs and what is free, empty where neither is known; ``fits`` is
    False where it says that it is too little. ``max_updates`` is the evaluation's.
    """

    name: str
    task: str
    student: str
    weights: tuple[Weights, ...]
    items: tuple[TestItem, ...]
    max_updates: int
    on_cpu: bool
    at_work: tuple[str, ...] = ()
    memory: str = ""
    fits: bool = True

    @property
    def latest(self) -> int:
        """The last iteration whose weights are there; 0 where there are none."""
        return max((w.iteration for w in self.weights if not w.problem), default=START)


def weights_name(iteration: int) -> str:
    """``start``, ``iteration 2``."""
    return f"iteration {iteration}" if iteration else "start"


def as_of_run(project: Project, store: Store, run_id: int | None) -> tuple[Project, Run | None]:
    """Return a run, the latest if None, and the project with the settings that it began with.

    Raises:
        StoreError, ConfigError: there is no such run, or its settings cannot be read.
    """
    run = store.run(run_id) if run_id is not None else store.latest_run()
    if run is None:
        return project, None
    return replace(project, settings=check_settings(run.config, f"run {run.id}")), run


def look(path: Path, run_id: int | None = None, machine: Machine | None = None) -> Outlook:
    """Tell what there is to ask of a run's student, the latest one's if None.

    Raises:
        ProjectError, ConfigError, StoreError: the project or its task cannot be read.
        StudentError: the student is not there.
    """
    project = Project.open(path)
    with Store.read(project.db_path) as store:
        project, run = as_of_run(project, store, run_id)
        with closing(project_task(project, run_scripts=False)) as task:
            title = task.title
            rows = store.items(task.name, Split.TEST)
            if not rows:
                wanted = project.settings.task
                count = min(_MADE_ITEMS, wanted.test_items)
                subtasks = mixed_subtasks(count, wanted.unseen_share)
                rows = task.generate(Split.TEST, subtasks, count, wanted.seed) if count else []
        weights = _weights(project, store, run)
    place = find_student(project.settings.student, project.settings.task.name)
    machine = machine or _machine_of(project.settings)
    memory, fits = _memory(project.settings, place, machine)
    return Outlook(
        name=project.name,
        task=title,
        student=place.name or place.model,
        weights=weights,
        items=tuple(TestItem(i.id or None, i.question, i.answer, i.subtask) for i in rows),
        max_updates=project.settings.evaluate.max_updates,
        on_cpu=machine.on_cpu,
        at_work=at_work(project),
        memory=memory,
        fits=fits,
    )


def check_there(outlook: Outlook, iteration: int) -> None:
    """Raises ProjectError where the weights of an iteration cannot be asked."""
    found = {weights.iteration: weights for weights in outlook.weights}
    if iteration not in found:
        there = ", ".join(w.name for w in outlook.weights)
        raise ProjectError(
            f"{outlook.name}: there are no weights of iteration {iteration}. There are: {there}.",
            "Nothing was trained",
        )
    if problem := found[iteration].problem:
        raise ProjectError(f"{outlook.name}: {problem}", "The weights are gone")


def _weights(project: Project, store: Store, run: Run | None) -> tuple[Weights, ...]:
    found = [Weights(START)]
    for checkpoint in store.checkpoints(run.id) if run is not None else []:
        if checkpoint.kind is not CheckpointKind.ITERATION:
            continue
        folder = project.path / checkpoint.path
        problem = "" if folder.is_dir() else f"their folder is gone: {folder}"
        if problem and project.is_recording:
            problem = "a recording comes without what was trained"
        found.append(Weights(checkpoint.iteration, problem))
    return tuple(found)


def _machine_of(settings: Settings) -> Machine:
    return this_cpu() if settings.student.device == "cpu" else this_machine()


def _memory(settings: Settings, place: Place, machine: Machine) -> tuple[str, bool]:
    shape = shape_of(place)
    if shape is None or machine.free_bytes is None:
        return "", True
    work = replace(
        workload_of(settings, machine),
        batch_size=1,
        max_attempt_tokens=settings.evaluate.max_attempt_tokens,
    )
    needed = generation_memory(shape, work, 1, on_cpu=machine.on_cpu).needed
    text = (
        f"It needs about {needed / GIB:.1f} GiB of {machine.memory_name}; "
        f"{machine.free_bytes / GIB:.1f} GiB are free."
    )
    return text, needed <= _MARGIN * machine.free_bytes


def at_work(project: Project) -> tuple[str, ...]:
    """The names of the folders where an engine is at work on this machine, this project's first."""
    folders = [project.path]
    folders += [known.path for known in known_projects() if known.path != project.path]
    found = []
    for folder in folders:
        holder = lock_holder(replace(project, path=folder))
        if holder is not None and holder.alive:
            found.append(folder.name)
    return tuple(found)
