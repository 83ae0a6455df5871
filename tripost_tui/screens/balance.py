"""Balance: what of an iteration trains, with which weights, and why the rest does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

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
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.run_lines import run_line
from tripost_tui.situation import Situation
from tripost_tui.state.balance import RATIO, BalanceDesk
from tripost_tui.state.balance_port import Counted, CountPort, Job
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
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.run_line import RunLine
from tripost_tui.widgets.text_view import TextPane
from tripost_tui.widgets.values_box import ValuesBox

POLL_S = 1.0
PROGRESS_S = 0.25
BRING_AFTER_S = 0.03
"""After a step in the list, before the example's text is made: keys that follow go first."""
SHORT = 36
"""Rows under which filters that take nothing have no line."""
_AT_A_TIME_S, _REST_S = 0.004, 0.001
"""How long counting goes on, and how long it then leaves the interpreter to keys and painting."""

Act = Callable[[BalanceDesk], object]


class _LeftAlone(Exception):
    """What is being counted is not wanted any more."""


class BalanceScreen(BaseScreen):
    """A desk in a thread of its own, another thread that counts, and what they show.

    Each key waits for the desk, never for the counting.
    """

    TARGET = Target.BALANCE
    BINDINGS = bindings_of(Target.BALANCE)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.view = BalanceView()
        self.numbers = False
        self.counting: Job | None = None
        self._desk: BalanceDesk | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="balance")
        self._counters = ThreadPoolExecutor(1, thread_name_prefix="counting")
        self._counter: CountPort | None = None
        self._failed: Job | None = None
        self._progress: tuple[int, int] | None = None
        self._rested = 0.0
        self._bringing: Timer | None = None
        self._left = False
        self._trouble: Trouble | None = None
        self._poll_trouble: Trouble | None = None
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
        self._begin()
        self.set_interval(POLL_S, self._poll)
        self.set_interval(PROGRESS_S, self._show_progress)

    def on_unmount(self) -> None:
        self._left = True
        if self._desk is not None:
            self._thread.submit(self._desk.close)
        if self._counter is not None:
            self._counters.submit(self._counter.close)
        self._thread.shutdown(wait=False)
        self._counters.shutdown(wait=False)

    # --- the desk --------------------------------------------------------------------------

    @work(group="balance", exit_on_error=False)
    async def _begin(self) -> None:
        await self._poll()

    def _at_desk(self, act: Act) -> tuple[BalanceView, bool, bool]:
        """Runs in the desk's thread."""
        if self._desk is None:
            backend = tripost(self.app).backend
            self._desk = BalanceDesk(backend.balance(self.place.path, self.place.run_id))
        act(self._desk)
        return self._desk.view(), self._desk.wants_more, self._desk.lacks_example

    async def _do(self, act: Act, *, poll: bool = False) -> bool:
        """Have the desk do something, and show how it stands then; False when it failed."""
        if self._left:
            return False
        trouble: Trouble | None = None
        more = lacking = False
        loop = asyncio.get_running_loop()
        try:
            view, more, lacking = await loop.run_in_executor(self._thread, self._at_desk, act)
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
        self._count()
        if more:
            self._begin()
        if lacking and self._bringing is None:
            self._bringing = self.set_timer(BRING_AFTER_S, self._bring)
        return trouble is None

    async def _bring(self) -> None:
        """Show the text of the example that one has stopped at, or is passing."""
        self._bringing = None
        await self._do(BalanceDesk.show_example)

    async def _poll(self) -> None:
        await self._do(BalanceDesk.poll, poll=True)

    # --- counting --------------------------------------------------------------------------

    def _count(self) -> None:
        """Have counted what is to be, unless it is being counted."""
        job = self.view.job
        if job is not None and self.counting is None and job != self._failed:
            self.counting = job
            self._count_it(job)

    @work(group="counting", exit_on_error=False)
    async def _count_it(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        try:
            counted = await loop.run_in_executor(self._counters, self._counted, job)
        except _LeftAlone:
            counted = None
        except (StoreError, TripostError) as error:
            counted, self._failed = None, job
            self._count_trouble = trouble_of(error)
        else:
            self._count_trouble = None
        self.counting = self._progress = None
        if self._left:
            return
        if counted is None:
            self.repaint()
            self._count()
        else:
            await self._do(lambda desk: desk.take(counted), poll=True)

    def _counted(self, job: Job) -> Counted:
        """Runs in the counting thread."""
        if self._counter is None:
            backend = tripost(self.app).backend
            self._counter = backend.balance(self.place.path, self.place.run_id).counter()
        return Counted(job, self._counter.count(job.iteration, dict(job.values), self._pulse))

    def _pulse(self, done: int, total: int) -> None:
        """Runs in the counting thread, all the time."""
        job, wanted = self.counting, self.view.job
        gone = wanted is not None and job is not None and wanted.iteration != job.iteration
        if self._left or gone:
            raise _LeftAlone
        self._progress = (done, total)
        now = time.perf_counter()
        if now - self._rested > _AT_A_TIME_S:
            time.sleep(_REST_S)
            self._rested = time.perf_counter()

    def _show_progress(self) -> None:
        if self._progress is not None:
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
        progress = self._progress
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

    async def do_down(self) -> None:
        await self._do(lambda desk: desk.move(1))

    async def do_up(self) -> None:
        await self._do(lambda desk: desk.move(-1))

    async def do_first(self) -> None:
        await self._do(lambda desk: desk.go(0))

    async def do_last(self) -> None:
        await self._do(lambda desk: desk.go(len(self.view.shown) - 1))

    def do_page_down(self) -> None:
        self._example.scroll_page_down(animate=False)

    def do_page_up(self) -> None:
        self._example.scroll_page_up(animate=False)

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

    async def on_balance_list_chosen(self, message: BalanceList.Chosen) -> None:
        await self._do(lambda desk: desk.go(message.place))

    async def on_balance_list_wanted(self, message: BalanceList.Wanted) -> None:
        await self._do(lambda desk: desk.look(message.first, message.count))
