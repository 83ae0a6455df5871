"""Quitting while a run is at work: it may stay at work, which is the default."""

from collections.abc import Sequence
from enum import StrEnum

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tripost_tui.actions import Target
from tripost_tui.screens.base import Dialog, bindings_of
from tripost_tui.screens.dialogs import ConfirmDialog, keyed
from tripost_tui.text import one_line


class QuitChoice(StrEnum):
    LEAVE = "leave"
    STOP = "stop"
    CANCEL = "cancel"


class QuitDialog(Dialog[QuitChoice]):
    """Asks what becomes of the runs at work."""

    BINDINGS = bindings_of(Target.QUIT)

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def compose(self) -> ComposeResult:
        names = ", ".join(one_line(name, 40) for name in self._names)
        verb = "is" if len(self._names) == 1 else "are"
        text = (
            f"{names} {verb} at work. It goes on without the app, and the app finds it again; "
            "or it ends after the item at hand, saved, to be resumed."
        )
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Quit")
            yield Static(Content(text), classes="dialog-text")
            with Horizontal(classes="buttons"):
                yield Button(keyed("quit.leave"), id="leave", variant="primary")
                yield Button(keyed("quit.stop"), id="stop")
                yield Button(keyed("quit.cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#leave").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(QuitChoice(event.button.id or "cancel"))

    def do_leave(self) -> None:
        self.dismiss(QuitChoice.LEAVE)

    def do_stop(self) -> None:
        self.dismiss(QuitChoice.STOP)

    def do_cancel(self) -> None:
        self.dismiss(QuitChoice.CANCEL)


class ExportQuitDialog(ConfirmDialog):
    """Asks before an export under way is lost; pressing the key again means yes."""

    def __init__(self) -> None:
        text = "An export is under way. It ends with the app, and nothing is left of it."
        super().__init__("Quit during an export?", text)
