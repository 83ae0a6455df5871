"""What a person writes in review: a filter, an edited attempt, a note."""

from __future__ import annotations

from collections.abc import Awaitable

from textual.app import SuspendNotSupported
from textual.widgets import Input

from engine.errors import TripostError
from engine.review_filter import FilterFault
from tripost_tui.actions.keymap import fill
from tripost_tui.external_editor import edit_text
from tripost_tui.screens.base import tripost
from tripost_tui.screens.desk import DeskScreen
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.review import ReviewDesk
from tripost_tui.state.review_passages import last_attempt
from tripost_tui.state.review_port import EditRefused
from tripost_tui.state.review_view import ReviewView
from tripost_tui.text import clean_text
from tripost_tui.widgets.edit_box import LONGEST, EditBox, FilterBox
from tripost_tui.widgets.review_list import ReviewList


class ReviewWriting(DeskScreen[ReviewDesk, ReviewView]):
    """The part of review in which letters type."""

    @property
    def _edit(self) -> EditBox:
        return self.query_one("#edit", EditBox)

    @property
    def _filter(self) -> FilterBox:
        return self.query_one("#filter", FilterBox)

    @property
    def _typing(self) -> bool:
        return self._edit.display or self._filter.display

    async def _leave_editor(self) -> None:
        self._edit.end()
        self._filter.display = False
        self.query_one(ReviewList).focus()
        self.repaint()

    def do_filter(self) -> None:
        self._filter.begin(self.view.wanted)
        self.refresh_footer()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            done = await self._do(lambda desk: desk.narrow(event.value))
        except FilterFault as fault:
            self._filter.fault(str(fault), fault.position)
            return
        if done:
            await self._leave_editor()

    def do_edit(self) -> None:
        item = self.view.item
        if item is None:
            return
        text = last_attempt(item)
        if len(text) > LONGEST:
            tripost(self.app).say(
                fill("Too long to edit here: {review.external} opens it in $EDITOR."), "warning"
            )
            return

        self._write_attempt(item.id, text, text)

    def _write_attempt(self, trajectory_id: int, before: str, text: str) -> None:
        """Open the editor on an attempt; ``before`` is what stands now."""

        async def save(written: str) -> None:
            await self._revise(trajectory_id, before, written)

        self._edit.begin(f"Edit the last attempt of {trajectory_id}", text, save)
        self.repaint()

    def do_note(self) -> None:
        item = self.view.item
        if item is None:
            return

        async def save(written: str) -> None:
            if await self._do(lambda desk: desk.note(item.id, written)):
                await self._leave_editor()

        note = clean_text(item.state.note or "")
        if len(note) > LONGEST:
            tripost(self.app).say("The note is too long to be changed here.", "warning")
            return
        self._edit.begin(f"Note on {item.id}", note, save)
        self.repaint()

    async def do_save(self) -> None:
        if self._edit.display:
            outcome = self._edit.save(self._edit.text)
            if isinstance(outcome, Awaitable):
                await outcome

    async def do_external(self) -> None:
        item = self.view.item
        if item is None:
            return
        text = last_attempt(item)
        try:
            with self.app.suspend():
                written = edit_text(text)
        except SuspendNotSupported:
            tripost(self.app).say(
                fill("This terminal cannot be lent to an editor: {review.edit} edits here.")
            )
            return
        except TripostError as error:
            self._trouble = trouble_of(error)
            self.repaint()
            return
        # Where it is refused it is there to be mended.
        self._write_attempt(item.id, text, written)
        await self.do_save()

    async def _revise(self, trajectory_id: int, before: str, written: str) -> None:
        """Store an edit; where it is refused the editor stays, with the reason."""
        if written.strip() == before.strip():
            await self._leave_editor()
            tripost(self.app).say("Nothing was changed.")
            return
        try:
            done = await self._do(lambda desk: desk.edit(trajectory_id, written))
        except EditRefused as refused:
            self._edit.fault(str(refused))
            return
        if done:
            await self._leave_editor()
