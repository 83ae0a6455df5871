"""The rows of the settings screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tripost_tui.actions.keymap import fill
from tripost_tui.glyphs import Glyphs, to_ascii
from tripost_tui.state.settings import KeyRow, LookRow
from tripost_tui.state.wording import shorten

_KEYS, _LABEL, _YOURS = 15, 16, 6


class RowList(OptionList):
    """Lines under a title; paints only those that have changed. Titles in between are no choice."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: list[tuple[Content, bool]] = []

    def show(self, rows: Sequence[tuple[Content, bool]], at: int | None) -> None:
        """Show (line, whether it can be chosen) each, with the line ``at`` highlighted."""
        shown = list(rows)
        if [can for _, can in shown] != [can for _, can in self._shown]:
            self.clear_options()
            self.add_options(Option(line, disabled=not can) for line, can in shown)
        else:
            for place, ((line, _), (old, _)) in enumerate(zip(shown, self._shown, strict=True)):
                if not line.is_same(old):
                    self.replace_option_prompt_at_index(place, line)
        self._shown = shown
        if self.highlighted != at:
            self.highlighted = at

    @property
    def columns(self) -> int:
        """Width that a line has."""
        return max(1, self.scrollable_content_region.width)


def look_content(row: LookRow, width: int, glyphs: Glyphs) -> Content:
    value = shorten(row.value, max(12, width - 18), glyphs.ellipsis)
    line = Content.assemble(f"{row.name:<8}", (f"{value:<10} ", "bold"), _yours(row.yours))
    left = width - line.cell_length
    return Content.assemble(line, (_cut(row.note, left, glyphs), "dim"))


def key_content(row: KeyRow, width: int, glyphs: Glyphs) -> Content:
    """Keys, whether they are a person's own, what they do."""
    if row.action is None:
        return Content.styled(row.title, "bold $accent")
    line = Content.assemble(
        "  ",
        (f"{shorten(row.keys or glyphs.dash, _KEYS, glyphs.ellipsis):<{_KEYS}} ", "bold"),
        f"{shorten(row.title, _LABEL, glyphs.ellipsis):<{_LABEL}} ",
        _yours(row.yours),
    )
    left = width - line.cell_length
    return Content.assemble(line, (_cut(fill(row.action.description), left, glyphs), "dim"))


def _cut(text: str, width: int, glyphs: Glyphs) -> str:
    """As much of a text as fits; nothing where that would say nothing."""
    if width < 9:
        return ""
    text = text if glyphs.ellipsis != "~" else to_ascii(text)
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}{glyphs.ellipsis}"


def _yours(yours: bool) -> tuple[str, str]:
    return (f"{'yours' if yours else '':<{_YOURS}}", "$text-warning")
