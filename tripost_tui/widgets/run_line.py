"""The run's line above a screen that is not kept up to date by the run."""

from __future__ import annotations

from contextlib import closing
from threading import Event
from typing import ClassVar

from textual import work
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from db.errors import StoreError
from engine.errors import TripostError
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.project_reading import trouble_of
from tripost_tui.state.standing import Standing, StandingReading, Trouble
from tripost_tui.state.standing_reading import StandingReader
from tripost_tui.widgets.run_top import top_content


class RunLine(Static):
    """Iteration, stage, state, VRAM and ETA, looked at once a second in a thread of its own.

    Only there while an engine is at work: else the row is the list's. `Changed` tells the screen
    that an engine has come or gone.
    """

    POLL_S: ClassVar[float] = 1.0

    class Read(Message):
        def __init__(self, outcome: StandingReading | Trouble) -> None:
            super().__init__()
            self.outcome = outcome

    class Changed(Message):
        """An engine is at work now, or none is any more."""

    def __init__(self, reader: StandingReader, name: str, *, latest: bool, glyphs: Glyphs) -> None:
        super().__init__(Content(""), id="run-line")
        self.state: Standing[StandingReading] = Standing(name, latest=latest)
        self._reader = reader
        self._glyphs = glyphs
        self._leave = Event()
        self.display = False

    def on_mount(self) -> None:
        self._follow()

    def on_unmount(self) -> None:
        self._leave.set()

    def on_resize(self, _: Resize) -> None:
        self._show()

    @work(thread=True, group="standing", exit_on_error=False)
    def _follow(self) -> None:
        with closing(self._reader) as reader:
            while not self._leave.is_set():
                outcome: StandingReading | Trouble
                try:
                    outcome = reader.read()
                except (StoreError, TripostError) as error:
                    outcome = trouble_of(error)
                self.post_message(self.Read(outcome))
                self._leave.wait(self.POLL_S)

    def on_run_line_read(self, message: Read) -> None:
        message.stop()
        if self._leave.is_set():
            return
        before = self.state.alive
        if isinstance(message.outcome, Trouble):
            self.state.fail(message.outcome)
        else:
            self.state.apply(message.outcome)
        self._show()
        if self.state.alive != before:
            self.post_message(self.Changed())

    def _show(self) -> None:
        state = self.state
        self.display = state.run is not None and state.alive
        if self.display:
            content = top_content(state, self.app.size.width - 2, self._glyphs)
            if not (isinstance(self.content, Content) and content.is_same(self.content)):
                self.update(content, layout=False)
