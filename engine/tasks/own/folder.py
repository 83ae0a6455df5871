"""A task's folder: its settings, its valid rows, and everything that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from db.records import Split
from engine.tasks.own.checking import AnswerChecker
from engine.tasks.own.config import TASK_FILE, load_task_settings
from engine.tasks.own.jsonl import read_json_lines
from engine.tasks.own.problems import Problem, ProblemKind, Problems, Severity
from engine.tasks.own.row_checks import RowChecks
from engine.tasks.own.rows import UNSEEN, Row, read_row
from engine.tasks.own.settings import OwnSettings, PythonAnswer


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """What `load_folder` found.

    ``counts`` counts all problems, ``error_count`` all errors; ``problems`` lists the first hundred
    of each kind.
    """

    path: Path
    settings: OwnSettings
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    counts: Mapping[ProblemKind, int] = field(default_factory=dict)
    error_count: int = 0

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity is Severity.WARNING)


def load_folder(path: Path, *, run_scripts: bool = True) -> TaskFolder:
    """Read a task's folder: its valid rows, and what is wrong with the others.

    Without ``run_scripts`` nothing of the person's is run: answers that a script compares, or
    that a pattern finds, are taken as they are.

    Raises:
        ConfigError: task.toml is missing or wrong.
    """
    settings = load_task_settings(path)
    problems = Problems()
    problems.extend(_missing_scripts(path, settings))
    checker = AnswerChecker(path, settings)
    try:
        checks = RowChecks(settings, checker, problems, run_scripts=run_scripts)
        rows = [row for read in _read(path, settings, problems) if (row := checks.accept(*read))]
    finally:
        checker.close()
    problems.extend(_unused(rows))
    counts = Counter(problems.counts)
    return TaskFolder(path, settings, tuple(rows), problems.sorted(), counts, problems.errors)


def _missing_scripts(path: Path, settings: OwnSettings) -> Iterator[Problem]:
    checker = settings.answer if isinstance(settings.answer, PythonAnswer) else None
    named = {"answer": checker, "feedback": settings.feedback, "improve": settings.improve}
    for section, part in named.items():
        if part is not None and not (path / part.script).is_file():
            message = f"{part.script}: there is no such file"
            yield Problem(ProblemKind.FILE_MISSING, TASK_FILE, message, key=f"{section}.script")


def _read(path: Path, settings: OwnSettings, problems: Problems) -> Iterator[tuple[Row, str, int]]:
    """Yield the rows with their places; the test's first: what is asked twice stays there."""
    data = settings.data
    listed = (
        *((name, Split.TEST) for name in data.test),
        *((name, Split.DEV) for name in data.dev),
        *((name, Split.TRAIN) for name in data.train),
        *((name, None) for name in data.items),
    )
    for name, split in listed:
        for line, value in read_json_lines(path, name):
            if isinstance(value, Problem):
                problems.add(value)
                continue
            row, found = read_row(value, name, line)
            problems.extend(found)
            if row is None:
                continue
            if split is not None and row.split not in (None, split):
                message = f"{row.split}, in a file of the {split} split"
                problems.add(Problem(ProblemKind.WRONG_TEXT, name, message, line, key="split"))
                continue
            yield (row if split is None else replace(row, split=split)), name, line


def _unused(rows: list[Row]) -> Iterator[Problem]:
    count = sum(row.subtask == UNSEEN and row.its_split is not Split.TEST for row in rows)
    if count:
        message = (
            f"{count} rows of the subtask {UNSEEN!r} are in train or dev by their text, where no "
            'unseen question is asked; "split": "test" in such rows makes use of them'
        )
        kind, severity = ProblemKind.UNSEEN_UNUSED, Severity.WARNING
        yield Problem(kind, TASK_FILE, message, severity=severity)
