"""Home: all known projects and their runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from textual import work
from textual.app import ComposeResult
from textual.containers import Center, Middle
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.worker import Worker, WorkerState, get_current_worker

from tripost_tui.actions import Target
from tripost_tui.actions.keymap import spans
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.situation import Situation
from tripost_tui.state.home import ABOUT, EMPTY, HomeState, RunRow
from tripost_tui.state.place import Place
from tripost_tui.text import one_line
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices
from tripost_tui.widgets.run_list import RunList

POLL_S = 2.0


def _with_keys(line: str) -> Content:
    """A line with the keys that it names, marked as in the footer."""
    pieces = [(text, "bold $accent" if is_key else "") for text, is_key in spans(line)]
    return Content.assemble(*pieces)


def _empty_content() -> Content:
    return Content("\n\n").join([Content(ABOUT), Content("\n").join(map(_with_keys, EMPTY))])


class HomeScreen(BaseScreen):
    """Reads the projects again every two seconds, in a thread of its own."""

    AUTO_FOCUS = ""
    TARGET = Target.HOME
    BINDINGS = bindings_of(Target.HOME)

    class Read(Message):
        """The projects have been read."""

        def __init__(self, rows: list[RunRow]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self) -> None:
        super().__init__()
        self.state = HomeState()
        self._again = Event()
        self._left = False
        self._open_when_read = False

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble(("TriPosT", "bold $accent"), "  projects and runs"), id="top")
        yield Notices(self.glyphs)
        yield RunList(self.glyphs)
        with Middle(id="empty"), Center():
            yield Static(_empty_content(), id="about")
        yield KeyFooter(Target.HOME)

    def keys_changed(self) -> None:
        super().keys_changed()
        self.query_one("#about", Static).update(_empty_content())

    def on_mount(self) -> None:
        self.query_one("#empty").display = False
        self.query_one(RunList).display = False
        self._read_on()

    def on_unmount(self) -> None:
        self._left = True
        self._again.set()

    @work(thread=True, group="home", exit_on_error=False)
    def _read_on(self) -> None:
        backend = tripost(self.app).backend
        worker = get_current_worker()
        while True:
            self._again.clear()
            # Looked at after clearing: who leaves sets both, this one first.
            if self._left or worker.is_cancelled:
                return
            self.post_message(self.Read(backend.home()))
            self._again.wait(POLL_S)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "home" and event.state is WorkerState.ERROR:
            text = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.query_one(Notices).show([("error", "The list is not kept up to date", text)])

    def on_home_screen_read(self, message: Read) -> None:
        self.state.apply(message.rows)
        self.repaint()
        if self._open_when_read:
            self._open_when_read = False
            self.do_open()

    def repaint(self) -> None:
        """Show the state as it is."""
        rows = self.state.rows
        runs = self.query_one(RunList)
        runs.display = bool(rows)
        self.query_one("#empty").display = self.state.loaded and not rows
        runs.show(rows, self.state.index, tripost(self.app).clock())
        # A list without rows would swallow enter, which has something to say here.
        if not rows:
            self.set_focus(None)
        elif self.focused is None:
            runs.focus()
        busy = self.state.busy
        self.query_one(Notices).show([("info", busy, "")] if busy else [])
        self.refresh_footer()

    def situation(self) -> Situation:
        return self.state.situation()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.state.select(event.option_index)
        self.refresh_footer()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.state.select(event.option_index)
        tripost(self.app).act("home.open")

    def do_down(self) -> None:
        self.query_one(RunList).action_cursor_down()

    def do_up(self) -> None:
        self.query_one(RunList).action_cursor_up()

    def do_open(self) -> None:
        if not self.state.loaded:
            # Who knows the app types ahead of the first reading.
            self._open_when_read = True
        elif (place := self.state.place) is not None:
            tripost(self.app).open_stage(Target.RUN, place)

    def do_new(self) -> None:
        tripost(self.app).open_new()

    def do_demo(self) -> None:
        backend = tripost(self.app).backend

        def start() -> Place:
            place = backend.demo()
            backend.start(place.path)
            return place

        self._make("Starting the demo: its engine takes a few seconds to load", start)

    def do_look(self) -> None:
        self.state.busy = "Unpacking the recorded run"
        self.repaint()
        tripost(self.app).look_around(self._idle)

    def _make(self, busy: str, work: Callable[[], Place]) -> None:
        """Have a project made or started, then open it."""
        self.state.busy = busy
        self.repaint()
        tripost(self.app).job(work, self._made, self._idle)

    def _made(self, place: Place) -> None:
        self.expect(place.path)
        tripost(self.app).open_stage(Target.RUN, place)

    def expect(self, path: Path) -> None:
        """Select a project that is new, and read the list at once."""
        self.state.select_path(path)
        self._again.set()

    def _idle(self) -> None:
        self.state.busy = None
        self.repaint()
        self._again.set()

    def do_forget(self) -> None:
        app, row = tripost(self.app), self.state.selected
        if row is None:
            return
        path = row.path

        def forget(sure: bool | None) -> None:
            if sure:
                app.job(lambda: app.backend.forget(path), lambda _: None, self._again.set)

        text = f"Take {one_line(str(path), 200)} off this list? Its files stay as they are."
        app.push_screen(ConfirmDialog("Forget the project", text), forget)
