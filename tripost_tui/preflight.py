"""What would keep a new project from running, found out while it is being filled in.

Nothing is made, generated or loaded. What was found is kept for as long as what it depends on
stays the same: while a person types a folder's name, no server is asked again and again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from engine.errors import ConfigError, StudentError, TripostError
from tripost_tui.actions.keymap import key_of
from tripost_tui.wish import Wish, settings_of

if TYPE_CHECKING:
    from engine.config import Settings
    from engine.doctor import Check
    from engine.student_place import Place


T = TypeVar("T")


class Subject(StrEnum):
    """What is looked at, in this order."""

    FOLDER = "folder"
    TASK = "task"
    STUDENT = "student"
    MEMORY = "gpu"
    FEEDBACK = "feedback"
    IMPROVE = "improve"
    DISK = "disk"
    RAM = "memory"


class Grade(StrEnum):
    """How it was found; each word is shown beside its sign."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``fix`` says what to do about it; ``sample`` is a question as it is asked.

    Texts may be of others: clean them before showing them.
    """

    subject: Subject
    grade: Grade
    detail: str
    fix: str = ""
    sample: str = ""


SMALLEST_DISK_BYTES = 100_000_000
"""With less free space a project is not worth beginning."""

_GIB = 2**30


class Preflight:
    """Looks at wishes one after the other, from any thread. Relative paths are below ``cwd``."""

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._known: dict[Hashable, object] = {}

    def forget(self) -> None:
        """Look at everything anew the next time."""
        self._known = {}

    def look(self, wish: Wish) -> Iterator[Finding]:
        """Yield a finding on each subject as it is made. Never raises for the wish's sake."""
        folder = folder_of(wish.folder, self._cwd)
        # Always looked at: it is cheap, and what one makes elsewhere must not be missed.
        yield _folder_finding(folder)
        try:
            settings = settings_of(wish, self._cwd)
        except ConfigError as error:
            yield from self._without_settings(error)
        else:
            yield from self._with_settings(folder, settings)
        yield disk_finding(folder)
        yield _ram_finding()

    def _without_settings(self, error: ConfigError) -> Iterator[Finding]:
        if error.problems:
            known = "the settings are wrong: see the form"
            yield Finding(Subject.TASK, Grade.UNKNOWN, known)
        else:
            known = "the task comes first"
            fix = error.message
            if "tripost task" not in fix:
                fix += " Name another folder, or make one: tripost task new DIR"
            yield Finding(Subject.TASK, Grade.FAILED, error.title, fix)
        for subject in (Subject.STUDENT, Subject.MEMORY, Subject.FEEDBACK, Subject.IMPROVE):
            yield Finding(subject, Grade.UNKNOWN, known)

    def _with_settings(self, folder: Path, settings: Settings) -> Iterator[Finding]:
        experts, task = settings.experts, settings.task
        yield self._once(
            (Subject.TASK, task, experts.feedback, experts.improve),
            lambda: task_finding(folder, settings),
        )
        from engine.student_place import EMBEDDED

        place = self._place(settings)
        yield student_finding(place, embedded=settings.student.path == EMBEDDED)
        yield memory_finding(place, settings)
        for subject, chain in (
            (Subject.FEEDBACK, experts.feedback),
            (Subject.IMPROVE, experts.improve),
        ):
            yield self._chain_finding(subject, chain, settings)

    def _place(self, settings: Settings) -> Place | StudentError:
        """Where the student is, or why it cannot be used; the hub may have been asked."""
        from engine.student_place import find_student

        def look() -> Place | StudentError:
            try:
                return find_student(settings.student, settings.task.name)
            except StudentError as error:
                return error

        return self._once((settings.student, settings.task.name), look)

    def _once(self, key: Hashable, look: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = look()
        return cast("T", self._known[key])

    def _chain_finding(
        self, subject: Subject, chain: tuple[str, ...], settings: Settings
    ) -> Finding:
        """On all experts of a chain: the gravest, or what all of them say."""
        from engine.doctor import Status
        from tripost_tui.expert_checks import expert_check

        found = [
            self._once((name, settings.experts), partial(expert_check, name, settings.experts))
            for name in chain
        ]
        wrong = next((check for check in found if check.status is not Status.OK), None)
        if wrong is not None:
            return _of_check(subject, wrong)
        return Finding(subject, Grade.OK, "; ".join(check.detail for check in found))


def folder_of(text: str, cwd: Path) -> Path:
    """The folder that a person names. One that no folder can have stays as it is."""
    if "\0" in text:
        return cwd / text.replace("\0", "")
    try:
        return (cwd / Path(text.strip()).expanduser()).absolute()
    except RuntimeError:  # no such user: ~nobody
        return (cwd / text.strip()).absolute()


def free_folder(first: str, cwd: Path) -> str:
    """``first``, or with the number with which there is no such folder yet."""
    name, number = first, 1
    while os.path.lexists(cwd / name):
        number += 1
        name = f"{first}-{number}"
    return name


def _folder_finding(folder: Path) -> Finding:
    """What `Project.create` would say, without making anything."""
    other = "Choose another folder."
    try:
        there = _nearest(folder)
        if not there.is_dir():
            return Finding(Subject.FOLDER, Grade.FAILED, f"{there} is no folder", other)
        if not os.access(there, os.W_OK | os.X_OK):
            fix = f"Change its permissions, or choose another: {there}"
            return Finding(Subject.FOLDER, Grade.FAILED, f"{there} cannot be written", fix)
        if there == folder:
            return _taken(folder)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        return Finding(Subject.FOLDER, Grade.FAILED, f"{folder}: {what}", other)
    return Finding(Subject.FOLDER, Grade.OK, f"{folder}, new")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there. Raises OSError."""
    for part in (folder, *folder.parents):
        try:
            os.lstat(part)
        except (FileNotFoundError, NotADirectoryError):
            continue
        return part
    return folder


def _taken(folder: Path) -> Finding:
    from engine.project import SETTINGS_FILE

    if (folder / SETTINGS_FILE).exists():
        opens = key_of("home.open")
        fix = f"Choose another, or open it: esc, then {opens} on it in the list."
        return Finding(Subject.FOLDER, Grade.FAILED, f"{folder} is a project already", fix)
    first = min((entry.name for entry in folder.iterdir()), default=None)
    if first is not None:
        detail = f"{folder} is not empty: it has {first!r}"
        return Finding(Subject.FOLDER, Grade.FAILED, detail, "Choose another folder.")
    return Finding(Subject.FOLDER, Grade.OK, f"{folder}, empty")


def task_finding(folder: Path, settings: Settings) -> Finding:
    """Whether the task is one, with a question as the student is asked it; no script is run."""
    from db.records import Split, Subtask
    from engine.experts.prompts import load_prompts
    from engine.project import Project
    from engine.task_setup import left_out, project_task, prompt_folders
    from engine.tasks import label
    from engine.trajectory import prompt

    project = Project(folder, settings)
    try:
        with closing(project_task(project, run_scripts=False)) as task:
            if settings.experts.models:
                load_prompts(task.name, prompt_folders(project, task))
            items = task.generate(Split.TRAIN, [Subtask.SEEN], 1, settings.task.seed)
            said = f"{label(settings.task.name)}, {settings.task.train_items:,} training questions"
            sample = prompt(items[0].question, task.hint) if items else ""
            incomplete = left_out(task)
    except TripostError as error:
        return _of_error(Subject.TASK, error)
    except ValueError as error:
        return Finding(Subject.TASK, Grade.FAILED, str(error), "Choose another task.")
    grade = Grade.WARNING if incomplete else Grade.OK
    return Finding(Subject.TASK, grade, said, incomplete[:1].upper() + incomplete[1:], sample)


def student_finding(place: Place | StudentError, *, embedded: bool = False) -> Finding:
    """Whether the student's files are there and of use, or can be fetched."""
    if isinstance(place, StudentError):
        fix = place.message
        if fix.endswith("hub."):
            fix += ' Name the folder of a model, a hub id (owner/name), or "embedded".'
        return Finding(Subject.STUDENT, Grade.FAILED, place.title, fix)
    if embedded:
        return Finding(Subject.STUDENT, Grade.OK, "the package's own for the task, files are here")
    if place.is_here:
        adapter = f", with the adapter {place.adapter}" if place.adapter else ""
        detail = f"its files are here: {place.name or place.model}{adapter}"
        return Finding(Subject.STUDENT, Grade.OK, detail)
    fix = f"The run fetches it when it starts. Before that: hf download {place.model}"
    detail = f"{place.model} is on the hub, not here"
    return Finding(Subject.STUDENT, Grade.WARNING, detail, fix)


def memory_finding(place: Place | StudentError, settings: Settings) -> Finding:
    """The machine's memory against what the run is planned to take."""
    from engine.doctor import Status, check_gpu
    from engine.memory_check import check_memory, shape_of
    from engine.planning.fit import fits_machine
    from engine.planning.machine import this_cpu, this_machine
    from engine.planning.workload import workload_of

    on_cpu = settings.student.device == "cpu"
    gpu = check_gpu()
    if gpu.status is not Status.OK and not on_cpu:
        return _of_check(Subject.MEMORY, gpu)
    machine = this_cpu() if on_cpu else this_machine()
    where = "no NVIDIA GPU, the CPU" if machine.on_cpu and not on_cpu else machine.card.name
    if isinstance(place, StudentError):
        return Finding(Subject.MEMORY, Grade.UNKNOWN, f"{where}; the student comes first")
    shape = shape_of(place)
    if shape is None or machine.free_bytes is None:
        fix = "It is planned when its config.json is here."
        return Finding(Subject.MEMORY, Grade.UNKNOWN, f"{where}; a student of unknown size", fix)
    try:
        check_memory(settings, place, machine)
    except StudentError as error:
        return Finding(Subject.MEMORY, Grade.FAILED, f"{where}: {error.title}", error.message)
    work = workload_of(settings, machine)
    fit = fits_machine(shape, work, machine.free_bytes, on_cpu=machine.on_cpu)
    detail = f"{where}. {fit.text.rstrip('.')}"
    if fit.fits:
        return Finding(Subject.MEMORY, Grade.OK, detail)
    fix = "The run takes smaller batches by itself, which are slower. What would help: tripost plan"
    return Finding(Subject.MEMORY, Grade.WARNING, detail, fix)


def disk_finding(folder: Path) -> Finding:
    """Free space where the project would lie."""
    from engine.doctor import check_disk

    there = next((part for part in (folder, *folder.parents) if os.path.isdir(part)), folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        free = None
    if free is not None and free < SMALLEST_DISK_BYTES:
        fix = "Free some space, or choose a folder on another disk."
        detail = f"{free / 1e6:.0f} MB free at {there}"
        return Finding(Subject.DISK, Grade.FAILED, detail, fix)
    return _of_check(Subject.DISK, check_disk(there))


def _ram_finding() -> Finding:
    from engine.doctor import check_memory

    return _of_check(Subject.RAM, check_memory())


def _of_check(subject: Subject, check: Check) -> Finding:
    from engine.doctor import Status

    grades = {Status.OK: Grade.OK, Status.WARNING: Grade.WARNING, Status.ERROR: Grade.FAILED}
    return Finding(subject, grades[check.status], check.detail, check.fix)


def _of_error(subject: Subject, error: TripostError) -> Finding:
    """The title says what is wrong, the message what about it and what to do."""
    return Finding(subject, Grade.FAILED, error.title, error.message)
