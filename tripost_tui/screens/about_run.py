"""A screen about one run: its frame, and the keys that steer an engine at work on it."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.widgets import Static

from db.records import CommandKind
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import key_of
from tripost_tui.screens.base import tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.following import FollowingScreen
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.state.standing import Standing, Trouble
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.run_top import event_content, top_content

STACKED_BELOW = 100
"""Columns; see the classes in the styles."""


class AboutRunScreen(FollowingScreen):
    """Has `#top`, `Notices` and `#event`; what its keys do with the run is the same everywhere."""

    state: Standing[Any]
    place: Place

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def take(self, reading: Any) -> None:
        self.state.apply(reading)

    def fail(self, trouble: Trouble) -> None:
        self.state.fail(trouble)

    def show_frame(self) -> None:
        """Repaint what stands around the panes, where it has changed."""
        state, now = self.state, tripost(self.app).clock()
        self._line("#top", top_content(state, self.size.width - 2, self.glyphs))
        self.query_one(Notices).show(state.notices())
        self._line("#event", event_content(state, now, self.glyphs))
        self.refresh_footer()

    def _line(self, which: str, content: Content) -> None:
        line = self.query_one(which, Static)
        if not (isinstance(line.content, Content) and content.is_same(line.content)):
            line.update(content)

    def pane(self, name: str) -> Pane:
        return self.query_one(f"#{name}", Pane)

    def situation(self) -> Situation:
        return self.state.situation()

    # --- keys ------------------------------------------------------------------------------

    def do_pause(self) -> None:
        if not self.state.alive:
            self.start()
        elif self.state.word in ("pausing", "paused"):
            self.ask(CommandKind.RESUME)
        else:
            self.ask(CommandKind.PAUSE)

    def do_stop(self) -> None:
        def stop(sure: bool | None) -> None:
            if sure:
                self.ask(CommandKind.STOP)

        again = key_of(f"{self.TARGET}.pause")
        text = f"It ends after the item at hand. All is saved, and {again} resumes it later."
        self.app.push_screen(ConfirmDialog("Stop the run?", text), stop)

    def do_checkpoint(self) -> None:
        self.ask(CommandKind.CHECKPOINT)

    def do_report(self) -> None:
        tripost(self.app).open_report(self.place)

    def do_review(self) -> None:
        tripost(self.app).open_stage(Target.REVIEW, self.place)

    def ask(self, kind: CommandKind) -> None:
        """Leave a command for the engine."""
        app = tripost(self.app)
        app.job(
            lambda: app.backend.command(self.place.path, kind),
            lambda _: app.say(f"Asked the engine to {_WISHES[kind]}."),
        )

    def start(self) -> None:
        """Have an engine go on with the run; what keeps it from that is told in a dialog."""
        app = tripost(self.app)
        self.state.busy = "Starting the engine: it takes a few seconds to load"
        self.repaint()
        app.job(self.begin, self.begun, self._started)

    def begin(self) -> object:
        """Start the engine; runs in a thread. Raises TripostError and StoreError."""
        tripost(self.app).backend.start(self.place.path)
        return None

    def begun(self, outcome: object) -> None:
        """Take in what `begin` returned."""

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
