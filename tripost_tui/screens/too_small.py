"""What is shown on a terminal that is too small to show anything else."""

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from tripost_tui.actions.keymap import key_of

SMALLEST = Size(60, 20)


def is_too_small(size: Size) -> bool:
    return size.width < SMALLEST.width or size.height < SMALLEST.height


class TooSmallScreen(ModalScreen[None]):
    """One message; it goes when the terminal has grown. Runs do not mind."""

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="too-small")

    def on_resize(self, event: Resize) -> None:
        now = event.size
        self.query_one("#too-small", Static).update(
            Content(
                f"This terminal is {now.width} x {now.height}.\n"
                f"TriPosT needs {SMALLEST.width} x {SMALLEST.height}: make it larger.\n"
                f"Runs go on. {key_of('global.quit')} quits."
            )
        )
