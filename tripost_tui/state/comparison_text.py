"""A comparison of two models as plain text: for the clipboard and the command line."""

from engine.comparing import Crosstab
from tripost_tui.state.item_passages import LETTERS
from tripost_tui.state.items_view import ItemsView
from tripost_tui.text import clean_text


def table_lines(table: Crosstab) -> list[str]:
    """The 2x2 table of two models called A and B."""
    return [
        f"{'':<9}{'B right':>10}{'B wrong':>10}",
        f"{'A right':<9}{table.both_right:>10,}{table.broken:>10,}",
        f"{'A wrong':<9}{table.fixed:>10,}{table.both_wrong:>10,}",
    ]


def plain_comparison(view: ItemsView) -> str:
    """Both models, their 2x2 table and the test, in lines."""
    lines = [
        f"{letter}: {clean_text(name)}" for letter, name in zip(LETTERS, view.names, strict=True)
    ]
    kind = f" {view.subtask.value}" if view.subtask else ""
    lines += [
        f"{view.crosstab.pairs:,}{kind} items, {view.measure}",
        "",
        *table_lines(view.crosstab),
        "",
        f"{view.sentence} (exact two-sided McNemar test)",
    ]
    return "\n".join(lines) + "\n"
