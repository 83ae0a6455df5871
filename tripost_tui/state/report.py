"""The report laid out in columns for a terminal."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.report_layout import Table
from tripost_tui.text import clean_text

WIDEST_CELL = 60


class LineKind(StrEnum):
    HEADLINE = "headline"
    TITLE = "title"
    COLUMNS = "columns"
    ROW = "row"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report to show, and the same as Markdown to copy."""

    headline: str
    tables: Sequence[Table]
    markdown: str


_NARROWEST = 16
"""To how few columns the words of a table's last column are wrapped."""


def page_lines(page: ReportPage, width: int) -> list[tuple[LineKind, str]]:
    """Every line with its kind. Words wrap at ``width``; a table that is wider stays whole."""
    lines = [(LineKind.HEADLINE, line) for line in _wrapped(page.headline, width)]
    for table in page.tables:
        lines += [(LineKind.ROW, ""), (LineKind.TITLE, clean_text(table.title))]
        if table.rows:
            lines += table_lines(table, width)
        if table.note:
            lines += [(LineKind.NOTE, line) for line in _wrapped(table.note, width)]
    return lines


def table_lines(table: Table, width: int) -> list[tuple[LineKind, str]]:
    """A table in aligned columns.

    Where it is too wide, its column names wrap at words first, and then what its last column says
    in words.
    """
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    data = [max((len(row[at]) for row in rows), default=0) for at in range(len(table.columns))]
    names = [clean_text(name) for name in table.columns]
    widths = [max(one, len(name)) for one, name in zip(data, names, strict=True)]
    gap = 2
    if sum(widths) + gap * (len(widths) - 1) > width:
        longest = [max(map(len, name.split()), default=0) for name in names]
        widths = [max(one, word) for one, word in zip(data, longest, strict=True)]
        if sum(widths) + gap * (len(widths) - 1) > width:
            gap = 1
    room = width - sum(widths[:-1]) - gap * (len(widths) - 1)
    if len(widths) - 1 not in table.numbers and _NARROWEST <= room < widths[-1]:
        widths[-1] = room
    heads = [
        textwrap.wrap(name, max(1, one), break_long_words=False) or [""]
        for name, one in zip(names, widths, strict=True)
    ]
    depth = max(map(len, heads))
    padded = [[""] * (depth - len(head)) + head for head in heads]
    lines = [
        (LineKind.COLUMNS, _joined([head[at] for head in padded], widths, table, gap))
        for at in range(depth)
    ]
    for *row, last in rows:
        first, *more = textwrap.wrap(last, max(1, widths[-1])) or [""]
        lines.append((LineKind.ROW, _joined([*row, first], widths, table, gap)))
        empty = [""] * len(row)
        lines += [(LineKind.ROW, _joined([*empty, rest], widths, table, gap)) for rest in more]
    return lines


def _joined(cells: Sequence[str], widths: Sequence[int], table: Table, gap: int) -> str:
    placed = [
        f"{cell:>{width}}" if at in table.numbers else f"{cell:<{width}}"
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return (" " * gap).join(placed).rstrip()


def _cell(text: str) -> str:
    line = " ".join(clean_text(text).split())
    return line if len(line) <= WIDEST_CELL else line[: WIDEST_CELL - 1] + "…"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(clean_text(text), max(20, width)) or [""]
