"""Evaluate: does it really improve? How often the models are right, and which items changed."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from db.records import CommandKind
from engine.comparing import Outcome
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.screens.choosing_models import offer_models
from tripost_tui.screens.desk import DeskScreen
from tripost_tui.screens.following import FollowingScreen
from tripost_tui.situation import Situation
from tripost_tui.state.comparison_text import plain_comparison
from tripost_tui.state.evaluate import EvaluateState
from tripost_tui.state.evaluate_reading import EvaluationReader
from tripost_tui.state.item_passages import plain_item
from tripost_tui.state.items_desk import ItemDesk
from tripost_tui.state.items_view import ItemsView
from tripost_tui.state.models import Model, ModelChoice
from tripost_tui.state.place import Place
from tripost_tui.state.run import RunReading, Trouble
from tripost_tui.text import clean_text
from tripost_tui.widgets.accuracy_plot import AccuracyPlot
from tripost_tui.widgets.edit_box import FilterBox
from tripost_tui.widgets.evaluate_panes import (
    accuracy_content,
    comparison_content,
    list_subtitle,
    list_title,
    nothing_content,
    summary_content,
    updates_content,
)
from tripost_tui.widgets.item_pair import item_content
from tripost_tui.widgets.items_list import ItemsList
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.line_list import LineList
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.run_top import top_content
from tripost_tui.widgets.text_view import TextPane

SHORT = 30
"""Rows under which the items have two lines above them instead of three."""
SOONEST_S = 2.0
"""Between two looks at items that are being evaluated."""


class EvaluateScreen(DeskScreen[ItemDesk, ItemsView], FollowingScreen):
    """Follows the run's tests, and has a desk for the items, each in a thread of its own."""

    TARGET = Target.EVALUATE
    BINDINGS = bindings_of(Target.EVALUATE)
    POLL_S = 0.5

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.state = EvaluateState(place)
        self.marked = False
        """Whether the words are marked in which the two models differ."""
        self._comparing = False
        self._asked_for: tuple[Model, Model] | None = None
        self._not_before = 0.0
        """When to look again at the models that were asked for last."""
        self._drawn_item: tuple[object, ...] = ()
        self._item_due = False
        self._item_id: int | None = None
        self._texts: dict[str, Content] = {}

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield FilterBox(id="filter", example="words that all stand in an item")
        yield Notices(self.glyphs)
        with VerticalScroll(id="overview", can_focus=False):
            with Container(id="tables"):
                yield Pane("Accuracy", id="accuracy")
                yield Pane("Updates", id="updates")
                yield Pane("Compared", id="compared")
            yield AccuracyPlot(ascii_only=tripost(self.app).ascii_only, id="accuracy-plot")
        with Container(id="items-view"):
            with Vertical(id="items-side"):
                yield Static(Content(""), id="summary")
                yield ItemsList(self.glyphs, id="items-list")
            yield TextPane("Item", id="item-pair")
        yield KeyFooter(Target.EVALUATE)

    def on_mount(self) -> None:
        self.query_one("#items-view").display = False
        self.query_one("#accuracy").focus()
        self.repaint()
        self.follow()

    # --- the run ---------------------------------------------------------------------------

    def reader(self) -> EvaluationReader:
        return tripost(self.app).backend.evaluations(self.place.path, self.place.run_id)

    def take(self, reading: RunReading) -> None:
        self.state.run.apply(reading)
        self._catch_up()

    def fail(self, trouble: Trouble) -> None:
        self.state.run.fail(trouble)

    # --- the items -------------------------------------------------------------------------

    @property
    def view(self) -> ItemsView:
        return self.state.items

    @view.setter
    def view(self, view: ItemsView) -> None:
        self.state.items = view

    def desk(self) -> ItemDesk:
        return ItemDesk(tripost(self.app).backend.items())

    def _catch_up(self) -> None:
        """Compare the models that are wanted, as far as they have been evaluated."""
        wanted, view = self.state.wanted(), self.state.items
        if wanted is None or self._comparing:
            return
        due = wanted != (view.first, view.second) or self.state.is_behind()
        if due and (wanted != self._asked_for or time.monotonic() >= self._not_before):
            self._comparing, self._asked_for = True, wanted
            self._compare(*wanted)

    @work(group="items", exit_on_error=False)
    async def _compare(self, first: Model, second: Model) -> None:
        began = time.monotonic()
        try:
            await self._do(lambda desk: desk.compare(first, second))
        finally:
            self._comparing = False
            # Who waits for a large test looks at it now and then, not all the time.
            took = time.monotonic() - began
            self._not_before = time.monotonic() + max(SOONEST_S, 10 * took)

    # --- showing ---------------------------------------------------------------------------

    def repaint(self) -> None:
        """Show the state as it is."""
        state, glyphs = self.state, self.glyphs
        self._update("#top", top_content(state.run, self.size.width - 2, glyphs))
        notices = state.notices()
        if (trouble := self._trouble) is not None and state.run.trouble is None:
            notices.insert(0, ("error", trouble.title, trouble.message))
        self.query_one(Notices).show(
            [(kind, clean_text(title), clean_text(text)) for kind, title, text in notices]
        )
        self.query_one("#overview").display = not state.in_items
        self.query_one("#items-view").display = state.in_items
        if state.in_items:
            self._show_items()
        else:
            self._show_overview()
        self.refresh_footer()

    def _show_overview(self) -> None:
        state, glyphs = self.state, self.glyphs
        lines = state.lines()
        accuracy, updates, compared = (
            self.query_one(f"#{name}", Pane) for name in ("accuracy", "updates", "compared")
        )
        accuracy.retitle("Accuracy, read flexibly" if state.measure.flexible else "Accuracy")
        accuracy.show(accuracy_content(lines, state.measure, accuracy.columns, glyphs))
        updates.display = bool(lines)
        updates.show(updates_content(lines, updates.columns, glyphs))
        compared.show(comparison_content(state.items, compared.columns, glyphs))
        plot = self.query_one(AccuracyPlot)
        plot.display = bool(lines)
        plot.show(lines, state.run.iterations)

    def _show_items(self) -> None:
        view = self.state.items
        brief = self.size.height < SHORT
        width = self.query_one("#items-list").size.width
        self._update("#summary", summary_content(view, width, self.glyphs, brief=brief))
        self.query_one(ItemsList).show(view, list_title(view), list_subtitle(view))
        if not self._item_due:
            # The list first: to paint the item takes longer, which a key that is held waits for.
            self._item_due = True
            self.call_after_refresh(self._show_item)

    def _show_item(self) -> None:
        self._item_due = False
        if not self.is_there:
            return
        view = self.state.items
        pane = self.text()
        drawn = (view.item, view.measure, view.names, self.marked, pane.columns, view.filtered)
        if drawn == self._drawn_item:
            return
        self._drawn_item = drawn
        if view.item is None:
            pane.retitle("Item")
            pane.show(nothing_content(view))
            return
        pane.retitle("Item, differing words marked" if self.marked else "Item")
        content = item_content(view, marked=self.marked, width=pane.columns, glyphs=self.glyphs)
        pane.show(content, from_top=view.item.first.item_id != self._item_id)
        self._item_id = view.item.first.item_id

    def _update(self, selector: str, content: Content) -> None:
        """Show a text unless it is what is shown."""
        if not content.is_same(self._texts.get(selector, Content(""))):
            self._texts[selector] = content
            self.query_one(selector, Static).update(content)

    def situation(self) -> Situation:
        return self.state.situation()

    # --- leaving ---------------------------------------------------------------------------

    def back(self) -> Awaitable[None] | None:
        if self.state.typing:
            return self._leave_words()
        if self.maximized is not None or not self.state.in_items:
            return None
        return self._clear() if self.state.items.filtered else self._turn()

    async def _clear(self) -> None:
        await self._do(ItemDesk.clear)

    async def _leave_words(self) -> None:
        self.state.typing = False
        self.query_one(FilterBox).display = False
        self.query_one(ItemsList).focus()
        self.repaint()

    async def _turn(self) -> None:
        """Between the items and how often the models are right."""
        self.minimize()
        self.state.in_items = not self.state.in_items
        self.repaint()
        self.query_one("#items-list" if self.state.in_items else "#accuracy").focus()
        # What has just come into sight has its size only now.
        self.call_after_refresh(self.repaint)

    # --- keys ------------------------------------------------------------------------------

    async def do_items(self) -> None:
        await self._turn()

    def do_first(self) -> None:
        self._choose(0)

    def do_second(self) -> None:
        self._choose(1)

    def _choose(self, side: int) -> None:
        app, place = tripost(self.app), self.place
        app.job(
            lambda: app.backend.models(place.path, place.run_id),
            lambda choices: self._offer(side, choices),
        )

    def _offer(self, side: int, choices: list[ModelChoice]) -> None:
        """Let a person choose a model."""
        run = self.state.run.run
        if not self.is_there:
            return
        if run is None or not choices:
            tripost(self.app).say("There is no evaluated model yet.")
            return
        offer_models(
            tripost(self.app),
            f"Model {'AB'[side]}",
            choices,
            (self.state.items.first, self.state.items.second)[side],
            (self.state.path, run.id),
            lambda choice: self._take_model(side, choice),
        )

    def _take_model(self, side: int, choice: ModelChoice) -> None:
        app, other = tripost(self.app), (self.state.items.first, self.state.items.second)[1 - side]
        if choice.why_not:
            app.say(f"They cannot be compared: {choice.why_not}.", "warning")
        elif choice.model == other:
            app.say(fill("That is the other model already; {evaluate.swap} swaps the two."))
        else:
            pair = list(self.state.wanted() or (None, None))
            pair[side] = choice.model
            self.state.chosen = (pair[0], pair[1])
            self._catch_up()

    async def do_swap(self) -> None:
        view = self.state.items
        self.state.chosen = (view.second, view.first)
        await self._do(ItemDesk.swap)

    async def do_measure(self) -> None:
        self.state.turn_measure()
        measure = self.state.measure
        await self._do(lambda desk: desk.choose_measure(measure))
        tripost(self.app).say(f"What counts: {measure}")

    async def do_subtask(self) -> None:
        await self._do(ItemDesk.turn_subtask)
        subtask = self.state.items.subtask
        tripost(self.app).say(f"Compared on {subtask.value if subtask else 'all'} items")

    async def do_order(self) -> None:
        await self._do(ItemDesk.turn_order)
        tripost(self.app).say(f"Order: {self.state.items.order}")

    async def do_kind(self) -> None:
        await self._do(ItemDesk.turn_kind)

    async def do_broken(self) -> None:
        await self._do(lambda desk: desk.choose_kind(Outcome.BROKEN))

    async def do_fixed(self) -> None:
        await self._do(lambda desk: desk.choose_kind(Outcome.FIXED))

    async def do_both_wrong(self) -> None:
        await self._do(lambda desk: desk.choose_kind(Outcome.BOTH_WRONG))

    async def do_both_right(self) -> None:
        await self._do(lambda desk: desk.choose_kind(Outcome.BOTH_RIGHT))

    async def do_all(self) -> None:
        await self._clear()

    def do_diff(self) -> None:
        self.marked = not self.marked
        self.repaint()

    def do_words(self) -> None:
        self.state.typing = True
        self.query_one(FilterBox).begin(self.state.items.words)
        self.refresh_footer()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        if await self._do(lambda desk: desk.find(event.value)):
            await self._leave_words()

    def do_copy(self) -> None:
        view = self.state.items
        show_item = self.state.in_items and view.item is not None
        tripost(self.app).copy(plain_item(view) if show_item else plain_comparison(view))

    def do_report(self) -> None:
        tripost(self.app).open_report(self.place)

    def do_resume(self) -> None:
        app, path = tripost(self.app), self.place.path
        if self.state.run.alive:
            app.job(
                lambda: app.backend.command(path, CommandKind.RESUME),
                lambda _: app.say("Asked the engine to resume."),
            )
            return
        self.state.run.busy = "Starting the engine: it takes a few seconds to load"
        self.repaint()
        app.job(lambda: app.backend.start(path), lambda _: None, self._started)

    def _started(self) -> None:
        self.state.run.busy = None
        if self.is_there:
            self.repaint()

    async def do_down(self) -> None:
        await self._move(1)

    async def do_up(self) -> None:
        await self._move(-1)

    async def _move(self, by: int) -> None:
        if self.state.in_items:
            await self._do(lambda desk: desk.move(by))
        elif self.focused is not None:
            self._scrolled().scroll_relative(y=by, animate=False)

    def _scrolled(self) -> VerticalScroll:
        """What j and k scroll: the focused pane where it has more to show, else all panes."""
        pane = self.focused
        if isinstance(pane, Pane) and pane.max_scroll_y > 0:
            return pane
        return self.query_one("#overview", VerticalScroll)

    async def do_head(self) -> None:
        await self._do(lambda desk: desk.go(0))

    def text(self) -> TextPane:
        return self.query_one("#item-pair", TextPane)

    async def on_line_list_chosen(self, message: LineList.Chosen) -> None:
        if not self.state.typing:
            await self._do(lambda desk: desk.go(message.place))
