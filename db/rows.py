"""Between records and SQLite's columns: enums, booleans and JSON, by the record's own types."""

import json
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from db.records import Json, Runs, Segment

T = TypeVar("T")


def encode(record: object, omit: Sequence[str] = ("id",)) -> dict[str, Any]:
    """The columns of ``record`` as values that SQLite can hold, without those in ``omit``."""
    return {
        _column(f.name): to_sqlite(getattr(record, f.name))
        for f in fields(record)  # type: ignore[arg-type]
        if f.name not in omit
    }


def decode(kind: type[T], columns: Sequence[str], row: Sequence[Any], **more: Any) -> T:
    """A ``kind`` from one row; ``more`` gives fields that are no columns of it."""
    converters = _converters(kind)  # type: ignore[arg-type]  # mypy: type[T] is hashable
    values = {}
    for column, value in zip(columns, row, strict=True):
        name, convert = converters[column]
        values[name] = value if convert is None or value is None else convert(value)
    return kind(**values, **more)


def to_sqlite(value: Any) -> Any:
    """``value`` as SQLite holds it: enums by value, mappings and tuples as JSON text.

    A lone surrogate, which a model's JSON can smuggle into text but UTF-8 cannot hold,
    becomes its escape (``\\udc80``).
    """
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping | tuple | list):
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return value


def _finite(value: Any) -> Any:
    """JSON has no NaN: it becomes null, as it does in SQLite's own columns."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_finite(inner) for inner in value]
    return value


def _column(name: str) -> str:
    return name.rstrip("_")


Converter = Callable[[Any], Any] | None


@cache
def _converters(kind: type) -> dict[str, tuple[str, Converter]]:
    hints = get_type_hints(kind)
    return {_column(f.name): (f.name, _converter(hints[f.name])) for f in fields(kind)}


def _converter(hint: Any) -> Converter:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (inner for inner in get_args(hint) if inner is not type(None))
    if hint == Json:
        return json.loads
    if hint == tuple[str, ...]:
        return _words
    if hint == tuple[Segment, ...]:
        return _segments
    if hint is bool or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        return hint
    return None


def _words(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _segments(text: str) -> tuple[Segment, ...]:
    return tuple((segment, _weight(found)) for segment, found in json.loads(text))


def _weight(found: float | list[list[float]]) -> float | Runs:
    if isinstance(found, list):
        return tuple((int(length), float(weight)) for length, weight in found)
    return float(found)
