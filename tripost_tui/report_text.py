"""A report on a terminal: its tables as text, and its headline last, where the eye is."""

import sys
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.report import Report
from engine.report_layout import Table as ReportTable
from engine.report_tables import report_tables
from tripost_tui.text import clean_text

_PIPED_WIDTH = 120


def print_report(report: Report, stream: TextIO | None = None) -> None:
    """Print all of ``report``, as wide as the terminal, or 120 columns where there is none."""
    stream = sys.stdout if stream is None else stream
    width = None if stream.isatty() else _PIPED_WIDTH
    console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
    console.print(_text(f"Run {report.run.id}: {report.run.status.value}", "bold"))
    for table in report_tables(report):
        console.print()
        console.print(_text(table.title, "bold"))
        if table.rows:
            console.print(_table(table))
        if table.note:
            console.print(_text(table.note, "dim"))
    console.print()
    console.print(_text(report.headline, "bold"))


def _table(source: ReportTable) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(source.columns):
        number = index in source.numbers
        # A number that goes on in the next line would be read as two.
        least = max((len(row[index]) for row in source.rows), default=0) if number else None
        table.add_column(
            _text(name),
            justify="right" if number else "left",
            overflow="fold",
            min_width=least,
        )
    for row in source.rows:
        table.add_row(*map(_text, row))
    return table


def _text(text: str, style: str = "") -> Text:
    return Text(clean_text(text), style)
