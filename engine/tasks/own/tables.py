"""Tables, CSV or TSV, as the objects that rows are read from; and what columns are called."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.tasks.own.problems import Problem, ProblemKind, shortened
from engine.tasks.own.rows import KEYS

_NAMES: dict[str, tuple[str, ...]] = {
    "question": ("question", "input", "prompt", "problem", "query", "instruction", "text"),
    "answer": ("answer", "target", "label", "output", "gold", "solution", "expected", "response"),
    "rationale": ("rationale", "explanation", "reasoning", "working", "steps", "cot"),
    "options": ("options", "choices"),
    "id": ("id", "idx", "index", "key"),
    "subtask": ("subtask", "category", "subject", "difficulty"),
    "split": ("split", "set"),
}
_SPLITS = {"training": "train", "validation": "dev", "valid": "dev", "val": "dev"}
_DELIMITERS = (",", "\t", ";", "|")


def key_of_columns(columns: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """Which column is which key of a row; ``said`` maps keys to columns and counts first."""
    folded = {column.strip().lower().replace(" ", "_"): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for key in KEYS:
        names = (said[key].strip().lower().replace(" ", "_"),) if key in said else _NAMES[key]
        column = next((folded[name] for name in names if name in folded), None)
        if column is not None:
            found[column] = key
    return found


def as_row_object(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Values by column as values by key; what is empty is left out."""
    data = {
        key: values[column] for column, key in keys.items() if values.get(column) not in ("", None)
    }
    options = data.get("options")
    if isinstance(options, str):
        separator = next((sign for sign in ("|", "\n", ";") if sign in options), ",")
        data["options"] = [part.strip() for part in options.split(separator) if part.strip()]
    split = data.get("split")
    if isinstance(split, str):
        data["split"] = _SPLITS.get(split.strip().lower(), split.strip().lower())
    return data


def read_table(
    text: str, name: str, said: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any] | Problem]]:
    """Yield the line at which each record ends, with its values by key, or with its problem."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda sign: _fit(header, sign, said))
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    keys: dict[str, str] = {}
    while True:
        try:
            record = next(records, None)
        except csv.Error as error:
            yield (
                records.line_num,
                Problem(
                    ProblemKind.NOT_A_ROW, name, f"no record of a table: {error}", records.line_num
                ),
            )
            continue
        if record is None:
            break
        if not any(field.strip() for field in record):
            continue
        if not columns:
            columns = record
            keys = key_of_columns(columns, said)
            if unknown := {key: said[key] for key in said if key not in keys.values()}:
                yield from ((1, _not_there(*pair, columns, name)) for pair in unknown.items())
                return
            if missing := {"question", "answer"} - set(keys.values()):
                yield 1, _without(missing, columns, name)
                return
        elif len(record) != len(columns):
            message = f"{len(record)} fields, but the header has {len(columns)}"
            line = records.line_num
            yield line, Problem(ProblemKind.NOT_A_ROW, name, message, line)
        else:
            yield records.line_num, as_row_object(dict(zip(columns, record, strict=True)), keys)
    if not columns:
        yield 0, Problem(ProblemKind.FILE_EMPTY, name, "has no rows")


def _fit(header: str, delimiter: str, said: Mapping[str, str]) -> tuple[int, int]:
    """How well a delimiter fits: how many columns are known, how many there are."""
    columns = [column.strip('"') for column in header.split(delimiter)]
    return len(key_of_columns(columns, said)), len(columns)


def _without(missing: set[str], columns: Sequence[str], name: str) -> Problem:
    wanted = " and ".join(sorted(missing, reverse=True))
    message = f"no column is known as {wanted}; there are {_listed(columns)}: say which it is"
    return Problem(ProblemKind.KEY_MISSING, name, message, 1)


def _not_there(key: str, column: str, columns: Sequence[str], name: str) -> Problem:
    what = f"no column {shortened(column)}, which is said to be the {key}"
    return Problem(ProblemKind.KEY_MISSING, name, f"{what}; there are {_listed(columns)}", 1)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(shortened(column) for column in columns[:20])
