"""A run as it goes: attached through the database, which it only reads."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from db.records import Trajectory
from tripost_tui.actions import Target
from tripost_tui.screens.about_run import STACKED_BELOW, AboutRunScreen
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.state.place import Place
from tripost_tui.state.reading import RunReader
from tripost_tui.state.run import RunState
from tripost_tui.state.trajectory import plain
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.plot import LossPane
from tripost_tui.widgets.run_panes import (
    accuracy_content,
    collected_content,
    doing_content,
    stages_content,
    trajectory_content,
    trajectory_of,
)


class RunScreen(AboutRunScreen):
    """Looks four times a second for new rows."""

    TARGET = Target.RUN
    BINDINGS = bindings_of(Target.RUN)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.state: RunState = RunState(place.name, latest=place.run_id is None)
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
        self.pane("trajectory").show(trajectory_content([]))
        # Where panes are stacked the first one has the focus: the last would be out of sight.
        stacked = self.app.size.width < STACKED_BELOW
        self.query_one("#stages" if stacked else "#trajectory").focus()
        self.repaint()
        self.follow()

    def reader(self) -> RunReader:
        return tripost(self.app).backend.reader(self.place.path, self.place.run_id)

    def repaint(self) -> None:
        """Show the state as it is."""
        state, glyphs = self.state, self.glyphs
        now = tripost(self.app).clock()
        self.show_frame()
        stages = self.pane("stages")
        doing = doing_content(state, stages.columns, now, glyphs)
        rows = state.stage_rows(collapse=False)
        lines = len(rows) + len(doing.wrap(stages.columns)) if doing else len(rows)
        if self.has_class("-narrow") or lines > self.size.height // 2 - 2:
            rows = state.stage_rows(collapse=True)
        parts = [stages_content(rows, glyphs), doing]
        stages.show(Content("\n").join(part for part in parts if part))
        collected = self.pane("collected")
        at = state.reading.counts_of if state.reading else 0
        collected.retitle(f"Collected, iteration {at}" if at else "Collected")
        collected.show(collected_content(state, collected.columns, glyphs))
        accuracy = self.pane("accuracy")
        accuracy.show(accuracy_content(state.accuracy_rows(), accuracy.columns, glyphs))
        trajectory = state.reading.trajectory if state.reading else None
        if trajectory is not self._trajectory:
            self._trajectory = trajectory
            self.pane("trajectory").show(trajectory_content(trajectory_of(state)))
        loss = self.query_one(LossPane)
        loss.show(state.loss(loss.columns))

    def do_copy(self) -> None:
        reading = self.state.reading
        if reading is not None and reading.trajectory is not None:
            tripost(self.app).copy(plain(reading.question, reading.trajectory))
