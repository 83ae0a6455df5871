"""A run as it goes: attached through the database, which it only reads."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from db.records import CommandKind, Trajectory
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.following import FollowingScreen
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.state.reading import RunReader
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

STACKED_BELOW = 100
"""Columns; see the classes in the styles."""


class RunScreen(FollowingScreen):
    """Looks four times a second for new rows."""

    TARGET = Target.RUN
    BINDINGS = bindings_of(Target.RUN)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.state = RunState(place.name, latest=place.run_id is None)
        self._trajectory: Trajectory | None = None

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
        self.follow()

    def reader(self) -> RunReader:
        return tripost(self.app).backend.reader(self.place.path, self.place.run_id)

    def take(self, reading: RunReading) -> None:
        self.state.apply(reading)

    def fail(self, trouble: Trouble) -> None:
        self.state.fail(trouble)

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

        text = fill(
            "It ends after the item at hand. All is saved, and {run.pause} resumes it later."
        )
        self.app.push_screen(ConfirmDialog("Stop the run?", text), stop)

    def do_checkpoint(self) -> None:
        self._ask(CommandKind.CHECKPOINT)

    def do_report(self) -> None:
        tripost(self.app).open_report(self.place)

    def do_review(self) -> None:
        tripost(self.app).open_stage(Target.REVIEW, self.place)

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
            lambda: app.backend.command(self.place.path, kind),
            lambda _: app.say(f"Asked the engine to {_WISHES[kind]}."),
        )

    def _start(self) -> None:
        app = tripost(self.app)
        self.state.busy = "Starting the engine: it takes a few seconds to load"
        self.repaint()
        app.job(lambda: app.backend.start(self.place.path), lambda _: None, self._started)

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
