"""Which questions of a test a model was trained on, as far as can be told.

Known are the training questions of the projects that a model comes from: that of the run itself,
and those that its student was exported or taken from, however far back. Two questions are the same
where they differ in blanks, capitals and punctuation alone, or ask the same by the task's account.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from db.errors import StoreError
from db.evals import EvalQuestion
from db.records import Split
from db.store import Store
from engine.config import check_settings
from engine.errors import ConfigError, TripostError
from engine.evals.models import Model, ModelKind
from engine.evals.question_sets import TestSet, open_task
from engine.export.provenance import read_provenance
from engine.project import SETTINGS_FILE, Project, known_projects
from engine.student_place import EMBEDDED
from engine.tasks import TASKS
from engine.tasks.base import BuiltInTask, Task, split_of
from engine.tasks.own import OwnTask

_MOST_STEPS_BACK = 20
_SHOWN = 3


class TrainedOn(ConfigError):
    """A model is to be tested on questions that it was trained on."""

    title = "The model was trained on these questions"


@dataclass(frozen=True, slots=True)
class Overlap:
    """Positions of questions that were trained on; ``notes`` say what else is to be known."""

    positions: tuple[int, ...]
    notes: tuple[str, ...]


def normalised(question: str) -> str:
    """Return a question as it is compared: its words, numbers and signs, in small letters."""
    # Signs count in arithmetic, punctuation in prose does not.
    return " ".join(re.findall(r"[^\W_]+|[-+*/<>=]", question.casefold()))


def overlap_of(model: Model, test: TestSet) -> Overlap:
    """Tell which questions of a test a model was trained on.

    Raises:
        ConfigError: the task cannot be read.
    """
    if model.kind is ModelKind.EXPERT:
        return Overlap((), ("what this model was trained on is not known",))
    if model.kind is ModelKind.SAMPLES:
        return Overlap((), ("what wrote these samples, and from what it learned, is not known",))
    notes: list[str] = []
    sources, beginning = _sources(model, notes)
    with closing(open_task(test.task, test.seen, test.unseen, run_scripts=False)) as task:
        asked = {question.position: _keys(task, question.question) for question in test.questions}
        wanted = set().union(*asked.values()) if asked else set()
        seen: set[str] = set()
        for source in sources:
            seen |= _trained_keys(source, task, wanted, notes)
        positions = tuple(place for place, keys in asked.items() if keys & seen)
        if beginning == EMBEDDED and not isinstance(task, OwnTask):
            notes += _schooling(cast("BuiltInTask", task), test.questions)
        elif beginning and beginning != EMBEDDED:
            notes.append(f"what {beginning} was trained on before is not known")
    return Overlap(positions, tuple(dict.fromkeys(notes)))


def refuse(overlap: Overlap, model: Model, test: TestSet) -> None:
    """Raise TrainedOn where a model was trained on any question."""
    if not overlap.positions:
        return
    shown = [test.questions[at].question for at in overlap.positions[:_SHOWN]]
    first = "; ".join(" ".join(question.split())[:100] for question in shown)
    more = "; …" if len(overlap.positions) > _SHOWN else ""
    raise TrainedOn(
        f"{model.name}: it was trained on {len(overlap.positions):,} of these "
        f"{len(test.questions):,} questions ({first}{more}). How often "
        "it is right there says nothing of new questions. Leave them out, or have "
        "them counted and marked: --trained-on ok."
    )


def _keys(task: Task, question: str) -> set[str]:
    found = {normalised(question)}
    # A task of one's own may be called as a built-in one is.
    if task.name in TASKS and not isinstance(task, OwnTask):
        content = cast("BuiltInTask", task).content(question)
        found |= {f"content {content}"} if content else set()
    return found


def _schooling(task: BuiltInTask, questions: Sequence[EvalQuestion]) -> Iterator[str]:
    """Tell of questions that are not kept from the schooling of embedded students."""
    contents = [task.content(question.question) for question in questions]
    may_be = sum(split_of(content) is Split.TRAIN for content in contents if content)
    if may_be:
        yield (
            f"{may_be:,} of the {len(questions):,} questions are of the part that embedded "
            "students are schooled on, where those are: it may have seen some"
        )


def _sources(model: Model, notes: list[str]) -> tuple[list[Project], str]:
    """Return the projects that a model was trained in, and what it was before: a hub id, a folder,
    or ``embedded``; empty where that is not known."""
    found: list[Project] = []
    if model.kind is ModelKind.RUN and model.iteration and model.project is not None:
        found.append(Project.open(model.project))
    path = model.settings.student.path
    for _ in range(_MOST_STEPS_BACK):
        if path == EMBEDDED:
            return found, EMBEDDED
        origin = _project_of(Path(path).expanduser(), notes)
        if origin is None:
            return found, path
        if any(known.path == origin.path for known in found):
            return found, ""
        found.append(origin)
        path = _student_of(origin)
    return found, ""


def _project_of(folder: Path, notes: list[str]) -> Project | None:
    """Return the project that a folder with weights comes from."""
    if not folder.is_dir():
        return None
    folder = folder.absolute()
    for parent in folder.parents:
        if (parent / SETTINGS_FILE).is_file():
            with suppress(TripostError):
                return Project.open(parent)
    provenance = read_provenance(folder)
    if provenance is None:
        return None
    for known in known_projects():
        with suppress(TripostError, StoreError):
            project = Project.open(known.path)
            if project.name == provenance.project:
                with Store.read(project.db_path) as store:
                    store.run(provenance.run)
                return project
    notes.append(
        f"{folder.name} was exported from the project {provenance.project}, which is not known on "
        "this machine: what it was trained on cannot be looked up"
    )
    return None


def _student_of(project: Project) -> str:
    with suppress(TripostError, StoreError), Store.read(project.db_path) as store:
        run = store.latest_run()
        if run is not None:
            return check_settings(run.config, f"run {run.id}").student.path
    return project.settings.student.path


def _trained_keys(
    project: Project, task: Task, wanted: Collection[str], notes: list[str]
) -> set[str]:
    """Return which of the wanted keys a project trains on."""
    try:
        with Store.read(project.db_path) as store:
            items = store.items(task.name, Split.TRAIN)
            other = store.items(project.settings.task.name, Split.TRAIN) if not items else []
    except StoreError as error:
        notes.append(f"{project.name}: its training questions cannot be read ({error.message})")
        return set()
    if other:
        # Another task's questions may be the same as text.
        return {normalised(item.question) for item in other} & set(wanted)
    found: set[str] = set()
    for item in items:
        found |= _keys(task, item.question)
    return found & set(wanted)
