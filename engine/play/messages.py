"""What a Playground's process is asked and what it answers: one JSON object a line.

Requests go to its stdin, events come from its stdout. Weights are named by their iteration; 0 is
the start, the student as it was before all training of the run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

START = 0


class Part(StrEnum):
    """What a student writes in turn."""

    ATTEMPT = "attempt"
    FEEDBACK = "feedback"
    UPDATE = "update"


class Verdict(StrEnum):
    """What feedback says; NONE where it says neither."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Have each of ``weights`` answer a question, one after the other.

    ``answer`` is the right one where it is known, ``item_id`` the test item's. ``max_updates`` None
    takes the evaluation's. ``temperature`` 0 is greedy; the seed is without effect then.
    """

    id: int
    question: str
    weights: tuple[int, ...]
    temperature: float = 0.0
    seed: int = 0
    max_updates: int | None = None
    answer: str | None = None
    item_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """End what was asked by this number, and all before it, at the next token."""

    id: int


Request = Ask | Cancel
_REQUESTS: dict[str, type[Ask] | type[Cancel]] = {"ask": Ask, "cancel": Cancel}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What it is about, in words, while nothing can be asked."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The student is loaded. ``seconds`` are since the process began to load its libraries."""

    seconds: float
    device: str
    parameters: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Weights are in place and begin to answer; ``seconds`` is how long that took."""

    id: int
    weights: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegun:
    """The student begins to write; ``number`` counts attempts and updates from 0."""

    id: int
    weights: int
    part: Part
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """More text of the part that was begun last."""

    id: int
    weights: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDone:
    """A part is written: its whole text, and for feedback what it means.

    ``first_s`` is the time to its first token, ``seconds`` to its last.
    """

    id: int
    weights: int
    part: Part
    number: int
    text: str
    tokens: int
    first_s: float
    seconds: float
    verdict: Verdict = Verdict.NONE
    step: str | None = None
    span: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the task's script (FBK) says of an attempt; ``problem`` says why it says nothing."""

    id: int
    weights: int
    number: int
    verdict: Verdict
    text: str = ""
    step: str | None = None
    span: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The student has ended by itself or at a limit, which ``end`` says.

    ``right`` is the answer that the task's checker knows to be right, None where nobody knows it;
    ``first_correct`` and ``final_correct`` are None then. ``as_tested`` tells whether the run's
    evaluation has the very text, None where it has none to compare with.
    """

    id: int
    weights: int
    end: str
    text: str
    tokens: int
    seconds: float
    updates: int
    first_answer: str | None
    final_answer: str | None
    right: str | None = None
    first_correct: bool | None = None
    final_correct: bool | None = None
    as_tested: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something could not be done; ``weights`` None means all of it, ``fatal`` the process's end.

    ``id`` None: it was not about a question.
    """

    title: str
    message: str
    id: int | None = None
    weights: int | None = None
    fatal: bool = False
    exit_code: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """All that was asked by this number is over."""

    id: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The process is gone, as whoever started it tells; without title and message if that was
    asked for."""

    title: str = ""
    message: str = ""
    exit_code: int = 0


Event = (
    Doing | Ready | Begun | PartBegun | Piece | PartDone | Judged | Answered | Failed | Done | Ended
)
_EVENTS: dict[str, type[Any]] = {
    "doing": Doing,
    "ready": Ready,
    "begun": Begun,
    "part": PartBegun,
    "piece": Piece,
    "part_done": PartDone,
    "judged": Judged,
    "answered": Answered,
    "failed": Failed,
    "done": Done,
    "ended": Ended,
}
_KINDS = {kind: name for table in (_EVENTS, _REQUESTS) for name, kind in table.items()}
_ENUMS: dict[str, type[StrEnum]] = {"part": Part, "verdict": Verdict}


class Unreadable(ValueError):
    """A line that is no message."""


def as_json(message: Event | Request) -> dict[str, Any]:
    """The message as plain values, with its ``kind``."""
    return {"kind": _KINDS[type(message)], **asdict(message)}


def encode(message: Event | Request) -> bytes:
    """One line. Text that cannot be encoded as UTF-8 is kept by JSON's escapes."""
    return json.dumps(as_json(message)).encode() + b"\n"


def read_event(line: bytes) -> Event:
    """Raises `Unreadable`."""
    event: Event = _read(line, _EVENTS)
    return event


def read_request(line: bytes) -> Request:
    """Raises `Unreadable`."""
    request: Request = _read(line, _REQUESTS)
    return request


def _read(line: bytes, kinds: Mapping[str, type[Any]]) -> Any:
    try:
        values = json.loads(line)
        kind = kinds[values.pop("kind")]
        known = {field.name for field in fields(kind)}
        if extra := values.keys() - known:
            raise Unreadable(f"unknown: {', '.join(sorted(extra))}")
        for name, enum in _ENUMS.items():
            if name in values:
                values[name] = enum(values[name])
        if "weights" in values and isinstance(values["weights"], list):
            values["weights"] = tuple(values["weights"])
        return kind(**values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(repr(error)) from error
