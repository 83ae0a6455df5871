"""The report of a run, to read and to copy."""

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static

from tripost_tui.actions import Target
from tripost_tui.glyphs import to_ascii
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.state.report import LineKind, ReportPage, page_lines
from tripost_tui.text import one_line
from tripost_tui.widgets.key_footer import KeyFooter

_STYLES = {
    LineKind.HEADLINE: "bold",
    LineKind.TITLE: "bold $accent",
    LineKind.COLUMNS: "dim",
    LineKind.ROW: "",
    LineKind.NOTE: "dim",
}


class ReportScreen(BaseScreen):
    """A page to scroll through, both ways where a table is wider than the terminal."""

    TARGET = Target.REPORT
    BINDINGS = bindings_of(Target.REPORT)

    def __init__(self, place: Place, page: ReportPage, now: Situation) -> None:
        super().__init__()
        self.place: Place = place
        self._page = page
        self._now = now

    def compose(self) -> ComposeResult:
        with ScrollableContainer(id="report") as box:
            box.border_title = Content(f"Report, {one_line(self.place.name, 40)}")
            yield Static(Content(""), id="report-text")
        yield KeyFooter(Target.REPORT)

    def on_mount(self) -> None:
        self.query_one("#report").focus()
        self.refresh_footer()

    def on_resize(self) -> None:
        width = max(20, self.size.width - 6)
        shown = to_ascii if tripost(self.app).ascii_only else str
        lines = [
            Content.styled(shown(text), _STYLES[kind])
            for kind, text in page_lines(self._page, width)
        ]
        self.query_one("#report-text", Static).update(Content("\n").join(lines))

    def situation(self) -> Situation:
        return self._now

    def do_copy(self) -> None:
        tripost(self.app).copy(self._page.markdown)

    def do_page(self) -> None:
        app = tripost(self.app)

        def written(path: Path) -> None:
            app.copy(str(path))
            if self.is_there:
                # It stays to be read when the message of the copy has gone.
                box = self.query_one("#report", ScrollableContainer)
                box.border_subtitle = Content(f"Written: {one_line(str(path))}")

        app.say("Drawing the report …")
        app.job(lambda: app.backend.report_page(self.place.path, self.place.run_id), written)

    def do_down(self) -> None:
        self.query_one("#report").scroll_relative(y=1, animate=False)

    def do_up(self) -> None:
        self.query_one("#report").scroll_relative(y=-1, animate=False)
