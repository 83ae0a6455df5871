"""Stage 1 of a run as it goes: what the student wrote, what became of it, and who corrects it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.errors import ExpertUnavailable
from engine.expert_settings import SCRIPT
from tripost_tui.actions import Target
from tripost_tui.found_experts import FoundExperts
from tripost_tui.screens.about_run import STACKED_BELOW, AboutRunScreen
from tripost_tui.screens.base import bindings_of, tripost
from tripost_tui.state.collect_reading import CollectReader
from tripost_tui.state.collecting import CollectState
from tripost_tui.state.expert_trouble import ExpertTrouble, refused
from tripost_tui.state.place import Place
from tripost_tui.state.trajectory import Passage
from tripost_tui.text import one_line
from tripost_tui.widgets.collect_panes import counters_content, drops_content, experts_content
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices, Pane
from tripost_tui.widgets.run_panes import trajectory_content


class CollectScreen(AboutRunScreen):
    """Looks four times a second for new rows."""

    TARGET = Target.COLLECT
    BINDINGS = bindings_of(Target.COLLECT)

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.state: CollectState = CollectState(place.name, latest=place.run_id is None)
        self._reader: CollectReader | None = None
        self._passages: list[Passage] | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        with VerticalScroll(id="collect-panes", can_focus=False):
            with Container(id="collect-left"):
                yield Pane("Collected", id="counters")
                yield Pane("Dropped, why", id="drops")
                yield Pane("Experts", id="experts")
            yield Pane("Trajectory", id="live")
        yield Static(Content(""), id="event")
        yield KeyFooter(Target.COLLECT)

    def on_mount(self) -> None:
        stacked = self.app.size.width < STACKED_BELOW
        self.query_one("#counters" if stacked else "#live").focus()
        self.repaint()
        self.follow()

    def reader(self) -> CollectReader:
        backend = tripost(self.app).backend
        self._reader = backend.collect_reader(self.place.path, self.place.run_id)
        return self._reader

    def repaint(self) -> None:
        state, glyphs = self.state, self.glyphs
        self.show_frame()
        counters = self.pane("counters")
        counters.retitle(state.title())
        counters.show(counters_content(state, glyphs))
        self.pane("drops").show(drops_content(state, glyphs))
        experts = self.pane("experts")
        experts.show(experts_content(state, experts.columns, glyphs))
        live = self.pane("live")
        live.retitle(state.live_title())
        passages = state.passages()
        if passages is not self._passages:
            self._passages = passages
            live.show(trajectory_content(passages))

    # --- looking ---------------------------------------------------------------------------

    def do_earlier(self) -> None:
        self._choose(-1)

    def do_later(self) -> None:
        self._choose(1)

    def _choose(self, by: int) -> None:
        if not self.state.choose(by):
            end = "first" if by < 0 else "last"
            tripost(self.app).say(f"This is the {end} iteration that collects.")
        elif self._reader is not None:
            self._reader.iteration = self.state.wanted
            self.hurry()

    def do_hold(self) -> None:
        self._step(0)

    def do_previous(self) -> None:
        self._step(-1)

    def do_next(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        if self._reader is not None:
            self._reader.step(by)
            self.hurry()
            # Where panes are stacked it may be out of sight.
            self.pane("live").focus()

    def do_copy(self) -> None:
        tripost(self.app).copy(self.state.plain())

    # --- an expert that is offline ---------------------------------------------------------

    def do_report(self) -> None:
        if self.state.offline is not None:
            self.start()
        else:
            super().do_report()

    def do_stop(self) -> None:
        if self.state.offline is not None:
            self._switch_to(SCRIPT)
        else:
            super().do_stop()

    def do_switch(self) -> None:
        """Choose another expert from those within reach."""
        app = tripost(self.app)
        self.state.busy = "Looking for experts"
        self.repaint()
        app.job(app.backend.experts, self._choose_expert, self._started)

    def _choose_expert(self, found: FoundExperts) -> None:
        if not self.is_there:
            return
        # Late: the screen opens a tenth of a second sooner.
        from tripost_tui.screens.choosing import ChoiceDialog
        from tripost_tui.state.new_project import Choice

        app = tripost(self.app)
        choices = [
            Choice(one.name, one.about)
            for one in found.experts
            if one.name != self.state.offline_name
            and (one.name != SCRIPT or self.state.situation().has_scripts)
        ]
        if not choices:
            app.say(f"No other expert is within reach. {found.note}", severity="warning")
            return

        def switch(name: str | None) -> None:
            if name is not None:
                self._switch_to(name)

        old = one_line(self.state.offline_name or "the experts that are set")
        note = f"Instead of {old}, from here on. What is collected stays. {found.note}"
        app.push_screen(ChoiceDialog("Which expert goes on?", choices, "", note), switch)

    def _switch_to(self, name: str) -> None:
        """Write the settings, then have an engine go on with them."""
        app, old = tripost(self.app), self.state.offline_name
        self.state.busy = "Writing the settings"
        self.repaint()

        def switched(_: object) -> None:
            self.state.busy = None
            self.start()

        app.job(lambda: app.backend.switch_expert(self.place.path, old, name), switched)

    def begin(self) -> object:
        try:
            return super().begin()
        except ExpertUnavailable as error:
            return refused(error)

    def begun(self, outcome: object) -> None:
        self.state.refusal = outcome if isinstance(outcome, ExpertTrouble) else None
        if self.state.refusal is not None:
            tripost(self.app).say(f"{self.state.refusal.title}, still.", severity="warning")
