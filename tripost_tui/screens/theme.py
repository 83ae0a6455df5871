"""The colours to choose from, shown at once on all that is behind the list."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tripost_tui.screens.base import Dialog, tripost
from tripost_tui.theme_names import THEME_NAMES, full_name


class ThemeDialog(Dialog[str | None]):
    """Returns the name that is chosen with enter; after escape the colours are as before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._names = list(THEME_NAMES)
        self._before = ""

    def compose(self) -> ComposeResult:
        now = self.app.theme
        self._before = next((one for one in self._names if full_name(one) == now), self._names[0])
        with Vertical(classes="dialog -choices -themes") as box:
            box.border_title = Content("Colours")
            yield OptionList(*(Option(self._line(name)) for name in self._names))
            yield Static(self._sample(), classes="dialog-keys")
            yield Static(
                Content.assemble(
                    ("enter", "bold $accent"), " keep   ", ("esc", "bold $accent"), " as before"
                ),
                classes="dialog-keys",
            )

    def _line(self, name: str) -> Content:
        sign = self.glyphs.finished if name == self._before else " "
        return Content.assemble((f"{sign} ", "bold $accent"), THEME_NAMES[name])

    def _sample(self) -> Content:
        """States as they look in these colours."""
        return Content.assemble(
            (f"{self.glyphs.running} running  ", "$text-success"),
            (f"{self.glyphs.paused} paused  ", "$text-warning"),
            (f"{self.glyphs.failed} failed  ", "$text-error"),
            ("chosen  ", "bold $accent"),
            ("not possible now", "dim"),
        )

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = self._names.index(self._before)
        options.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        tripost(self.app).use_theme(self._names[event.option_index])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        name = self._names[event.option_index]
        tripost(self.app).use_theme(name)
        self.dismiss(name)

    def action_move(self, lines: int) -> None:
        options = self.query_one(OptionList)
        if lines > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_close(self) -> None:
        tripost(self.app).use_theme(self._before)
        self.dismiss(None)
