"""A list to choose one value from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tripost_tui.glyphs import to_ascii
from tripost_tui.screens.base import Dialog
from tripost_tui.state.new_project import Choice
from tripost_tui.text import one_line


class ChoiceDialog(Dialog[str | None]):
    """Returns the value that is chosen with enter; None after escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+o", "close", "Close", show=False),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], now: str, note: str) -> None:
        super().__init__()
        self._title, self._choices, self._now, self._note = title, choices, now, note

    def compose(self) -> ComposeResult:
        ascii_only = self.glyphs.ellipsis.isascii()
        shown = to_ascii if ascii_only else str
        with Vertical(classes="dialog -choices") as box:
            box.border_title = Content(self._title)
            yield OptionList(*(Option(self._line(choice)) for choice in self._choices))
            if self._note:
                yield Static(Content.styled(shown(self._note), "dim"), classes="dialog-keys")
            yield Static(
                Content.assemble(
                    ("enter", "bold $accent"), " choose   ", ("esc", "bold $accent"), " leave it"
                ),
                classes="dialog-keys",
            )

    def _line(self, choice: Choice) -> Content:
        sign = self.glyphs.finished if choice.value == self._now else " "
        about = one_line(choice.about, 80)
        if self.glyphs.ellipsis.isascii():
            about = to_ascii(about)
        text = [(f"{sign} ", "bold $accent"), (one_line(choice.value, 300), "bold")]
        return Content.assemble(*text, (f"\n  {about}", "dim"))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        values = [choice.value for choice in self._choices]
        options.highlighted = values.index(self._now) if self._now in values else 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].value)

    def action_move(self, lines: int) -> None:
        options = self.query_one(OptionList)
        if lines > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_close(self) -> None:
        self.dismiss(None)
