"""What tables of a report are made of: plain text in rows and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of plain text. ``numbers`` says which columns stand to the right.

    A table without rows has a ``note`` that says why.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""


def table_of(
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    numbers: Iterable[int] = (),
    note: str = "",
    empty: str = "",
) -> Table:
    """Return a table with its ``note``, or without rows with ``empty`` in its place."""
    return Table(title, columns, tuple(rows), frozenset(numbers), note if rows else empty)


def duration_text(seconds: float) -> str:
    """A working time for people: ``4.2 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
