"""A form: a line for each value, with its label, where the value comes from, and what is wrong."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tripost_tui.glyphs import Glyphs

_LOUD = frozenset({"yours", "preset"})
"""Sources that differ from the default, so that one finds them at a glance."""


class FormRow(Vertical):
    """``name`` is the field's, and its label."""

    def __init__(self, name: str) -> None:
        super().__init__(id=f"row-{name}", classes="form-row")
        self.field = name
        self.input = Input(id=f"input-{name}", compact=True, select_on_focus=False)
        self.input.cursor_blink = False
        self._source = Static(Content(""), classes="form-source")
        self._error = Static(Content(""), classes="form-error")
        self._shown: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="form-line"):
            yield Static(Content(self.field), classes="form-label")
            yield self.input
            yield self._source
        yield self._error

    def write(self, value: str) -> None:
        """Put a value into the field, where that is not what the person has just typed."""
        if self.input.value != value:
            self.input.value = value
            self.input.cursor_position = len(value)

    def show(self, placeholder: str, source: str, error: str, glyphs: Glyphs) -> None:
        """``placeholder`` is what holds where the field is empty.

        What stands in it is left alone: more may have been typed than has been heard of yet.
        """
        if self.input.placeholder != placeholder:
            self.input.placeholder = placeholder
        # Only what changed: each update lays the screen out anew, and this is for each key.
        if (source, error) != self._shown:
            self._shown = (source, error)
            self._source.update(Content.styled(source, "bold" if source in _LOUD else "dim"))
            self.set_class(bool(error), "-wrong")
            self._error.display = bool(error)
            self._error.update(Content(f"{glyphs.failed} {error}") if error else Content(""))
