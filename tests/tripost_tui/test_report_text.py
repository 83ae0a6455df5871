"""A report's tables on a terminal."""

import io

from rich.console import Console

from engine.report_layout import table_of
from tripost_tui.report_text import _table


def test_a_number_is_never_broken_however_long_the_text_beside_it() -> None:
    row = ("openai:" + "x" * 200, "1,234,567", "120,000")
    table = table_of("T", ("expert", "tokens in", "a long head of a column"), [row], {1, 2})
    stream = io.StringIO()
    Console(file=stream, width=60).print(_table(table))
    shown = stream.getvalue()
    assert "1,234,567" in shown
    assert "120,000" in shown
    assert max(map(len, shown.splitlines())) <= 60
