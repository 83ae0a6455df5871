"""A run as it goes: attached through the database, which it only reads."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState, get_current_worker

from db.errors import StoreError
from db.records import CommandKind, Trajectory
from engine.errors import TripostError
from tripost_tui.actions import Target
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.situation import Situation
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.run import RunReading, RunState, Trouble
from tripost_tui.state.trajectory import plain
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.plot import LossPane
from tripost_tui.widgets.run_panes import (
    accuracy_content,
    collected_content,
    doing_content,
    event_content,
    stages_content,
    top_content,
    trajectory_content,
    trajectory_of,
)

POLL_S = 0.25
AFTER_TROUBLE_S = 1.0
STACKED_BELOW = 100
"""Columns; see the classes in the styles."""


class RunScreen(BaseScreen):
    """Looks four times a second for new rows, in a thread of its own."""

    TARGET = Target.RUN
    BINDINGS = bindings_of(Target.RUN)

    class Read(Message):
        """The run has been read, or could not be."""

        def __init__(self, outcome: RunReading | Trouble) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, path: Path, name: str, run_id: int | None) -> None:
        super().__init__()
        self.path = path
        self.run_id = run_id
        self.state = RunState(name, latest=run_id is None)
        self._trajectory: Trajectory | None = None
        self._leave = Event()
        self._taken = Event()

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        with VerticalScroll(id="panes", can_focus=False):
            with Container(id="left"):
                yield Pane("Stages", id="stages")
                yield Pane("Collected", id="collected")
            with Container(id="right"):
                with Container(id="measured"):
                    yield LossPane(ascii_only=tripost(self.app).ascii_only, id="loss")
                    yield Pane("Accuracy", id="accuracy")
                yield Pane("Last trajectory", id="trajectory")
        yield Static(Content(""), id="event")
        yield KeyFooter(Target.RUN)

    def on_mount(self) -> None:
        self._pane("trajectory").show(trajectory_content([]))
        # Where panes are stacked the first one has the focus: the last would be out of sight.
        stacked = self.app.size.width < STACKED_BELOW
        self.query_one("#stages" if stacked else "#trajectory").focus()
        self.repaint()
        self._read_on()

    def on_unmount(self) -> None:
        self._leave.set()
        self._taken.set()

    @work(thread=True, group="run", exit_on_error=False)
    def _read_on(self) -> None:
        app, worker = tripost(self.app), get_current_worker()
        with app.backend.reader(self.path, self.run_id) as reader:
            while True:
                self._taken.clear()
                # Looked at after clearing: who leaves sets both, this one first.
                if self._leave.is_set() or worker.is_cancelled:
                    return
                outcome: RunReading | Trouble
                try:
                    outcome = reader.read()
                except (StoreError, TripostError) as error:
                    outcome = trouble_of(error)
                self.post_message(self.Read(outcome))
                # A screen that cannot follow is not sent more than it can show.
                while not self._taken.wait(POLL_S) and not worker.is_cancelled:
                    pass
                self._leave.wait(AFTER_TROUBLE_S if isinstance(outcome, Trouble) else POLL_S)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "run" and event.state is WorkerState.ERROR:
            text = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.state.fail(Trouble("The app cannot follow the run any more", text))
            self.repaint()

    def on_run_screen_read(self, message: Read) -> None:
        if isinstance(message.outcome, Trouble):
            self.state.fail(message.outcome)
        else:
            self.state.apply(message.outcome)
        self.repaint()
        self._taken.set()

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.repaint)

    def repaint(self) -> None:
        """Show the state as it is."""
        state, glyphs = self.state, self.glyphs
        now = tripost(self.app).clock()
        self.query_one("#top", Static).update(top_content(state, self.size.width - 2, glyphs))
        self.query_one(Notices).show(state.notices())
        stages = self._pane("stages")
        doing = doing_content(state, stages.columns, now, glyphs)
        rows = state.stage_rows(collapse=False)
        lines = len(rows) + len(doing.wrap(stages.columns)) if doing else len(rows)
        if self.has_class("-narrow") or lines > self.size.height // 2 - 2:
            rows = state.stage_rows(collapse=True)
        parts = [stages_content(rows, glyphs), doing]
        stages.show(Content("\n").join(part for part in parts if part))
        collected = self._pane("collected")
        at = state.reading.counts_of if state.reading else 0
        collected.retitle(f"Collected, iteration {at}" if at else "Collected")
        collected.show(collected_content(state, collected.columns, glyphs))
        accuracy = self._pane("accuracy")
        accuracy.show(accuracy_content(state.accuracy_rows(), accuracy.columns, glyphs))
        trajectory = state.reading.trajectory if state.reading else None
        if trajectory is not self._trajectory:
            self._trajectory = trajectory
            self._pane("trajectory").show(trajectory_content(trajectory_of(state)))
        loss = self.query_one(LossPane)
        loss.show(state.loss(loss.columns))
        self.query_one("#event", Static).update(event_content(state, now, glyphs))
        self.refresh_footer()

    def _pane(self, name: str) -> Pane:
        return self.query_one(f"#{name}", Pane)

    def situation(self) -> Situation:
        return self.state.situation()

    def do_pause(self) -> None:
        if not self.state.alive:
            self._start()
        elif self.state.word == "paused":
            self._ask(CommandKind.RESUME)
        else:
            self._ask(CommandKind.PAUSE)

    def do_stop(self) -> None:
        def stop(sure: bool | None) -> None:
            if sure:
                self._ask(CommandKind.STOP)

        text = "It ends after the item at hand. All is saved, and p resumes it later."
        self.app.push_screen(ConfirmDialog("Stop the run?", text), stop)

    def do_checkpoint(self) -> None:
        self._ask(CommandKind.CHECKPOINT)

    def do_report(self) -> None:
        tripost(self.app).open_report(self.path, self.state.name, self.run_id)

    def do_review(self) -> None:
        tripost(self.app).open_review(self.path, self.run_id)

    def do_copy(self) -> None:
        reading = self.state.reading
        if reading is not None and reading.trajectory is not None:
            tripost(self.app).copy(plain(reading.question, reading.trajectory))

    def do_zoom(self) -> None:
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def _ask(self, kind: CommandKind) -> None:
        app = tripost(self.app)
        app.job(
            lambda: app.backend.command(self.path, kind),
            lambda _: app.say(f"Asked the engine to {_WISHES[kind]}."),
        )

    def _start(self) -> None:
        app = tripost(self.app)
        self.state.busy = "Starting the engine: it takes a few seconds to load"
        self.repaint()
        app.job(lambda: app.backend.start(self.path), lambda _: None, self._started)

    def _started(self) -> None:
        self.state.busy = None
        if self.is_there:
            self.repaint()


_WISHES = {
    CommandKind.PAUSE: "pause",
    CommandKind.RESUME: "resume",
    CommandKind.STOP: "stop after the item at hand",
    CommandKind.CHECKPOINT: "write a checkpoint",
}
