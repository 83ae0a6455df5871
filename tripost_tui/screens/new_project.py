"""A new project: its values on one side, what would keep it from running on the other."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState, get_current_worker

from tripost_tui.abandoning import abandonable
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.found_experts import FoundExperts
from tripost_tui.glyphs import to_ascii
from tripost_tui.preflight import Finding, Subject
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.choosing import ChoiceDialog
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.situation import Situation
from tripost_tui.state.new_project import HINTS, Field, NewProject
from tripost_tui.text import one_line
from tripost_tui.widgets.findings import (
    FindingLine,
    findings_content,
    preset_content,
    sample_content,
)
from tripost_tui.widgets.form import FormRow
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.wish import Wish

_SCROLLED = "Arrows and pgdn scroll; {global.next_pane} goes back to the values."
SETTLED_S = 0.3
"""Seconds without a change after which the values are looked at."""


class NewProjectScreen(BaseScreen):
    """Shows a form that outlives it: who goes back finds it as it was."""

    TARGET = Target.NEW
    BINDINGS = bindings_of(Target.NEW)
    AUTO_FOCUS = ""

    class Around(Message):
        """What this machine offers has been found."""

        def __init__(self, folder: str, experts: FoundExperts | None) -> None:
            super().__init__()
            self.folder, self.experts = folder, experts

    class Looked(Message):
        """A finding of the preflight with this number; None at its end."""

        def __init__(self, look: int, finding: Finding | None) -> None:
            super().__init__()
            self.look, self.finding = look, finding

    def __init__(self, state: NewProject) -> None:
        super().__init__()
        self.state = state
        self._timer: Timer | None = None
        self._broken = ""
        self._waiting = False
        self._hint = ""

    def compose(self) -> ComposeResult:
        yield Static(
            Content.assemble(("New project", "bold $accent"), "  what is to learn, and from whom"),
            id="top",
        )
        yield Notices(self.glyphs)
        with Container(id="new"):
            with Container(id="values"):
                with VerticalScroll(id="form", can_focus=False):
                    for field in Field:
                        yield FormRow(field)
                yield Static(Content(""), id="hint")
            yield Pane("Preflight", id="preflight")
        yield KeyFooter(Target.NEW)

    def on_mount(self) -> None:
        for field in Field:
            self._row(field).write(self.state.typed(field))
        self.repaint()
        self.set_focus(self._row(Field.FOLDER).input)
        self._find_around()
        self._look_soon()

    # --- what is around, and the preflight -------------------------------------------------

    @work(thread=True, group="around", exit_on_error=False)
    def _find_around(self) -> None:
        backend, worker = tripost(self.app).backend, get_current_worker()
        folder = backend.free_folder()
        # Servers may take seconds; the folder need not wait for them.
        self.post_message(self.Around(folder, None))
        for experts in abandonable(lambda: [backend.experts()], lambda: worker.is_cancelled):
            self.post_message(self.Around(folder, experts))

    def on_new_project_screen_around(self, message: Around) -> None:
        if message.folder != self.state.free_folder:
            self.state.free_folder = message.folder
            self._look_soon()
        if message.experts is not None:
            self.state.experts = message.experts
        self.repaint()

    def _look_soon(self) -> None:
        """Look at the values as they are when they have been left alone for a moment."""
        look = self.state.begin_look()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLED_S, lambda: self._look_on(look, self.state.wish()))

    @work(thread=True, group="preflight", exclusive=True, exit_on_error=False)
    def _look_on(self, look: int, wish: Wish) -> None:
        backend, worker = tripost(self.app).backend, get_current_worker()
        # What a person has changed since is looked at by the next one, which cancels this.
        for finding in abandonable(lambda: backend.look(wish), lambda: worker.is_cancelled):
            self.post_message(self.Looked(look, finding))
        if not worker.is_cancelled:
            self.post_message(self.Looked(look, None))

    def on_new_project_screen_looked(self, message: Looked) -> None:
        if message.finding is None:
            self.state.end_look(message.look)
        else:
            self.state.take(message.look, message.finding)
        self.repaint()
        if self._waiting and not self.state.pending and self.app.screen is self:
            self.do_make()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group in ("around", "preflight") and event.state is WorkerState.ERROR:
            error = event.worker.error
            self._broken = f"{type(error).__name__}: {error}. This is a bug; please report it."
            self.state.pending.clear()
            self.repaint()

    # --- showing ---------------------------------------------------------------------------

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.repaint)

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        here = self._field_of(self.focused)
        for field in Field:
            self._row(field).set_class(field is here, "-current")
        self._keep_in_sight()
        self._show_hint()
        self.refresh_footer()

    def on_input_changed(self, event: Input.Changed) -> None:
        field = self._field_of(event.input)
        # What stands there now: further keys may have been pressed since the event.
        if field is not None and self.state.set(field, event.input.value):
            self._row(field).write(self.state.typed(field))
            self._waiting = False
            self._look_soon()
            self.repaint()
            if field in self.state.problems:
                self._keep_in_sight()

    def repaint(self) -> None:
        """Show the state as it is."""
        state, glyphs = self.state, self.glyphs
        notices = [("info", state.busy, "")] if state.busy else []
        if self._waiting:
            notices.append(
                (
                    "info",
                    "Looking first",
                    fill("{new.make} again makes it at once, {new.back} does not"),
                )
            )
        if state.problem:
            notices.append(("error", "A setting of the preset does not fit", state.problem))
        if self._broken:
            notices.append(("error", "The preflight broke off", one_line(self._broken)))
        self.query_one(Notices).show(notices)
        for field in Field:
            error = one_line(state.problems.get(field, ""), 400)
            self._row(field).show(state.begun(field), state.source(field), error, glyphs)
        pane = self.query_one("#preflight", Pane)
        pane.retitle(f"Preflight: {state.summary()}")
        found = [self._line(subject) for subject in state.ordered()]
        content = findings_content(found, pane.columns, glyphs)
        sample = next((one.sample for one in state.findings.values() if one.sample), "")
        parts = [content]
        if sample:
            parts.append(sample_content(sample, glyphs))
        if lines := state.preset_lines():
            parts.append(preset_content(state.preset, lines))
        pane.show(Content("\n\n").join(parts))
        self._show_hint()
        self.refresh_footer()

    def _line(self, subject: Subject) -> FindingLine:
        finding = self.state.findings.get(subject)
        if subject in self.state.pending or finding is None:
            # What was found before stays in sight until it is replaced.
            return FindingLine("looking", subject, finding.detail if finding else "")
        return FindingLine(finding.grade, subject, finding.detail, finding.fix)

    def _keep_in_sight(self) -> None:
        """Have the field at hand in sight, with what is wrong with it."""
        field = self._field_of(self.focused)
        if field is not None:
            row = self._row(field)
            self.call_after_refresh(row.scroll_visible, animate=False)

    def _show_hint(self) -> None:
        field = self._field_of(self.focused)
        text = HINTS[field] if field else fill(_SCROLLED)
        if text != self._hint:
            self._hint = text
            shown = to_ascii(text) if tripost(self.app).ascii_only else text
            self.query_one("#hint", Static).update(Content.styled(shown, "dim"))

    def _row(self, field: Field) -> FormRow:
        return self.query_one(f"#row-{field}", FormRow)

    def _field_of(self, widget: object) -> Field | None:
        return next((field for field in Field if self._row(field).input is widget), None)

    def situation(self) -> Situation:
        field = self._field_of(self.focused)
        return Situation(
            busy=self.state.busy, has_choices=bool(field and self.state.choices(field))
        )

    # --- actions ---------------------------------------------------------------------------

    def on_input_submitted(self, _: Input.Submitted) -> None:
        tripost(self.app).act("new.make")

    def do_make(self) -> None:
        state, app = self.state, tripost(self.app)
        waited, self._waiting = self._waiting, False
        wrong = state.first_wrong()
        if wrong is not None:
            self.set_focus(self._row(wrong).input)
            app.say(f"{wrong}: {one_line(state.problems[wrong], 200)}", severity="warning")
            return
        if state.problem:
            app.say(state.problem, severity="warning")
            return
        if state.pending and not waited:
            self._waiting = True
            self.repaint()
            return
        failed = state.failed
        folder = next((one for one in failed if one.subject is Subject.FOLDER), None)
        if folder is not None:
            self.set_focus(self._row(Field.FOLDER).input)
            app.say(f"{one_line(folder.detail)}. {one_line(folder.fix)}", severity="warning")
            return
        if not failed:
            self._make()
            return
        told = "\n".join(f"{one.subject}: {one_line(one.detail, 160)}" for one in failed)
        text = f"{told}\n\nIts run would not start before that is put right. Make it all the same?"
        shown = to_ascii(text) if app.ascii_only else text

        def make(sure: bool | None) -> None:
            if sure:
                self._make()

        app.push_screen(ConfirmDialog("The preflight failed", shown), make)

    def _make(self) -> None:
        app, wish = tripost(self.app), self.state.wish()
        ready = not self.state.failed
        self.state.busy = "Making the project"
        self.repaint()
        app.job(lambda: app.backend.create(wish), lambda path: app.made(path, ready), self._idle)

    def _idle(self) -> None:
        self.state.busy = None
        # Where it was made, this screen has gone.
        if self.is_there:
            self._look_soon()
            self.repaint()

    def do_choose(self) -> None:
        field = self._field_of(self.focused)
        if field is None:
            return
        state = self.state

        def chosen(value: str | None) -> None:
            if value is not None:
                self._row(field).write(value)

        self.app.push_screen(
            ChoiceDialog(
                f"Choose: {field}",
                state.choices(field),
                state.value(field),
                state.note_on_choices(field),
            ),
            chosen,
        )

    def do_next(self) -> None:
        field = self._field_of(self.focused)
        chosen = None if field is None else self.state.choose_next(field)
        if field is not None and chosen is not None:
            self._row(field).write(chosen)
            self._waiting = False
            self._look_soon()
            self.repaint()

    def do_again(self) -> None:
        tripost(self.app).backend.look_anew()
        self._broken = ""
        self.state.experts = None
        self._find_around()
        self._look_soon()
        self.repaint()

    def do_down(self) -> None:
        self._step(1)

    def do_up(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        fields, field = list(Field), self._field_of(self.focused)
        if field is not None:
            next_field = fields[(fields.index(field) + by) % len(fields)]
            self.set_focus(self._row(next_field).input)
        elif self.focused is not None:
            self.focused.scroll_relative(y=by, animate=False)

    def do_back(self) -> None:
        if self._waiting:
            self._waiting = False
            self.repaint()
            return
        tripost(self.app).do_back()
