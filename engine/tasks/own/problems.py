"""What is wrong with the files of a task of one's own: named, counted and placed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

SHOWN_CHARS = 60
LISTED_PER_KIND = 100


class Severity(StrEnum):
    """An error costs the row that it is about; a warning costs nothing."""

    ERROR = "error"
    WARNING = "warning"


class ProblemKind(StrEnum):
    FILE_MISSING = "file cannot be read"
    FILE_EMPTY = "file without rows"
    TOO_MANY_ROWS = "too many rows"
    LINE_TOO_LONG = "line too long"
    NOT_UTF8 = "not UTF-8"
    NOT_JSON = "not JSON"
    NOT_A_ROW = "not a row"
    KEY_MISSING = "key missing"
    KEY_UNKNOWN = "key unknown"
    WRONG_TYPE = "wrong type"
    WRONG_TEXT = "text that cannot be used"
    DUPLICATE_ID = "id repeated"
    DUPLICATE_QUESTION = "question repeated"
    TWO_ANSWERS = "question with two answers"
    IN_TWO_SPLITS = "question in two splits"
    ANSWER_REJECTED = "answer rejected by its own checker"
    ANSWER_NO_OPTION = "answer is no option"
    RATIONALE_DISAGREES = "rationale states another answer"
    RATIONALE_FORM = "rationale of doubtful form"
    SCRIPT_FAILED = "script failed"
    SCRIPT_WRONG = "script judges wrongly"
    UNSEEN_UNUSED = "unseen questions outside the test"
    NOT_FOR_TRAINING = "data not for training"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: ``line`` and ``column`` count from 1; 0 where none is meant."""

    kind: ProblemKind
    file: str
    message: str
    line: int = 0
    column: int = 0
    key: str = ""
    severity: Severity = Severity.ERROR

    def render(self) -> str:
        """``items.jsonl:12: answer: …``, as compilers write it."""
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])
        key = f"{self.key}: " if self.key else ""
        return f"{place}: {self.severity}: {key}{self.message}"


@dataclass(slots=True)
class Problems:
    """Collects problems; of each kind all are counted and the first hundred are listed."""

    listed: list[Problem] = field(default_factory=list)
    counts: Counter[ProblemKind] = field(default_factory=Counter)
    errors: int = 0
    """How many of them, also of those that are not listed, are errors."""

    def add(self, problem: Problem) -> None:
        self.counts[problem.kind] += 1
        self.errors += problem.severity is Severity.ERROR
        if self.counts[problem.kind] <= LISTED_PER_KIND:
            self.listed.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    def sorted(self) -> tuple[Problem, ...]:
        return tuple(sorted(self.listed, key=lambda p: (p.file, p.line, p.column)))


def shortened(value: object) -> str:
    """A value in quotes, short enough for a message, without control characters."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…")
