"""One row of a task of one's own: what it may hold, and how it is read.

A row is a JSON object: ``question`` and ``answer`` (text or number), and if wanted ``id``,
``rationale``, ``options``, ``subtask`` and ``split``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.records import Split
from engine.tasks.base import split_of
from engine.tasks.own.problems import Problem, ProblemKind, Severity, shortened

SEEN, UNSEEN = "seen", "unseen"
MOST_CHARS = 60_000
"""Longest text in a row."""
MOST_OPTIONS = 26

KEYS = ("question", "answer", "id", "rationale", "options", "subtask", "split")
# What the text of trajectories is taken apart by may not stand in a row's own text.
_MARKER = re.compile(r"^(?:Feedback:|Updated Answer:)|^Answer: Let's think step by step\.", re.M)
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_OPTION = re.compile(r"^\(([A-Z])\) ?(.*)$", re.M)
_OPTIONS = "\nOptions:\n"


class NumberText(str):
    """A number as it stands in the file: no digit is lost and none costs time."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its answer; ``question`` is without the ``options``."""

    question: str
    answer: str
    rationale: str | None = None
    id: str | None = None
    options: tuple[str, ...] = ()
    subtask: str = SEEN
    split: Split | None = None
    """None: the question's text decides."""

    @property
    def asked(self) -> str:
        """The question as the student gets it, lettered options included."""
        if not self.options:
            return self.question
        lines = "\n".join(f"({letter}) {text}" for letter, text in lettered(self.options))
        return f"{self.question}{_OPTIONS}{lines}"

    @property
    def content(self) -> str:
        """What is asked, whichever the order of the options; its split hangs on it alone."""
        story, options = split_options(self.asked)
        parts = [story, *sorted(text for _, text in options)]
        return "\n".join(" ".join(part.split()).casefold() for part in parts)

    @property
    def its_split(self) -> Split:
        return self.split if self.split is not None else split_of(self.content)


def lettered(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(options):
        yield chr(ord("A") + index), text


def split_options(asked: str) -> tuple[str, list[tuple[str, str]]]:
    """Take a question apart: its text, and its options with their letters, if it has any."""
    story, found, listed = asked.rpartition(_OPTIONS)
    options = _OPTION.findall(listed) if found else []
    return (story, options) if options else (asked, [])


def as_json(row: Row) -> dict[str, Any]:
    """The row as its file holds it; what is at its default is left out."""
    values = {
        "id": row.id,
        "question": row.question,
        "options": list(row.options) or None,
        "answer": row.answer,
        "rationale": row.rationale,
        "subtask": row.subtask if row.subtask != SEEN else None,
        "split": row.split.value if row.split is not None else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def read_row(data: object, file: str, line: int) -> tuple[Row | None, list[Problem]]:
    """Return the row, None where an error costs it, and all that is wrong with it."""
    reading = _Reading(file, line)
    row = reading.row(data)
    errors = any(problem.severity is Severity.ERROR for problem in reading.found)
    return (None if errors else row), reading.found


@dataclass(slots=True)
class _Reading:
    """Reads one row and notes what is wrong with it."""

    file: str
    line: int
    found: list[Problem] = field(default_factory=list)

    def row(self, data: object) -> Row | None:
        if not isinstance(data, Mapping):
            self._add(ProblemKind.NOT_A_ROW, "", f"must be an object, not {_type(data)}")
            return None
        for key in data:
            if key not in KEYS:
                message = f"not a key of rows; there are {', '.join(KEYS)}"
                self._add(ProblemKind.KEY_UNKNOWN, shortened(key)[1:-1], message, Severity.WARNING)
        options = self._options(data.get("options"))
        question = self._text(data, "question", needed=True) or ""
        answer = self._text(data, "answer", needed=True, number=True) or ""
        split = self._text(data, "split")
        if split is not None and split not in list(Split):
            allowed = ", ".join(Split)
            self._add(ProblemKind.WRONG_TEXT, "split", f"{shortened(split)}; allowed: {allowed}")
            split = None
        return Row(
            question=question,
            answer=answer,
            rationale=self._text(data, "rationale"),
            id=self._text(data, "id", number=True),
            options=options,
            subtask=self._text(data, "subtask") or SEEN,
            split=Split(split) if split is not None else None,
        )

    def _text(
        self, data: Mapping[str, Any], key: str, *, needed: bool = False, number: bool = False
    ) -> str | None:
        value = data.get(key)
        if value is None:
            if needed:
                self._add(ProblemKind.KEY_MISSING, key, "missing")
            return None
        allowed = "text or a number" if number else "text"
        if not isinstance(value, str) or (isinstance(value, NumberText) and not number):
            self._add(ProblemKind.WRONG_TYPE, key, f"must be {allowed}, not {_type(value)}")
            return None
        return self._usable(str(value), key)

    def _usable(self, value: str, key: str) -> str | None:
        """The text without what surrounds it, None (and a problem) if it cannot be used."""
        text = value.replace("\r\n", "\n").strip()
        if unusable := _UNUSABLE.search(text):
            name = f"U+{ord(unusable[0]):04X} at character {unusable.start() + 1}"
            why = f"holds {name}, a control character or half of one"
        elif marker := _MARKER.search(text):
            why = f"has a line that starts {shortened(marker[0])}, which takes trajectories apart"
        elif len(text) > MOST_CHARS:
            why = f"longer than {MOST_CHARS} characters"
        elif not text:
            why = "empty"
        else:
            return text
        self._add(ProblemKind.WRONG_TEXT, key, why)
        return None

    def _options(self, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list) or not 2 <= len(value) <= MOST_OPTIONS:
            what = f"{len(value)} of them" if isinstance(value, list) else _type(value)
            allowed = f"a list of 2 to {MOST_OPTIONS} texts or numbers"
            self._add(ProblemKind.WRONG_TYPE, "options", f"must be {allowed}, not {what}")
            return ()
        texts = [
            self._text({key: option}, key, needed=True, number=True)
            for key, option in ((f"options[{i}]", one) for i, one in enumerate(value))
        ]
        options = tuple(" ".join(text.split()) for text in texts if text is not None)
        if len(set(options)) < len(options):
            self._add(ProblemKind.WRONG_TEXT, "options", "two options are the same")
        return options

    def _add(
        self, kind: ProblemKind, key: str, message: str, severity: Severity = Severity.ERROR
    ) -> None:
        self.found.append(Problem(kind, self.file, message, self.line, key=key, severity=severity))


def _type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, NumberText):
        return f"the number {shortened(str(value))[1:-1]}"
    names = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
