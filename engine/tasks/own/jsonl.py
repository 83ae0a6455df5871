"""Files of JSON lines, read so that one bad line costs that line alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.tasks.own.problems import Problem, ProblemKind, shortened
from engine.tasks.own.rows import NumberText

MOST_LINE_BYTES = 1_000_000
MOST_ROWS = 1_000_000
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(
    parse_int=NumberText, parse_float=NumberText, parse_constant=_no_constant
)


def read_json_lines(folder: Path, name: str) -> Iterator[tuple[int, object]]:
    """Yield the number of each line with its value, or with the `Problem` that it has instead.

    Lines may end in CRLF, the file may begin with a byte order mark; empty lines are no lines.
    """
    path = folder / name
    try:
        if path.exists() and not path.is_file():
            yield 0, Problem(ProblemKind.FILE_MISSING, name, "not a file")
            return
        with path.open("rb") as file:
            yield from _lines(file, name)
    except OSError as error:
        yield 0, Problem(ProblemKind.FILE_MISSING, name, error.strerror or str(error))


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, object]]:
    number = offset = values = 0
    while raw := file.readline(MOST_LINE_BYTES + 1):
        number, begin = number + 1, offset
        offset += len(raw)
        if number == 1 and raw.startswith(_UTF16_MARKS):
            yield 1, Problem(ProblemKind.NOT_UTF8, name, "UTF-16; save it as UTF-8", 1)
            return
        if len(raw) > MOST_LINE_BYTES:
            offset += _skip_line(file, raw)
            message = f"longer than {MOST_LINE_BYTES} bytes"
            yield number, Problem(ProblemKind.LINE_TOO_LONG, name, message, number)
            continue
        if number == 1:
            begin += len(raw) - len(raw.removeprefix(_UTF8_MARK))
            raw = raw.removeprefix(_UTF8_MARK)
        if not raw.strip():
            continue
        values += 1
        if values > MOST_ROWS:
            message = f"more than {MOST_ROWS} rows; the rest is not read"
            yield number, Problem(ProblemKind.TOO_MANY_ROWS, name, message, number)
            return
        yield number, _value(raw, name, number, begin)
    if not values:
        yield 0, Problem(ProblemKind.FILE_EMPTY, name, "has no rows")


def _skip_line(file: BinaryIO, read: bytes) -> int:
    """Go to the end of a line of which ``read`` is known; return how many bytes that was."""
    skipped = 0
    while read and not read.endswith(b"\n"):
        read = file.readline(MOST_LINE_BYTES)
        skipped += len(read)
    return skipped


def _value(raw: bytes, name: str, number: int, begin: int) -> object:
    try:
        text = raw.rstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        message = f"byte {begin + error.start} of the file is not UTF-8"
        return Problem(ProblemKind.NOT_UTF8, name, message, number, error.start + 1)
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"{error.msg} in {shortened(text.strip())}"
        return Problem(ProblemKind.NOT_JSON, name, message, number, error.colno)
    except RecursionError:
        return Problem(ProblemKind.NOT_JSON, name, "nested too deeply", number)
    except ValueError as error:
        return Problem(ProblemKind.NOT_JSON, name, str(error), number)
