"""Attempts in JSON lines, read as a stream: a bad line costs that line alone, and is named.

A row is an object ``{question, attempt, target?}``; other keys are kept as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from engine.errors import ConfigError
from engine.tasks.own.problems import ProblemKind

MOST_LINE_BYTES = 4_000_000
"""A longer line is no attempt that anybody wants judged."""
JUDGED_KEYS = (
    *("answer", "answer_form", "correct", "not_compared"),
    *("feedback", "not_judged", "not_read"),
)
"""What judging adds to a row; what it had under these names before is replaced."""

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MOST_LEVELS = 200
_MOST_DIGITS = 1_000
_NEEDED = ("question", "attempt")


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt at a question. ``others`` is all of the row that is not to be replaced."""

    question: str
    attempt: str
    target: str | None
    others: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no row; ``line`` counts from 1."""

    line: int
    kind: ProblemKind
    message: str


def read_attempts(file: BinaryIO) -> Iterator[AttemptRow | Unreadable]:
    """Yield what each line holds.

    Lines may end in CRLF, the file may begin with a byte order mark; empty lines are no lines.

    Raises:
        ConfigError: the file is UTF-16.
        OSError: it cannot be read.
    """
    number = 0
    while raw := file.readline(MOST_LINE_BYTES + 1):
        number += 1
        if number == 1:
            if raw.startswith(_UTF16_MARKS):
                message = "the attempts are UTF-16 text. Save them as UTF-8."
                raise ConfigError(message, "The attempts cannot be read")
            raw = raw.removeprefix(_UTF8_MARK)
        if len(raw) > MOST_LINE_BYTES:
            _skip_line(file, raw)
            message = f"longer than {MOST_LINE_BYTES:,} bytes"
            yield Unreadable(number, ProblemKind.LINE_TOO_LONG, message)
        elif raw.strip():
            row = _row(raw)
            yield Unreadable(number, *row) if isinstance(row, tuple) else row


def _skip_line(file: BinaryIO, read: bytes) -> None:
    """Go to the end of a line of which ``read`` is known."""
    while read and not read.endswith(b"\n"):
        read = file.readline(MOST_LINE_BYTES)


def _row(raw: bytes) -> AttemptRow | tuple[ProblemKind, str]:
    """Return the row of a line, or what is wrong with it."""
    try:
        row = _DECODER.decode(raw.rstrip(b"\r\n").decode())
    except UnicodeDecodeError as error:
        return ProblemKind.NOT_UTF8, f"byte {error.start + 1} of the line is not UTF-8"
    except json.JSONDecodeError as error:
        message = f"{error.msg.removesuffix(' at')} at column {error.colno}"
        return ProblemKind.NOT_JSON, message
    except RecursionError:
        return ProblemKind.NOT_JSON, "nested too deeply"
    except ValueError as error:
        return ProblemKind.NOT_JSON, str(error)
    # Few rows have as many brackets as it takes, and need be looked through.
    if raw.count(b"[") + raw.count(b"{") >= _MOST_LEVELS and _is_deep(row):
        return ProblemKind.NOT_JSON, "nested too deeply"
    if not isinstance(row, dict):
        return ProblemKind.NOT_A_ROW, "must be an object with question and attempt"
    for key in _NEEDED:
        if not isinstance(row.get(key), str):
            missing = key not in row
            kind = ProblemKind.KEY_MISSING if missing else ProblemKind.WRONG_TYPE
            return kind, f"{key}: missing" if missing else f"{key}: must be text"
    target = row.get("target")
    if isinstance(target, bool) or not isinstance(target, str | int | float | None):
        return ProblemKind.WRONG_TYPE, "target: must be text or a number"
    others = {key: value for key, value in row.items() if key not in JUDGED_KEYS}
    text = None if target is None else str(target)
    return AttemptRow(row["question"], row["attempt"], text, others)


def _is_deep(value: object) -> bool:
    """Tell whether a value is nested more deeply than can be written again with certainty."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _int(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(text):,} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    # It could not be written again.
    return value if abs(value) != float("inf") else _no_number(text[:20])


_DECODER = json.JSONDecoder(parse_int=_int, parse_float=_float, parse_constant=_no_number)
