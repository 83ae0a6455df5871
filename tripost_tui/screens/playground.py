"""The Playground: ask a run's student anything, and watch it answer and correct itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus, Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static, TextArea
from textual.worker import Worker, WorkerState

from db.errors import StoreError
from db.records import Subtask
from engine.errors import TripostError
from engine.play.outlook import Outlook
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.playing import Player
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.choosing import ChoiceDialog
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.situation import Situation
from tripost_tui.state.new_project import Choice
from tripost_tui.state.place import Place
from tripost_tui.state.playground import NOTHING, Phase, Playground
from tripost_tui.state.playing import Asked, Column
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text
from tripost_tui.widgets.edit_box import LONGEST
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.play_column import (
    column_content,
    column_title,
    plain_answers,
    question_title,
    top_content,
)
from tripost_tui.widgets.question_box import QuestionBox

TICK_S = 1 / 15
"""How often what is written is shown; a small student writes hundreds of tokens a second."""


class PlaygroundScreen(BaseScreen):
    """Its state outlives it; the model's process does not."""

    TARGET = Target.PLAYGROUND
    BINDINGS = bindings_of(Target.PLAYGROUND)
    AUTO_FOCUS = "#question"

    class Looked(Message):
        """What there is to ask, or why there is nothing."""

        def __init__(self, outcome: Outlook | Trouble, asks: bool) -> None:
            super().__init__()
            self.outcome, self.asks = outcome, asks

    class Started(Message):
        """A process was started, or could not be."""

        def __init__(self, trouble: Trouble | None) -> None:
            super().__init__()
            self.trouble = trouble

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.state = Playground()
        self._player: Player | None = None
        self._original = self._written = ""
        """The question as its source has it, and as it was written into the field: clean."""
        self._second = -1
        self._drawn: Asked | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        with Container(id="asking"):
            yield QuestionBox(id="question")
        with Container(id="answers"):
            yield Pane("", id="left")
            yield Pane("", id="right")
        yield KeyFooter(Target.PLAYGROUND)

    def on_mount(self) -> None:
        app = tripost(self.app)
        self.state = app.playground(self.place)
        self._player = app.backend.player(self.place.path, self.place.run_id)
        self._box.cursor_blink = False
        if self.state.shown is not None:
            self._write(self.state.shown.question)
        self._look(asks=False)
        self.set_interval(TICK_S, self._tick)
        self.repaint()

    def on_unmount(self) -> None:
        self.state.left()
        if self._player is not None:
            self._player.close()

    # --- the process -----------------------------------------------------------------------

    def _look(self, *, asks: bool) -> None:
        """Look what there is, and load it; ``asks``: a person wants it, whatever is in the way."""
        self.state.begin_look()
        self._look_on(asks)
        self.repaint()

    @work(thread=True, group="look", exit_on_error=False)
    def _look_on(self, asks: bool) -> None:
        assert self._player is not None
        try:
            outcome: Outlook | Trouble = self._player.look()
        except (StoreError, TripostError) as error:
            outcome = trouble_of(error)
        self.post_message(self.Looked(outcome, asks))

    def on_playground_screen_looked(self, message: Looked) -> None:
        state = self.state
        if isinstance(message.outcome, Trouble):
            state.fail(message.outcome)
        else:
            state.take(message.outcome)
            if state.loads_by_itself or (message.asks and message.outcome.fits):
                self._load()
            elif message.asks:
                self._offer_to_load(message.outcome)
        self.repaint()

    def _offer_to_load(self, outlook: Outlook) -> None:
        def load(sure: bool | None) -> None:
            if not self.is_there:
                return
            if sure:
                self._load()
            else:
                self.state.cancel()
            self.repaint()

        busy = f"An engine is at work ({', '.join(outlook.at_work)}). " if outlook.at_work else ""
        text = (
            f"{outlook.memory} {busy}Loading it may fail, and may take the memory that a training "
            "needs."
        )
        self.app.push_screen(ConfirmDialog("Load it all the same?", clean_text(text)), load)

    def _load(self) -> None:
        self.state.begin_load(tripost(self.app).clock())
        self._start_on()

    @work(thread=True, group="look", exit_on_error=False)
    def _start_on(self) -> None:
        assert self._player is not None
        try:
            self._player.start()
        except TripostError as error:
            self.post_message(self.Started(trouble_of(error)))
        else:
            self.post_message(self.Started(None))

    def on_playground_screen_started(self, message: Started) -> None:
        if message.trouble is not None:
            self.state.fail(message.trouble)
            self.repaint()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "look" and event.state is WorkerState.ERROR:
            error = event.worker.error
            text = f"{type(error).__name__}: {error}. This is a bug; please report it."
            self.state.fail(Trouble("The Playground broke off", text))
            self.repaint()

    def _tick(self) -> None:
        assert self._player is not None
        events = self._player.waiting()
        for event in events:
            self.state.apply(event)
        if (request := self.state.request()) is not None:
            self._player.send(request)
            self.repaint()
        second = int(tripost(self.app).clock()) if self.state.phase is Phase.LOADING else -1
        if events or second != self._second:
            self._second = second
            self.repaint()

    # --- showing ---------------------------------------------------------------------------

    @property
    def _box(self) -> QuestionBox:
        return self.query_one(QuestionBox)

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.repaint)

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        self._entitle()

    def on_descendant_blur(self, _: DescendantBlur) -> None:
        self._entitle()

    def on_text_area_changed(self, _: TextArea.Changed) -> None:
        self._entitle()

    def repaint(self) -> None:
        """Show the state as it is."""
        state, glyphs = self.state, self.glyphs
        now = tripost(self.app).clock()
        self.query_one("#top", Static).update(top_content(state, self.place.name, now, glyphs))
        self.query_one(Notices).show(state.notices())
        asked = state.shown
        goes_on, self._drawn = asked is self._drawn, asked
        columns = asked.columns if asked else [Column(weights) for weights in state.chosen]
        if not columns:
            nothing = Content.styled(state.nothing, "dim")
            self._show(self.query_one("#left", Pane), nothing, follow=False)
        for name, column in zip(("#left", "#right"), [*columns, None, None], strict=False):
            pane = self.query_one(name, Pane)
            pane.display = column is not None or (name == "#left")
            if column is None:
                continue
            pane.border_title = column_title(asked, column, glyphs)
            content = column_content(asked, column, state, glyphs)
            self._show(pane, content, follow=goes_on and asked is not None)
        self._entitle()
        self.refresh_footer()

    def _show(self, pane: Pane, content: Content, *, follow: bool) -> None:
        """Show a text from its beginning, or more of it: who reads its end goes on doing so."""
        at_end = pane.scroll_offset.y >= pane.max_scroll_y - 1
        if not pane.show(content):
            return
        if not follow:
            pane.scroll_home(animate=False)
        elif at_end:
            pane.call_after_refresh(pane.scroll_end, animate=False)

    def _entitle(self) -> None:
        box = self.query_one("#asking", Container)
        box.border_title = Content(question_title(self.state, self._typed))
        keys = (
            "{playground.ask} asks, {playground.newline} new line, esc leaves"
            if self._box.has_focus
            else "{playground.write} writes, {playground.copy} copies"
        )
        box.border_subtitle = Content(fill(keys))

    @property
    def _typed(self) -> str:
        """The question in the field, as it is to be asked."""
        text = self._box.text
        return self._original if text == self._written else text

    def _write(self, question: str) -> None:
        self._original = question
        self._box.write(question)
        self._written = self._box.text
        self._entitle()

    def situation(self) -> Situation:
        return self.state.situation()

    # --- keys ------------------------------------------------------------------------------

    def do_ask(self) -> None:
        question = self._typed.strip("\n")
        again = self.state.phase.is_over
        if not question.strip() and again:
            self._look(asks=True)
            return
        if not question.strip():
            text = fill("Type a question first; {playground.random} takes a test item.")
            tripost(self.app).say(text, "warning")
            return
        self.state.ask(question)
        self.query_one("#left").focus()
        if again or self.state.phase is Phase.EMPTY:
            self._look(asks=True)
        self.repaint()

    def do_cancel(self) -> None:
        if self.state.open is not None:
            request = self.state.cancel()
            if request is not None and self._player is not None:
                self._player.send(request)
            self.repaint()
        elif self._box.has_focus:
            self.query_one("#left").focus()
        else:
            tripost(self.app).do_back()

    def do_write(self) -> None:
        self._box.focus()
        self._box.select_all()

    def do_newline(self) -> None:
        if self._box.has_focus:
            self._box.insert("\n")

    def do_random(self) -> None:
        self._take_item(None)

    def do_seen(self) -> None:
        self._take_item(Subtask.SEEN)

    def do_unseen(self) -> None:
        self._take_item(Subtask.UNSEEN)

    def _take_item(self, subtask: Subtask | None) -> None:
        item = self.state.draw(subtask)
        if item is None:
            tripost(self.app).say(f"The project has no {subtask or ''} test items.", "warning")
            return
        self._write(item.question)

    def do_models(self) -> None:
        state = self.state
        left, right = state.chosen[0], state.chosen[1:]
        names = [column.name for column in map(Column, (left, *right))]

        def chosen_left(first: str | None) -> None:
            if first is None:
                return

            def chosen_right(second: str | None) -> None:
                if second is not None:
                    self._choose(first, second)

            now = names[1] if right else NOTHING
            self._offer("Right column", right_choices, now, chosen_right)

        right_choices = state.choices(right=True)
        self._offer("Left column", state.choices(right=False), names[0], chosen_left)

    def _offer(
        self,
        title: str,
        choices: Sequence[Choice],
        now: str,
        done: Callable[[str | None], None],
    ) -> None:
        self.app.push_screen(ChoiceDialog(title, choices, now, ""), done)

    def _choose(self, left: str, right: str) -> None:
        if problem := self.state.choose(left, right):
            tripost(self.app).say(problem, "warning")
        else:
            tripost(self.app).say(f"From the next question on: {self.state.names()}.")
        self.repaint()

    def do_temperature(self) -> None:
        self.state.next_temperature()
        self.repaint()

    def do_more(self) -> None:
        self.state.change_updates(1)
        self.repaint()

    def do_fewer(self) -> None:
        self.state.change_updates(-1)
        self.repaint()

    def do_earlier(self) -> None:
        self._recall(self.state.earlier(self._typed))

    def do_later(self) -> None:
        self._recall(self.state.later())

    def _recall(self, question: str | None) -> None:
        if question is not None:
            self._write(question)
            self.repaint()

    def do_copy(self) -> None:
        if self.state.shown is not None:
            tripost(self.app).copy(plain_answers(self.state.shown))

    def zoomed(self) -> Widget | None:
        return self.focused if isinstance(self.focused, Pane) else None

    def on_question_box_beyond(self, message: QuestionBox.Beyond) -> None:
        tripost(self.app).act("playground.earlier" if message.by < 0 else "playground.later")

    def on_question_box_too_long(self, message: QuestionBox.TooLong) -> None:
        text = (
            f"{message.characters:,} characters are too long for the field, which takes "
            f"{LONGEST:,}: tripost ask reads a question from a file."
        )
        tripost(self.app).say(text, "warning")
