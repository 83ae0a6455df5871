"""Small dialogs: an error, a yes or no, the go-to menu."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widgets import Button, Static

from tripost_tui.actions import Target, action, goto_actions, shown_key
from tripost_tui.actions.keymap import fill, keys_of
from tripost_tui.screens.base import Dialog, bindings_of
from tripost_tui.situation import Situation
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text


def lettered(letter: str, text: str) -> Content:
    """A button's text with its key before it."""
    return Content.assemble((letter, "bold underline"), f" {text}" if letter else text)


def keyed(action_id: str) -> Content:
    """A button's text: an action's name with its key before it."""
    meant = action(action_id)
    return lettered("".join(shown_key(key) for key in keys_of(meant)[:1]), meant.label)


class ErrorDialog(Dialog[None]):
    """Says what went wrong and what can be done. Any of enter, escape and the button closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "close", "Close", show=False)]

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -error") as box:
            box.border_title = Content(f"{self.glyphs.failed} {clean_text(self._trouble.title)}")
            with VerticalScroll(classes="dialog-text"):
                yield Static(Content(clean_text(self._trouble.message)))
            with Horizontal(classes="buttons"):
                yield Button(Content("close"), id="close", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#close").focus()

    def on_button_pressed(self) -> None:
        self.dismiss(None)

    def action_close(self) -> None:
        self.dismiss(None)


class ConfirmDialog(Dialog[bool]):
    """A question; no is the default unless ``yes`` is."""

    BINDINGS = bindings_of(Target.CONFIRM)

    def __init__(self, title: str, text: str, *, yes: bool = False) -> None:
        super().__init__()
        self._title, self._text = title, text
        self._default = "yes" if yes else "no"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            with VerticalScroll(classes="dialog-text", can_focus=False):
                yield Static(Content(self._text))
            with Horizontal(classes="buttons"):
                yield Button(keyed("confirm.no"), id="no")
                yield Button(keyed("confirm.yes"), id="yes")

    def on_mount(self) -> None:
        self.query_one(f"#{self._default}").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def do_yes(self) -> None:
        self.dismiss(True)

    def do_no(self) -> None:
        self.dismiss(False)


class GotoDialog(Dialog[str | None]):
    """The go-to menu: one letter, and one is there. Returns an action's id."""

    # Not read from the event: a letter that comes before this is drawn is still on its way to
    # what had the focus, and is looked up here all the same.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        *(
            Binding(each.letter, f"choose('{each.id}')", each.description, show=False)
            for each in goto_actions()
            if each.letter
        ),
    ]

    def __init__(self, now: Situation) -> None:
        super().__init__()
        self._now = now

    def compose(self) -> ComposeResult:
        reasons: dict[str, None] = {}
        with Vertical(classes="dialog -goto") as box:
            box.border_title = Content("Go to")
            with VerticalScroll(classes="dialog-text", can_focus=False):
                for each in goto_actions():
                    reason = each.why_not(self._now)
                    style = "dim" if reason else ""
                    if reason:
                        reasons[fill(reason)] = None
                    line = (
                        (f"{each.letter}  ", f"bold $accent {style}"),
                        (each.description, style),
                    )
                    yield Static(Content.assemble(*line), classes="goto-line")
            # Once, and not with each of them: most share one, and all of the menu is to be seen.
            for reason in reasons:
                yield Static(Content(f"Not now: {reason}"), classes="goto-reason")

    def on_key(self, event: Key) -> None:
        if event.key in keys_of(action("global.goto")):
            event.stop()
            self.dismiss(None)

    def action_choose(self, action_id: str) -> None:
        self.dismiss(action_id)

    def action_close(self) -> None:
        self.dismiss(None)
