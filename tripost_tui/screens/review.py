"""Review: which trajectories are to be trained on, decided by a person, one key each."""

from __future__ import annotations

from collections.abc import Awaitable

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from db.review_records import ReviewKind
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.review_writing import ReviewWriting
from tripost_tui.screens.run_lines import run_line
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.state.review import ASKS_ABOVE, ReviewDesk
from tripost_tui.state.review_passages import DiffMode, shown_passages
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.trajectory import plain
from tripost_tui.text import clean_text
from tripost_tui.widgets.edit_box import EditBox, FilterBox
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.line_list import LineList
from tripost_tui.widgets.pane import Notices
from tripost_tui.widgets.review_item import decision_content, fitting_mode, item_content
from tripost_tui.widgets.review_list import ReviewList
from tripost_tui.widgets.review_top import nothing_content, notices, top_content
from tripost_tui.widgets.run_line import RunLine
from tripost_tui.widgets.text_view import TextView

SHORT = 30
"""Rows under which the tags have no line of their own."""


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


class ReviewScreen(_TagKeys, ReviewWriting):
    """The queue, the trajectory that one is at, and what is decided about it."""

    TARGET = Target.REVIEW
    BINDINGS = bindings_of(Target.REVIEW)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.view = ReviewView()
        self.mode = DiffMode.PLAIN
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
        self.keep_up(ReviewDesk.poll)

    def desk(self) -> ReviewDesk:
        app = tripost(self.app)
        return ReviewDesk(app.backend.reviews(self.place.path, self.place.run_id), app.clock)

    def heed(self, view: ReviewView) -> None:
        if view.said:
            tripost(self.app).say(view.said)

    # --- showing ---------------------------------------------------------------------------

    @property
    def _queue(self) -> ReviewList:
        return self.query_one("#queue", ReviewList)

    @property
    def _item(self) -> TextView:
        return self.query_one("#item", TextView)

    @property
    def _at_work(self) -> bool:
        return self.query_one(RunLine).state.alive

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

    async def do_first(self) -> None:
        await self._do(lambda desk: desk.go(0))

    def text(self) -> TextView:
        return self._item

    def do_diff(self) -> None:
        self.mode = self.mode.after()
        self.repaint()

    def do_copy(self) -> None:
        if (item := self.view.item) is not None:
            text = plain(item.question, item.trajectory)
            if item.edited is not None:
                text += f"\nEdited in review\n{clean_text(item.edited)}\n"
            tripost(self.app).copy(text)

    async def on_line_list_chosen(self, message: LineList.Chosen) -> None:
        if not self._typing:
            await self._do(lambda desk: desk.go(message.place))
