"""Asks for a key by having it pressed."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from tripost_tui.actions import shown_key
from tripost_tui.actions.keys import parse_key
from tripost_tui.screens.base import Dialog


class PressKeyDialog(Dialog[str | None]):
    """Returns the key that was pressed, by Textual's name; None after escape.

    ``refusal`` says why a key cannot be had, or None; then another one may be pressed.
    """

    TAKES_EVERY_KEY = True

    def __init__(self, title: str, text: str, refusal: Callable[[str], str | None]) -> None:
        super().__init__()
        self._title, self._text, self._refusal = title, text, refusal

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text), classes="dialog-text")
            yield Static(Content(""), id="refused")

    def on_mount(self) -> None:
        self.query_one("#refused").display = False

    def on_key(self, event: Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
            return
        reason = _unwritable(event.key) or self._refusal(event.key)
        if reason is None:
            self.dismiss(event.key)
            return
        refused = self.query_one("#refused", Static)
        text = f"{self.glyphs.failed} Not {shown_key(event.key)}: {reason}"
        refused.update(Content.styled(text, "$text-error"))
        refused.display = True


def _unwritable(key: str) -> str | None:
    """Why the file could not name this key."""
    try:
        named = parse_key(key)
    except ValueError as error:
        return f"{error}."
    return None if named == key else "It has no name of its own."
