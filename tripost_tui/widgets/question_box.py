"""The field for a question: several lines, where letters only type."""

from __future__ import annotations

from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import TextArea

from tripost_tui.text import clean_text
from tripost_tui.widgets.edit_box import LONGEST


class QuestionBox(TextArea):
    """At its first line up asks for the question before, at its last one down for the next."""

    class Beyond(Message):
        """An arrow leads out of the text: up (-1) or down (1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class TooLong(Message):
        """What was pasted has no room here."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True, tab_behavior="focus")

    def write(self, text: str) -> None:
        """Put a question into the field, all of it selected: typing begins a new one."""
        self.load_text(clean_text(text[:LONGEST]))
        self.select_all()

    def action_cursor_up(self, select: bool = False) -> None:
        if select or not self.cursor_at_first_line:
            super().action_cursor_up(select)
        else:
            self.post_message(self.Beyond(-1))

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self.cursor_at_last_line:
            super().action_cursor_down(select)
        else:
            self.post_message(self.Beyond(1))

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            # It asks; a new line has a key of its own.
            event.prevent_default()

    async def _on_paste(self, event: Paste) -> None:
        count = len(event.text) + len(self.text)
        if count > LONGEST:
            event.stop()
            event.prevent_default()
            self.post_message(self.TooLong(len(event.text)))
            return
        await super()._on_paste(Paste(clean_text(event.text)))
        event.stop()
        event.prevent_default()
