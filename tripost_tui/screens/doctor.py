"""What this machine has of what is needed, and what the selected project's engine wrote."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState, get_current_worker

from db.records import Level
from engine.doctor import Check
from tripost_tui.abandoning import abandonable
from tripost_tui.actions import Target
from tripost_tui.glyphs import to_ascii
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.screens.following import FollowingScreen
from tripost_tui.situation import Situation
from tripost_tui.state.doctor import WORDS, DoctorState, LogFilter, ProjectReading
from tripost_tui.state.log_reading import LogReader
from tripost_tui.state.place import Place
from tripost_tui.state.run import Trouble
from tripost_tui.text import one_line
from tripost_tui.widgets.findings import FindingLine, findings_content
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.log_view import LogView
from tripost_tui.widgets.pane import Notices, Pane


class DoctorScreen(FollowingScreen):
    """Examines once, and follows the log while it is shown; each in a thread of its own."""

    TARGET = Target.DOCTOR
    BINDINGS = bindings_of(Target.DOCTOR)
    AUTO_FOCUS = ""
    POLL_S = 0.5

    class Examined(Message):
        """The machine has been examined."""

        def __init__(self, checks: list[Check]) -> None:
            super().__init__()
            self.checks = checks

    def __init__(self, place: Place | None) -> None:
        super().__init__()
        self.place: Place | None = place
        self.state = DoctorState(place.path if place else None, place.name if place else "")
        self._drawn: tuple[int, int, LogFilter, str] | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        with Container(id="doctor"):
            yield Pane("This machine", id="findings")
            with Container(id="heard"):
                yield Pane("Last errors", id="errors")
                yield LogView(self.glyphs, id="log")
        yield KeyFooter(Target.DOCTOR)

    def on_mount(self) -> None:
        self.query_one("#log" if self.state.project else "#findings").focus()
        self.do_again()
        if self.state.project is not None:
            self.follow()

    # --- looking ---------------------------------------------------------------------------

    @work(thread=True, group="doctor", exit_on_error=False)
    def _examine(self) -> None:
        backend, worker = tripost(self.app).backend, get_current_worker()
        for checks in abandonable(lambda: [backend.examine()], lambda: worker.is_cancelled):
            self.post_message(self.Examined(checks))

    def on_doctor_screen_examined(self, message: Examined) -> None:
        self.state.examined(message.checks)
        self.repaint()

    def reader(self) -> LogReader:
        assert self.place is not None
        return tripost(self.app).backend.log_reader(self.place.path)

    def take(self, reading: ProjectReading) -> None:
        self.state.apply(reading)

    def fail(self, trouble: Trouble) -> None:
        self.state.fail_log(trouble)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        super().on_worker_state_changed(event)
        if event.worker.group == "doctor" and event.state is WorkerState.ERROR:
            error = event.worker.error
            text = f"{type(error).__name__}: {error}. This is a bug; please report it."
            self.state.fail(Trouble("The app cannot look any more", text))
            self.repaint()

    # --- showing ---------------------------------------------------------------------------

    def repaint(self) -> None:
        """Show the state as it is."""
        state, app = self.state, tripost(self.app)
        shown = to_ascii if app.ascii_only else str
        name = f"  {one_line(state.name, 40)} {self.glyphs.dot} {state.word}" if state.name else ""
        title = Content.assemble(("Doctor", "bold $accent"), name or "  no project is selected")
        self.query_one("#top", Static).update(title)
        trouble = state.trouble
        self.query_one(Notices).show(
            [("error", trouble.title, one_line(trouble.message, 400))] if trouble else []
        )
        findings = self.query_one("#findings", Pane)
        findings.retitle(shown(f"This machine: {state.summary()}"))
        lines = [
            FindingLine(WORDS[check.status], check.name, check.detail, check.fix)
            for check in state.checks or ()
        ]
        if state.looking:
            what = "versions, GPU, disk, experts"
            lines.insert(0, FindingLine("looking", "this machine", what))
        findings.show(findings_content(lines, findings.columns, self.glyphs))
        self.query_one("#errors", Pane).show(self._errors())
        log = self.query_one(LogView)
        drawn = (state.revision, log.size.width, state.filter, state.log_note())
        if drawn != self._drawn:
            refiltered = self._drawn is not None and self._drawn[2] is not state.filter
            self._drawn = drawn
            log.show(shown(state.log_title()), state.lines(), state.log_note(), to_end=refiltered)
        self.refresh_footer()

    def _errors(self) -> Content:
        if self.state.project is None:
            return Content.styled("No project is selected.", "dim")
        told = self.state.error_lines(tripost(self.app).clock())
        if not told:
            return Content.styled("None in the latest run.", "dim")
        shown = to_ascii if tripost(self.app).ascii_only else str
        signs = {
            Level.ERROR: (self.glyphs.failed, "$text-error"),
            Level.WARNING: (self.glyphs.warning, "$text-warning"),
        }
        return Content("\n").join(
            Content.assemble(
                (f"{signs[level][0]} {level.value} ", f"bold {signs[level][1]}"), shown(text)
            )
            for level, text in told
        )

    def situation(self) -> Situation:
        return self.state.situation()

    # --- actions ---------------------------------------------------------------------------

    def do_again(self) -> None:
        self.state.begin()
        self._examine()
        self.repaint()

    def do_copy(self) -> None:
        app = tripost(self.app)
        app.copy(self.state.report(app.clock()))

    def do_filter(self) -> None:
        self.state.next_filter()
        self.repaint()

    def do_all(self) -> None:
        self._filter(LogFilter.ALL)

    def do_warnings(self) -> None:
        self._filter(LogFilter.WARNINGS)

    def do_errors(self) -> None:
        self._filter(LogFilter.ERRORS)

    def _filter(self, wanted: LogFilter) -> None:
        self.state.set_filter(wanted)
        self.repaint()

    def do_down(self) -> None:
        if self.focused is not None:
            self.focused.scroll_relative(y=1, animate=False)

    def do_up(self) -> None:
        if self.focused is not None:
            self.focused.scroll_relative(y=-1, animate=False)
