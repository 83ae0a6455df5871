"""The questions of an evaluation: of a task, of a project, or in files; with what is odd of them.

The same questions with the same reference answers are the same test, wherever they come from.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from db.evals import EvalQuestion, EvalTest
from db.records import Item, Split, Subtask
from db.store import Store
from engine.errors import ConfigError, ProjectError, TripostError
from engine.evals.item_files import FileItem, bbh_name, read_items, task_of
from engine.evals.subtasks import subtask_of
from engine.project import Project
from engine.settings import Settings
from engine.tasks import TASKS, is_folder, label, make_task
from engine.tasks.base import Task, mixed_subtasks
from engine.tasks.own import OwnTask
from engine.tasks.own.choices import letter_of
from engine.tasks.own.rows import split_options
from engine.tasks.own.settings import ChoiceAnswer
from engine.tasks.word_sorting_rationale import NoQuestion, read_words
from engine.trajectory import FINAL_RESPONSE, Attempt, Step

_TITLE = "The test cannot be used"
_DATA = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".md", ".txt")
_STATED = ("So the answer is {}.", "So the answer is: {}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSet:
    """A test: whose task, which questions. ``said`` is what a model of others wrote, by position.

    ``task`` is a built-in task's name or an absolute folder; ``seen`` and ``unseen`` are its
    difficulties. ``notes`` are for whoever reads the report. ``bbh`` is BIG-Bench-Hard's name.
    """

    name: str
    task: str
    questions: Sequence[EvalQuestion]
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    bbh: str = ""
    said: Mapping[int, str] = field(default_factory=dict)

    # It is no test of pytest's.
    __test__ = False

    @property
    def hash(self) -> str:
        """SHA-256 of the task's name, the questions and the reference answers."""
        asked = [label(self.task), *([q.question, q.answer, q.subtask] for q in self.questions)]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    @property
    def row(self) -> EvalTest:
        """As it is stored."""
        facts = {
            "task": self.task,
            "seen": list(self.seen),
            "unseen": list(self.unseen),
            "notes": list(self.notes),
            "bbh": self.bbh,
        }
        return EvalTest(hash=self.hash, name=self.name, task=label(self.task), facts=facts)


def open_task(
    name: str, seen: Sequence[str] = (), unseen: Sequence[str] = (), *, run_scripts: bool = True
) -> Task:
    """Open a task, to be closed after use. Raises ConfigError."""
    try:
        return make_task(name, seen, unseen, run_scripts=run_scripts)
    except KeyError:
        raise ConfigError(
            f"There is no task {name!r}. Built in are {', '.join(TASKS)}; a folder is written as a "
            f"path: ./{name}.",
            _TITLE,
        ) from None
    except ValueError as error:
        if isinstance(error, TripostError):
            raise
        raise ConfigError(f"{label(name)}: {error}.", _TITLE) from error


