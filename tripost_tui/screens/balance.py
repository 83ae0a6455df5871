"""Balance: what of an iteration trains, with which weights, and why the rest does not."""

from __future__ import annotations

from collections.abc import Awaitable

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from db.errors import StoreError
from engine.errors import TripostError
from tripost_tui.actions import Target
from tripost_tui.counting import Counting
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.screens.desk import DeskScreen
from tripost_tui.screens.run_lines import run_line
from tripost_tui.situation import Situation
from tripost_tui.state.balance import RATIO, BalanceDesk
from tripost_tui.state.balance_port import BalancePort, Counted, Job
from tripost_tui.state.balance_view import BalanceView
from tripost_tui.state.balance_words import (
    ValueFault,
    parse_values,
    values_text,
    weighted_text,
)
from tripost_tui.state.place import Place
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text
from tripost_tui.widgets.balance_list import BalanceList
from tripost_tui.widgets.balance_panes import (
    counts_content,
    example_content,
    nothing_content,
    notices,
    top_content,
)
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.line_list import LineList
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.run_line import RunLine
from tripost_tui.widgets.text_view import TextPane
from tripost_tui.widgets.values_box import ValuesBox

PROGRESS_S = 0.25
BRING_AFTER_S = 0.03
"""After a step in the list, before the example's text is made: keys that follow go first."""
SHORT = 36
"""Rows under which filters that take nothing have no line."""


