"""One line for p and the weights, and under it what is wrong with them."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tripost_tui.text import clean_text


class ValuesBox(Vertical):
    """What is typed here is looked at with each key; enter keeps it, esc takes it back."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.display = False

    def compose(self) -> ComposeResult:
        yield Input(id="values-text", compact=True)
        yield Static(Content(""), id="values-fault")

    def begin(self, text: str) -> None:
        self.fault("")
        self.border_title = Content("p and weights")
        self.border_subtitle = Content("enter keeps, esc takes back")
        entry = self.query_one(Input)
        with self.prevent(Input.Changed):
            entry.value = text
        entry.cursor_position = len(text.split(" ", 1)[0])
        self.display = True
        entry.focus()

    def fault(self, text: str) -> None:
        """Say what is wrong, or nothing."""
        fault = self.query_one("#values-fault", Static)
        fault.update(Content(clean_text(text)))
        fault.display = bool(text)
