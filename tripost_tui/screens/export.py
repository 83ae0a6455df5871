"""What a run has made, written for other programs, and the commands to use it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill
from tripost_tui.exporter import Exporter, ExportReader, ExportReading
from tripost_tui.glyphs import to_ascii
from tripost_tui.screens.base import Dialog, bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.following import FollowingScreen
from tripost_tui.situation import Situation
from tripost_tui.state.export import ExportState
from tripost_tui.state.place import Place
from tripost_tui.state.run import Trouble
from tripost_tui.text import one_line
from tripost_tui.widgets.export_panes import (
    earlier_content,
    formats_content,
    iterations_content,
    order_content,
    result_content,
)
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane


class ExportScreen(FollowingScreen):
    """Chooses, orders and shows; the work itself goes on without it."""

    TARGET = Target.EXPORT
    BINDINGS = bindings_of(Target.EXPORT)
    AUTO_FOCUS = ""
    POLL_S = 0.2

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place: Place = place
        self.state = ExportState()
        self._to_result = 0

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        with VerticalScroll(id="export", can_focus=False):
            with Container(id="export-order"):
                yield Pane("Iteration", id="iterations")
                yield Pane("Format", id="formats")
                yield Pane("Where to", id="order")
            with Container(id="export-results"):
                yield Pane("Result", id="result")
                yield Pane("Exports of this project", id="earlier")
        yield KeyFooter(Target.EXPORT)

    def on_mount(self) -> None:
        self.repaint()
        self.follow()

    @property
    def exporter(self) -> Exporter:
        return tripost(self.app).backend.exporter(self.place.path)

    def reader(self) -> ExportReader:
        return ExportReader(self.exporter, self.place.run_id, lambda: self.state.wanted)

    def take(self, reading: ExportReading) -> None:
        ended = self.state.apply(reading)
        if ended is None:
            return
        self._show_result()
        if ended.cancelled:
            tripost(self.app).say("Cancelled; nothing is left of it.")
        elif ended.trouble is None:
            tripost(self.app).say(f"Done: {ended.title}.")

    def fail(self, trouble: Trouble) -> None:
        self.state.fail(trouble)

    # --- showing ---------------------------------------------------------------------------

    def repaint(self) -> None:
        """Show the state as it is."""
        state, glyphs, app = self.state, self.glyphs, tripost(self.app)
        shown = to_ascii if app.ascii_only else str
        now = app.clock()
        run = f" {glyphs.dot} run {state.reading.survey.run_id}" if state.reading else ""
        name = one_line(self.place.name, 60)
        title = Content.assemble(("Export", "bold $accent"), shown(f"  {name}"), run)
        self.query_one("#top", Static).update(title)
        notices = []
        if state.trouble is not None:
            text = one_line(state.trouble.message, 400)
            notices.append(("error", shown(one_line(state.trouble.title)), shown(text)))
        elif state.empty_text():
            notices.append(("warning", state.empty_text(), ""))
        self.query_one(Notices).show(notices)
        self._pane("iterations").show(iterations_content(state, glyphs))
        formats = self._pane("formats")
        formats.show(formats_content(state, formats.columns, glyphs))
        order = self._pane("order")
        order.show(order_content(state, order.columns, glyphs))
        result = self._pane("result")
        result.retitle("At work" if state.working else "Result")
        result.show(result_content(state, result.columns, now, glyphs))
        self._pane("earlier").show(earlier_content(state, now, glyphs))
        self.refresh_footer()
        self.call_after_refresh(self._bring_into_sight)

    def _pane(self, name: str) -> Pane:
        return self.query_one(f"#{name}", Pane)

    def situation(self) -> Situation:
        return self.state.situation()

    def back(self) -> Awaitable[None] | None:
        """Escape asks whether to cancel what is under way; the first layer is that."""
        if self.state.working is None or self.maximized is not None:
            return None

        def cancel(sure: bool | None) -> None:
            if sure:
                self.exporter.cancel()

        title = self.state.working.title
        text = f"Cancel {title}? Nothing will be left of it. "
        text += fill("{confirm.no} lets it go on; {global.goto} goes elsewhere.")
        return _done(self.app.push_screen(ConfirmDialog("Cancel the export?", text), cancel))

    # --- actions ---------------------------------------------------------------------------

    def do_write(self) -> None:
        target = self.state.target
        if target is None or not target.taken:
            self._write(replacing=False)
            return

        def write(sure: bool | None) -> None:
            # Something may have changed while one thought about it.
            if sure and self.state.why_no_export() is None:
                self._write(replacing=True)

        text = f"{one_line(str(target.folder), 400)} is an earlier export. Replace it?"
        self.app.push_screen(ConfirmDialog("Replace the export?", text), write)

    def _write(self, *, replacing: bool) -> None:
        order, offer = self.state.order(replacing=replacing), self.state.offer
        expected = offer.needed_bytes if offer else None
        tripost(self.app).job(lambda: self.exporter.write(order, expected), lambda _: None)
        self._show_result()

    def _show_result(self) -> None:
        """Bring it into sight, where panes are stacked."""
        # It is laid out over more than one repaint: how far one can scroll is known after those.
        self._to_result = 3
        self.repaint()

    def _bring_into_sight(self) -> None:
        if self._to_result and self.has_class("-narrow"):
            self._to_result -= 1
            self._pane("result").scroll_visible(animate=False, top=True)

    def do_iteration(self) -> None:
        if (why := self.state.next_iteration()) is not None:
            tripost(self.app).say(why)
        self.repaint()

    def do_folder(self) -> None:
        def named(text: str | None) -> None:
            if text is not None:
                self.state.set_folder(text)
                self.repaint()

        target = self.state.target
        now = self.state.wanted.folder or (str(target.folder) if target else "")
        self.app.push_screen(FolderDialog(now), named)

    def do_copy(self) -> None:
        tripost(self.app).copy(self.state.command_text())

    def do_copy_all(self) -> None:
        tripost(self.app).copy(self.state.all_commands())

    def do_command(self) -> None:
        self.state.next_command()
        self._show_result()

    def do_earlier(self) -> None:
        self.state.next_export()
        self._show_result()

    def do_create(self) -> None:
        export = self.state.shown
        assert export is not None

        def create(sure: bool | None) -> None:
            if sure:
                tripost(self.app).job(lambda: self.exporter.create(export), lambda _: None)

        name = one_line(export.provenance.name, 100)
        text = f"Have Ollama take it up as {name}? It keeps a copy of its own."
        self.app.push_screen(ConfirmDialog("ollama create", text, yes=True), create)

    def do_numbers(self) -> None:
        self.state.next_precision()
        self.repaint()

    def do_all(self) -> None:
        self.state.toggle_all()
        self.repaint()

    def do_down(self) -> None:
        self._to_result = 0
        self.state.move(1)
        self.repaint()

    def do_up(self) -> None:
        self._to_result = 0
        self.state.move(-1)
        self.repaint()

    def zoomed(self) -> Widget:
        pane = self.focused or self._pane("result")
        pane.focus()
        return pane


async def _done(_: object) -> None:
    """What is to be awaited where nothing is."""


class FolderDialog(Dialog[str | None]):
    """One line to name a folder; None after escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", show=False)]

    def __init__(self, now: str) -> None:
        super().__init__()
        self._now = now if now.isprintable() else ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -folder") as box:
            box.border_title = Content("Export into")
            yield Input(self._now, placeholder="the project's exports/", compact=True)
            yield Static(
                Content.assemble(
                    ("enter", "bold $accent"),
                    " take it   ",
                    ("esc", "bold $accent"),
                    " leave it   empty: the project's own place",
                ),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        entry = self.query_one(Input)
        entry.cursor_position = len(entry.value)
        entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_close(self) -> None:
        self.dismiss(None)
