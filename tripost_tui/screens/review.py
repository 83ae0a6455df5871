"""Review: which trajectories are to be trained on, decided by a person, one key each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from textual import work
from textual.app import ComposeResult, SuspendNotSupported
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, Static

from db.errors import StoreError
from db.review_records import ReviewKind
from engine.errors import TripostError
from engine.review_filter import FilterFault
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.external_editor import edit_text
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.run_lines import run_line
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.review import ASKS_ABOVE, ReviewDesk
from tripost_tui.state.review_passages import DiffMode, last_attempt, shown_passages
from tripost_tui.state.review_port import EditRefused
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.run import Trouble
from tripost_tui.state.trajectory import plain
from tripost_tui.text import clean_text
from tripost_tui.widgets.edit_box import LONGEST, EditBox, FilterBox
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices
from tripost_tui.widgets.review_item import decision_content, fitting_mode, item_content
from tripost_tui.widgets.review_list import ReviewList
from tripost_tui.widgets.review_top import nothing_content, notices, top_content
from tripost_tui.widgets.run_line import RunLine
from tripost_tui.widgets.text_view import TextView

POLL_S = 1.0
SHORT = 30
"""Rows under which the tags have no line of their own."""

Act = Callable[[ReviewDesk], object]


class _TagKeys:
    """What the keys 1 to 9 do."""

    async def tag(self, number: int) -> None:
        raise NotImplementedError

    async def do_tag1(self) -> None:
        await self.tag(1)

    async def do_tag2(self) -> None:
        await self.tag(2)

    async def do_tag3(self) -> None:
        await self.tag(3)

    async def do_tag4(self) -> None:
        await self.tag(4)

    async def do_tag5(self) -> None:
        await self.tag(5)

    async def do_tag6(self) -> None:
        await self.tag(6)

    async def do_tag7(self) -> None:
        await self.tag(7)

    async def do_tag8(self) -> None:
        await self.tag(8)

    async def do_tag9(self) -> None:
        await self.tag(9)


class ReviewScreen(_TagKeys, BaseScreen):
    """A desk in a thread of its own, and what it shows.

    Each key waits for the desk, so that keys pressed in a row concern one item after the other.
    """

    TARGET = Target.REVIEW
    BINDINGS = bindings_of(Target.REVIEW)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.view = ReviewView()
        self.mode = DiffMode.PLAIN
        self._desk: ReviewDesk | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="review")
        self._left = False
        self._trouble: Trouble | None = None
        """Of the last thing that was asked for, and of looking for news."""
        self._poll_trouble: Trouble | None = None
        self._drawn: tuple[object, ...] = ()
        self._drawn_item: int | None = None
        self._item_due = False
        self._texts: dict[str, Content] = {}

    def compose(self) -> ComposeResult:
        yield run_line(self, self.place)
        yield Static(Content(""), id="top")
        yield FilterBox(id="filter")
        yield Notices(self.glyphs)
        with Container(id="reviewing"):
            yield ReviewList(self.glyphs, id="queue")
            with Vertical(id="item-side"):
                yield TextView("Trajectory", id="item")
                yield EditBox(id="edit")
                yield Static(Content(""), id="decision")
        yield KeyFooter(Target.REVIEW)

    def on_mount(self) -> None:
        self._queue.focus()
        self.repaint()
        self._begin()
        self.set_interval(POLL_S, self._poll)

    def on_unmount(self) -> None:
        self._left = True
        if self._desk is not None:
            self._thread.submit(self._desk.close)
        self._thread.shutdown(wait=False)

    # --- the desk --------------------------------------------------------------------------

    @work(group="review", exit_on_error=False)
    async def _begin(self) -> None:
        await self._do(ReviewDesk.poll, poll=True)

    def _at_desk(self, act: Act) -> ReviewView:
        """Runs in the desk's thread."""
        if self._desk is None:
            app = tripost(self.app)
            self._desk = ReviewDesk(
                app.backend.reviews(self.place.path, self.place.run_id), app.clock
            )
        act(self._desk)
        return self._desk.view()

    async def _do(self, act: Act, *, poll: bool = False) -> bool:
        """Have the desk do something, and show how it stands then; False when it failed."""
        if self._left:
            return False
        trouble: Trouble | None = None
        loop = asyncio.get_running_loop()
        try:
            view = await loop.run_in_executor(self._thread, self._at_desk, act)
        except (StoreError, TripostError) as error:
            trouble = trouble_of(error)
        else:
            if view.serial > self.view.serial:
                self.view = view
        if not self.is_there:
            return False
        self._poll_trouble = trouble if poll else self._poll_trouble
        if not poll:
            self._trouble = trouble
        if trouble is None and view.said:
            tripost(self.app).say(view.said)
        self.repaint()
        return trouble is None

    async def _poll(self) -> None:
        await self._do(ReviewDesk.poll, poll=True)

    # --- showing ---------------------------------------------------------------------------

    @property
    def _queue(self) -> ReviewList:
        return self.query_one("#queue", ReviewList)

    @property
    def _item(self) -> TextView:
        return self.query_one("#item", TextView)

    @property
    def _edit(self) -> EditBox:
        return self.query_one("#edit", EditBox)

    @property
    def _filter(self) -> FilterBox:
        return self.query_one("#filter", FilterBox)

    @property
    def _at_work(self) -> bool:
        return self.query_one(RunLine).state.alive

    @property
    def _typing(self) -> bool:
        return self._edit.display or self._filter.display

    def on_run_line_changed(self, _: RunLine.Changed) -> None:
        if self.is_there and self.is_mounted:
            self._drawn = ()
            self.repaint()

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.repaint)

    def keys_changed(self) -> None:
        self._drawn = ()
        super().keys_changed()

    def repaint(self) -> None:
        """Show the view as it is: the list now, the item with the next painting.

        To paint the item takes three times as long as the list, which is what a key that is held
        down waits for.
        """
        view = self.view
        self._update("#top", top_content(view, self.place.path.name, self.glyphs))
        self.query_one(Notices).show(notices(view, (self._trouble, self._poll_trouble)))
        self._queue.show(view)
        self.set_class(self._edit.display, "-editing")
        self.refresh_footer()
        if not self._item_due:
            self._item_due = True
            self.call_after_refresh(self._repaint_item)

    def _repaint_item(self) -> None:
        self._item_due = False
        if not self.is_there:
            return
        view = self.view
        self._show_item()
        brief = self.size.height < SHORT
        width = max(20, self._item.size.width)
        self._update("#decision", decision_content(view, width, self.glyphs, brief=brief))
        self.query_one("#decision").display = view.item is not None

    def _update(self, selector: str, content: Content) -> None:
        """Show a text unless it is what is shown; the screen is laid out if its height changes."""
        before = self._texts.get(selector, Content(""))
        if not content.is_same(before):
            self._texts[selector] = content
            widget = self.query_one(selector, Static)
            width = max(1, widget.content_size.width)
            heights = {text.get_height({}, width) for text in (before, content)}
            widget.update(content, layout=len(heights) > 1)

    def _show_item(self) -> None:
        view, pane = self.view, self._item
        drawn = (view.item, self.mode, pane.columns, view.loaded, bool(view.ids))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        item = view.item
        if item is None:
            pane.retitle("Trajectory")
            failed = self._poll_trouble is not None
            pane.show(nothing_content(view, failed=failed, at_work=self._at_work))
            return
        origin = f"{item.trajectory.origin.value}, iteration {item.trajectory.iteration}"
        shown = fitting_mode(self.mode, pane.columns)
        mode = "" if shown is DiffMode.PLAIN else f", {shown}"
        pane.retitle(f"Trajectory {item.id}, {origin}{mode}")
        content = item_content(shown_passages(item), self.mode, pane.columns, self.glyphs)
        pane.show(content, from_top=item.id != self._drawn_item)
        self._drawn_item = item.id

    def situation(self) -> Situation:
        return Situation(
            readable=self._poll_trouble is None,
            in_review=self.view.item is not None,
            typing=self._typing if self.is_mounted else False,
            has_run=self.view.loaded,
            selected=True,
        )

    # --- leaving ---------------------------------------------------------------------------

    def back(self) -> Awaitable[None] | None:
        if self._typing:
            if self._edit.put_aside():
                tripost(self.app).say("Not saved. What you wrote is there when you edit it again.")
            return self._leave_editor()
        view = self.view
        if view.second_look or view.anchor is not None or view.wanted:
            return self._desk_back()
        return None

    async def _desk_back(self) -> None:
        await self._do(ReviewDesk.back)

    async def _leave_editor(self) -> None:
        self._edit.end()
        self._filter.display = False
        self._queue.focus()
        self.repaint()

    # --- keys ------------------------------------------------------------------------------

    async def do_accept(self) -> None:
        await self._decide(ReviewKind.ACCEPT)

    async def do_reject(self) -> None:
        await self._decide(ReviewKind.REJECT)

    async def _decide(self, kind: ReviewKind) -> None:
        count = len(self.view.selected)
        if count <= ASKS_ABOVE or self.view.second_look:
            await self._do(lambda desk: desk.decide(kind))
            return

        def decide(sure: bool | None) -> None:
            if sure:
                self.call_later(self._do, lambda desk: desk.decide(kind))

        text = f"All {count:,} of the range, whatever was decided about them."
        text += fill(" {review.undo} takes it back.")
        title = f"{kind.value.capitalize()} {count:,} trajectories?"
        self.app.push_screen(ConfirmDialog(title, text), decide)

    async def do_later(self) -> None:
        await self._do(ReviewDesk.later)

    async def do_undo(self) -> None:
        await self._do(ReviewDesk.undo)

    async def do_redo(self) -> None:
        await self._do(ReviewDesk.redo)

    async def do_flag(self) -> None:
        await self._do(ReviewDesk.flag)

    async def tag(self, number: int) -> None:
        await self._do(lambda desk: desk.tag(number))

    async def do_range(self) -> None:
        await self._do(ReviewDesk.mark_range)

    async def do_blind(self) -> None:
        await self._do(ReviewDesk.turn_blind)

    async def do_order(self) -> None:
        await self._do(ReviewDesk.turn_order)

    async def do_anew(self) -> None:
        await self._do(ReviewDesk.read_anew)

    async def do_down(self) -> None:
        await self._do(lambda desk: desk.move(1))

    async def do_up(self) -> None:
        await self._do(lambda desk: desk.move(-1))

    async def do_first(self) -> None:
        await self._do(lambda desk: desk.go(0))

    async def do_last(self) -> None:
        await self._do(lambda desk: desk.go(len(self.view.ids) - 1))

    def do_page_down(self) -> None:
        self._item.scroll_page_down(animate=False)

    def do_page_up(self) -> None:
        self._item.scroll_page_up(animate=False)

    def do_diff(self) -> None:
        self.mode = self.mode.after()
        self.repaint()

    def do_copy(self) -> None:
        if (item := self.view.item) is not None:
            text = plain(item.question, item.trajectory)
            if item.edited is not None:
                text += f"\nEdited in review\n{clean_text(item.edited)}\n"
            tripost(self.app).copy(text)

    async def on_review_list_chosen(self, message: ReviewList.Chosen) -> None:
        if not self._typing:
            await self._do(lambda desk: desk.go(message.place))

    async def on_review_list_wanted(self, message: ReviewList.Wanted) -> None:
        await self._do(lambda desk: desk.look(message.first, message.count))

    # --- writing ---------------------------------------------------------------------------

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
