"""Stage 3 of a run as it goes: the loss and what else tells how a training is doing."""

from __future__ import annotations

from functools import partial

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tripost_tui.actions import Target
from tripost_tui.screens.about_run import STACKED_BELOW, AboutRunScreen
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.state.place import Place
from tripost_tui.state.train_reading import TrainReader
from tripost_tui.state.training import CHARTS, TrainState
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.plot import ChartPane
from tripost_tui.widgets.train_panes import alerts_content, figures_content, words_content

_APART_S = 0.03
"""Seconds between the drawings of two charts."""


class TrainScreen(AboutRunScreen):
    """Looks four times a second for new steps. What is drawn is made by the thread that reads."""

    TARGET = Target.TRAIN
    BINDINGS = bindings_of(Target.TRAIN)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.state: TrainState = TrainState(place.name, latest=place.run_id is None)
        self._reader: TrainReader | None = None

    def compose(self) -> ComposeResult:
        ascii_only = tripost(self.app).ascii_only
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        with VerticalScroll(id="train-panes", can_focus=False):
            with Container(id="train-left"):
                yield Pane("Training", id="figures")
                yield Pane("Alerts", id="alerts")
            with Container(id="charts"):
                for name, title in CHARTS.items():
                    yield ChartPane(title, ascii_only=ascii_only, id=f"chart-{name}")
        yield Static(Content(""), id="event")
        yield KeyFooter(Target.TRAIN)

    def on_mount(self) -> None:
        stacked = self.app.size.width < STACKED_BELOW
        self.query_one("#figures" if stacked else "#chart-loss").focus()
        self.repaint()
        self.follow()

    def reader(self) -> TrainReader:
        self._reader = tripost(self.app).backend.train_reader(self.place.path, self.place.run_id)
        self._wish()
        return self._reader

    def _wish(self) -> None:
        if self._reader is not None:
            self._reader.iteration = self.state.wanted
            self._reader.log = self.state.log
            self._reader.columns = max(pane.columns for pane in self.query(ChartPane))

    def repaint(self) -> None:
        state, glyphs = self.state, self.glyphs
        now = tripost(self.app).clock()
        self.show_frame()
        figures = self.pane("figures")
        figures.retitle(state.title())
        figures.show(figures_content(state, now, figures.columns, glyphs))
        alerts = self.pane("alerts")
        alerts.show(alerts_content(state, now, glyphs))
        # Where panes are stacked, what says nothing would only push the loss out of sight.
        alerts.set_class(not state.alerts(now), "-nothing")
        # One after the other: a key that is pressed meanwhile waits for one, not for all.
        for place, name in enumerate(CHARTS):
            if place:
                self.set_timer(place * _APART_S, partial(self._draw, name))
            else:
                self._draw(name)
        self._wish()

    def _draw(self, name: str) -> None:
        chart = self.query_one(f"#chart-{name}", ChartPane)
        chart.show_chart(self.state.chart(name), words_content(self.state, name))

    def do_earlier(self) -> None:
        self._choose(-1)

    def do_later(self) -> None:
        self._choose(1)

    def _choose(self, by: int) -> None:
        if self.state.choose(by):
            self._wish()
            self.hurry()
        else:
            tripost(self.app).say(
                f"This is the {'first' if by < 0 else 'last'} iteration with a training."
            )

    def do_log(self) -> None:
        self.state.log = not self.state.log
        self._wish()
        self.hurry()

    def do_copy(self) -> None:
        now = tripost(self.app).clock()
        lines = [f"{one.name:<16}{one.value}" for one in self.state.lines(now)]
        tripost(self.app).copy("\n".join([self.state.title(), *lines]) + "\n")