def task_version(name: str) -> str:
    """Return what stands for how a task scores: the package's version, or its own files' hash."""
    if not is_folder(name):
        return importlib.metadata.version("tripost-tui")
    digest = hashlib.sha256()
    folder = Path(name).expanduser()
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        hidden = any(part.startswith((".", "__")) for part in inner.parts)
        if path.is_file() and not hidden and path.suffix not in _DATA:
            digest.update(inner.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


# --- of a task, and of a project -----------------------------------------------------------------


def of_task(
    name: str,
    seen: Sequence[str] = (),
    unseen: Sequence[str] = (),
    *,
    count: int = 300,
    unseen_share: float = 0.5,
    seed: int = 1,
) -> TestSet:
    """Make a test as a project with the same settings would. Raises ConfigError."""
    name = str(Path(name).expanduser().absolute()) if is_folder(name) else name
    with closing(open_task(name, seen, unseen, run_scripts=False)) as task:
        subtasks = mixed_subtasks(count, unseen_share)
        try:
            items = task.generate(Split.TEST, subtasks, count, seed)
        except ValueError as error:
            message = error.message if isinstance(error, TripostError) else f"{error}."
            raise ConfigError(message, _TITLE) from error
        title = f"{task.title}, {count} items, seed {seed}"
    return TestSet(
        name=title,
        task=name,
        questions=_of_items(items),
        seen=tuple(seen),
        unseen=tuple(unseen),
    )


def of_project(project: Project, settings: Settings) -> TestSet:
    """Take the test items that a project's runs are evaluated on; ``settings`` are the run's.

    Raises:
        ProjectError, StoreError, ConfigError: there are none, or the task cannot be read.
    """
    wanted = settings.task
    name = wanted.name
    if is_folder(name):
        name = str((project.path / Path(name).expanduser()).absolute())
    with closing(open_task(name, wanted.seen, wanted.unseen, run_scripts=False)) as task:
        with Store.read(project.db_path) as store:
            items = store.items(task.name, Split.TEST)
        if not items:
            raise ProjectError(
                f"{project.path}: it has no test items yet. Run it first, or name a test: --task "
                f"{wanted.name}",
                _TITLE,
            )
        notes = _changes(task, items, settings)
        title = f"{task.title}, {len(items)} test items of {project.name}"
    return TestSet(
        name=title,
        task=name,
        questions=_of_items(items),
        seen=wanted.seen,
        unseen=wanted.unseen,
        notes=notes,
    )


def _of_items(items: Iterable[Item]) -> list[EvalQuestion]:
    return [
        EvalQuestion(
            position=position,
            question=item.question,
            answer=item.answer,
            subtask=item.subtask,
            name=str(item.meta.get("id") or item.id or position),
        )
        for position, item in enumerate(items)
    ]


def _changes(task: Task, items: Sequence[Item], settings: Settings) -> tuple[str, ...]:
    """Say where the task of today differs from the one that made a project's items."""
    if isinstance(task, OwnTask):
        golds = [task.gold(item.question) for item in items]
        other = sum(gold != item.answer for gold, item in zip(golds, items, strict=True))
        if not other:
            return ()
        return (
            f"the task has changed since the project was made: {other} of its {len(items)} test "
            "items are not, or not with the same answer, among the task's rows of today; they are "
            "scored against the answers of then",
        )
    wanted = settings.task
    subtasks = mixed_subtasks(wanted.test_items, wanted.unseen_share)
    try:
        made = task.generate(Split.TEST, subtasks, min(20, len(items)), wanted.seed)
    except ValueError:
        made = []
    if [item.question for item in made] == [item.question for item in items[: len(made)]] != []:
        return ()
    return (
        "the task has changed since the project was made: the same settings would give other test "
        "items today; those of then are used",
    )


# --- in files ------------------------------------------------------------------------------------


def of_files(
    paths: Sequence[Path], task: str | None, seen: Sequence[str] = (), unseen: Sequence[str] = ()
) -> TestSet:
    """Read a test from files; ``task`` None takes the one that their names stand for.

    Rows that are of no use are left out, which ``notes`` tell.

    Raises:
        ConfigError: no task, files of several tasks, or no row that can be used.
    """
    name = task or _task_of_files(paths)
    name = str(Path(name).expanduser().absolute()) if is_folder(name) else name
    rows: list[FileItem] = []
    wrong: list[str] = []
    for path in paths:
        for found in read_items(path):
            wrong.append(found) if isinstance(found, str) else rows.append(found)
    questions: list[EvalQuestion] = []
    said: dict[int, str] = {}
    asked: set[str] = set()
    with closing(open_task(name, seen, unseen, run_scripts=False)) as opened:
        for as_read in rows:
            row = replace(as_read, question=_in_form(opened, as_read.question))
            answer = _as_task(opened, row)
            if answer is None:
                wrong.append(f"{row.place}: answer: not written as the task's answers are")
            elif row.question in asked:
                wrong.append(f"{row.place}: the question was there before")
            else:
                asked.add(row.question)
                subtask = row.subtask or subtask_of(opened, row.question, seen, unseen)
                place = len(questions)
                if row.said is not None:
                    said[place] = row.said
                questions.append(
                    EvalQuestion(
                        position=place,
                        question=row.question,
                        answer=answer,
                        subtask=subtask,
                        name=row.name or str(place),
                    )
                )
        title = opened.title
    if not questions:
        first = f" The first: {wrong[0]}." if wrong else ""
        raise ConfigError(f"{paths[0]}: no row can be used.{first}", _TITLE)
    notes = [f"{len(wrong)} rows are left out; the first: {wrong[0]}"] if wrong else []
    if 0 < len(said) < len(questions):
        notes.append(f"{len(questions) - len(said)} questions come without what a model wrote")
    return TestSet(
        name=f"{title}, {len(questions)} items of {', '.join(path.name for path in paths)}",
        task=name,
        questions=questions,
        seen=tuple(seen),
        unseen=tuple(unseen),
        notes=tuple(notes),
        bbh="+".join(dict.fromkeys(filter(None, map(bbh_name, paths)))),
        said=said,
    )


def _task_of_files(paths: Sequence[Path]) -> str:
    named = {path: task_of(path) for path in paths}
    found = dict.fromkeys(named.values())
    for path, name in named.items():
        if name is None:
            raise ConfigError(
                f"{path}: its name stands for no task. Say which: --task NAME or DIR.", _TITLE
            )
    if len(found) > 1:
        raise ConfigError(
            f"The files are of several tasks: {', '.join(map(str, found))}. Evaluate one after the "
            "other: what is right in one says nothing of another.",
            _TITLE,
        )
    return str(next(iter(found)))


def _in_form(task: Task, question: str) -> str:
    """Return a question in the task's own layout: BIG-Bench-Hard has a list of words on one line
    with what is asked, which no student here has ever seen."""
    if task.name != "word_sorting" or isinstance(task, OwnTask):
        return question
    try:
        words = read_words(question)
    except NoQuestion:
        return question
    return f"Sort the following words alphabetically:\nList: {' '.join(words)}"


def _as_task(task: Task, row: FileItem) -> str | None:
    """Return a row's answer as the task writes answers; None where it is no such answer."""
    if not isinstance(task, OwnTask):
        stated = (Attempt((Step(FINAL_RESPONSE, s.format(row.answer)),)) for s in _STATED)
        return next(filter(None, map(task.answer, stated)), None)
    if isinstance(task.folder.settings.answer, ChoiceAnswer):
        return letter_of(row.answer, split_options(row.question)[1])
    return row.answer or None


def subtask_counts(questions: Iterable[EvalQuestion]) -> dict[Subtask | None, int]:
    """Count questions by subtask; None is for those of which it is not known."""
    counts: dict[Subtask | None, int] = {}
    for question in questions:
        counts[question.subtask] = counts.get(question.subtask, 0) + 1
    return counts


def facts_of(test: EvalTest) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a stored test's task, and its seen and unseen difficulties."""
    facts: Mapping[str, Any] = test.facts
    return str(facts["task"]), tuple(facts["seen"]), tuple(facts["unseen"])