class BalanceScreen(DeskScreen[BalanceDesk, BalanceView]):
    """What the desk brings, which each key waits for, and what is counted, which no key does."""

    TARGET = Target.BALANCE
    BINDINGS = bindings_of(Target.BALANCE)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.view = BalanceView()
        self.numbers = False
        self._counting = Counting(lambda: self._port().counter())
        self._failed: Job | None = None
        self._bringing: Timer | None = None
        self._count_trouble: Trouble | None = None
        self._before: dict[str, float] = {}
        """p and the weights when the editor was opened."""
        self._drawn: tuple[object, ...] = ()
        self._drawn_entry: object = None
        self._top = Content("")

    def compose(self) -> ComposeResult:
        yield run_line(self, self.place)
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        yield ValuesBox(id="values")
        with Container(id="balancing"):
            with Vertical(id="balance-left"):
                yield Pane("Stage 2", id="counts")
                yield BalanceList(self.glyphs, id="examples")
            yield TextPane("Example", id="example")
        yield KeyFooter(Target.BALANCE)

    def on_mount(self) -> None:
        self._list.focus()
        self.repaint()
        self.keep_up(BalanceDesk.poll)
        self.set_interval(PROGRESS_S, self._show_progress)

    def on_unmount(self) -> None:
        self._counting.leave()

    # --- the desk --------------------------------------------------------------------------

    def _port(self) -> BalancePort:
        return tripost(self.app).backend.balance(self.place.path, self.place.run_id)

    def desk(self) -> BalanceDesk:
        return BalanceDesk(self._port())

    def heed(self, view: BalanceView) -> None:
        if view.said:
            tripost(self.app).say(view.said)
        self._count()
        if view.wants_more:
            self.look_for_news()
        if view.lacks_example and self._bringing is None:
            self._bringing = self.set_timer(BRING_AFTER_S, self._bring)

    async def _bring(self) -> None:
        """Show the text of the example that one has stopped at, or is passing."""
        self._bringing = None
        await self._do(BalanceDesk.show_example)

    # --- counting --------------------------------------------------------------------------

    def _count(self) -> None:
        """Have counted what is to be, unless it is being counted."""
        job = self._counting.wanted = self.view.job
        if job is not None and self._counting.job is None and job != self._failed:
            self._counting.job = job
            self._count_it(job)

    @work(group="counting", exit_on_error=False)
    async def _count_it(self, job: Job) -> None:
        counted: Counted | None = None
        try:
            counted = await self._counting.count(job)
        except (StoreError, TripostError) as error:
            self._failed, self._count_trouble = job, trouble_of(error)
        else:
            if counted is not None:
                self._count_trouble = None
        if self._left:
            return
        if counted is None:
            self.repaint()
            self._count()
        else:
            await self._do(lambda desk: desk.take(counted), poll=True)

    def _show_progress(self) -> None:
        if self._counting.progress is not None:
            self._show_top()

    # --- showing ---------------------------------------------------------------------------

    @property
    def _list(self) -> BalanceList:
        return self.query_one("#examples", BalanceList)

    @property
    def _example(self) -> TextPane:
        return self.query_one("#example", TextPane)

    @property
    def _values(self) -> ValuesBox:
        return self.query_one("#values", ValuesBox)

    @property
    def _at_work(self) -> bool:
        return self.query_one(RunLine).state.alive

    @property
    def _typing(self) -> bool:
        return self._values.display

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
        """Show the view as it is."""
        view = self.view
        self._show_top()
        self.set_class(self._typing, "-editing")
        troubles = (self._trouble, self._poll_trouble, self._count_trouble)
        self.query_one(Notices).show(notices(view, troubles))
        counts = self.query_one("#counts", Pane)
        brief = self.size.height < SHORT
        counts.show(counts_content(view, counts.columns, self.glyphs, brief=brief))
        self._list.show(view)
        self._show_example()
        self.refresh_footer()

    def _show_top(self) -> None:
        progress = self._counting.progress
        top = top_content(self.view, self.place.path.name, progress, self.glyphs)
        if not top.is_same(self._top):
            self._top = top
            self.query_one("#top", Static).update(top, layout=False)

    def _show_example(self) -> None:
        view, pane = self.view, self._example
        example = view.example
        drawn = (example, self.numbers, view.loaded, view.source, view.is_old, bool(view.entries))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if example is None:
            failed = self._poll_trouble is not None
            pane.show(nothing_content(view, failed=failed, at_work=self._at_work))
            return
        content = example_content(example, self.glyphs, numbers=self.numbers)
        pane.show(content, from_top=example.entry is not self._drawn_entry)
        self._drawn_entry = example.entry

    def situation(self) -> Situation:
        view = self.view
        return Situation(
            readable=self._poll_trouble is None,
            typing=self._typing if self.is_mounted else False,
            has_run=view.loaded,
            has_iterations=view.overview is not None,
            has_example=view.example is not None,
            other_values=view.edited,
            has_p=view.facts.balances,
            selected=True,
        )

    # --- keys ------------------------------------------------------------------------------

    def back(self) -> Awaitable[None] | None:
        if self._typing:
            return self._take_back()
        return None

    async def _take_back(self) -> None:
        before = self._before
        self._leave_values()
        await self._do(lambda desk: desk.set_values(before))

    def _leave_values(self) -> None:
        self._values.display = False
        self._list.focus()
        self.repaint()

    def do_values(self) -> None:
        self._before = dict(self.view.values)
        self._values.begin(values_text(self.view.values))
        self.repaint()

    async def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self._typing:
            return
        try:
            values = parse_values(event.value, self._before)
        except ValueFault as fault:
            self._values.fault(str(fault))
            return
        self._values.fault("")
        await self._do(lambda desk: desk.set_values({**self._before, **values}))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            parse_values(event.value, self._before)
        except ValueFault as fault:
            self._values.fault(str(fault))
            return
        self._leave_values()

    async def do_more(self) -> None:
        await self._do(lambda desk: desk.nudge(1))

    async def do_less(self) -> None:
        await self._do(lambda desk: desk.nudge(-1))

    async def do_off(self) -> None:
        await self._do(lambda desk: desk.set_values({RATIO: 0.0}))

    async def do_reset(self) -> None:
        await self._do(BalanceDesk.reset)

    async def do_save(self) -> None:
        await self._do(BalanceDesk.save)

    async def do_rows(self) -> None:
        await self._do(lambda desk: desk.turn_rows(1))

    async def do_rows_before(self) -> None:
        await self._do(lambda desk: desk.turn_rows(-1))

    async def do_kind(self) -> None:
        await self._do(BalanceDesk.turn_kind)

    async def do_iteration(self) -> None:
        await self._do(lambda desk: desk.turn_iteration(1))

    async def do_iteration_before(self) -> None:
        await self._do(lambda desk: desk.turn_iteration(-1))

    async def do_first(self) -> None:
        await self._do(lambda desk: desk.go(0))

    def text(self) -> TextPane:
        return self._example

    def do_numbers(self) -> None:
        self.numbers = not self.numbers
        self.repaint()

    def zoomed(self) -> Widget:
        return self._example

    def do_copy(self) -> None:
        example = self.view.example
        if example is None:
            return
        text = "".join(piece.text for piece in example.pieces)
        if self.numbers:
            text = weighted_text(example.pieces)
        tripost(self.app).copy(clean_text(text) + "\n")

    async def on_line_list_chosen(self, message: LineList.Chosen) -> None:
        await self._do(lambda desk: desk.go(message.place))
