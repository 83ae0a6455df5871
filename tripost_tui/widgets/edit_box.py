"""A place to write: the update, a note, a filter. Letters only type there."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from tripost_tui.actions import action, shown_keys
from tripost_tui.actions.keymap import keys_of
from tripost_tui.text import clean_text

LONGEST = 20_000
"""Characters that are edited here; longer texts want an editor of their own."""
_EXAMPLE = "status:pending iter:2 tag:wrong-step check:fail len>800 words"


class EditBox(Vertical):
    """An editor of several lines with a title, its keys, and what is wrong with the text.

    What is written goes to the function given to `begin`, when the screen says so.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.display = False
        self.save: Callable[[str], object] = lambda _: None
        self._about = self._before = ""
        self._drafts: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield TextArea(id="edit-text", compact=True, tab_behavior="focus")
        yield Static(Content(""), id="edit-fault")

    def begin(self, title: str, text: str, save: Callable[[str], object]) -> None:
        """Open on ``text``; on what was written under this title and not saved, if anything.

        Then the editor's undo goes back to ``text``.
        """
        self.save = save
        self._about, self._before = title, text
        draft = self._drafts.pop(title, None)
        self.border_title = Content(title if draft is None else f"{title}, as you left it")
        self.border_subtitle = Content(
            f"{shown_keys(keys_of(action('review.save'))[:1])} saves, esc leaves"
            + (", ^z as it was" if draft is not None else "")
        )
        self.fault("")
        area = self.query_one(TextArea)
        area.load_text(text)
        if draft is not None:
            area.replace(draft, area.document.start, area.document.end)
        area.move_cursor(area.document.end)
        self.display = True
        area.focus()

    def put_aside(self) -> bool:
        """Keep what is written for the next time; False where it is what stood there before."""
        changed = self.display and self.text != self._before
        if changed:
            self._drafts[self._about] = self.text
        return changed

    def end(self) -> None:
        self.display = False
        self.query_one(TextArea).load_text("")

    @property
    def text(self) -> str:
        return self.query_one(TextArea).text

    def fault(self, text: str) -> None:
        """Say what is wrong, or nothing."""
        fault = self.query_one("#edit-fault", Static)
        fault.update(Content(clean_text(text)))
        fault.display = bool(text)


class FilterBox(Vertical):
    """One line for the filter, and under it what is wrong with it; ``example`` shows in it."""

    def __init__(self, *, id: str, example: str = _EXAMPLE) -> None:
        super().__init__(id=id)
        self._example = example
        self.display = False

    def compose(self) -> ComposeResult:
        yield Input(
            id="filter-text",
            compact=True,
            placeholder=self._example,
        )
        yield Static(Content(""), id="filter-fault")

    def begin(self, text: str) -> None:
        self.fault("", 0)
        entry = self.query_one(Input)
        entry.value = text
        entry.cursor_position = len(text)
        self.display = True
        entry.focus()

    def fault(self, text: str, position: int) -> None:
        """Say what is wrong, and put the cursor where; an empty text takes it away."""
        fault = self.query_one("#filter-fault", Static)
        fault.update(Content(clean_text(text)))
        fault.display = bool(text)
        if text:
            self.query_one(Input).cursor_position = position
