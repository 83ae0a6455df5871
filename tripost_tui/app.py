"""The terminal app: screens over the projects of this machine. Owns no run, only looks at them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from inspect import isawaitable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.screen import Screen
from textual.widget import Widget

from db.records import CommandKind
from tripost_tui import actions
from tripost_tui.actions import Target
from tripost_tui.actions.keymap import fill, keys_of
from tripost_tui.backend import Backend, LocalBackend
from tripost_tui.collector import calm_collector
from tripost_tui.preloading import Preloading
from tripost_tui.screens.base import BaseScreen, bindings_of
from tripost_tui.screens.dialogs import ConfirmDialog, GotoDialog
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.home import HomeScreen
from tripost_tui.screens.quit import ExportQuitDialog, QuitChoice, QuitDialog
from tripost_tui.screens.stages import stage_screen
from tripost_tui.screens.too_small import TooSmallScreen, is_too_small
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.text import one_line
from tripost_tui.working import WorkingApp

if TYPE_CHECKING:
    from tripost_tui.state.new_project import NewProject
    from tripost_tui.state.playground import Playground

_FRAME = Path(__file__).parent / "styles" / "frame.tcss"
_STYLES = [_FRAME, *sorted(set(_FRAME.parent.glob("*.tcss")) - {_FRAME})]
"""A screen's own rules come after the frame's, and win."""
_WIDTHS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]
_HEIGHTS = [(0, "-short"), (36, "-tall")]
"""Columns and rows from which a class holds; the styles lay the panes out by it."""


class TripostApp(WorkingApp):
    """Opens with Home, or with the run of ``project``; with ``look`` in the recorded run.

    ``clock`` gives seconds since the epoch. ``ascii_only``, ``theme`` (of `THEME_NAMES`) and
    ``motion`` hold this time; None asks the environment, then what the person has set.
    """

    TITLE = "TriPosT"
    CSS_PATH: ClassVar[list[str | PurePath]] = [*_STYLES]
    BINDINGS = bindings_of(Target.GLOBAL)
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    ALLOW_IN_MAXIMIZED_VIEW = "KeyFooter, #top"

    def __init__(
        self,
        project: Path | None = None,
        *,
        look: bool = False,
        ascii_only: bool | None = None,
        theme: str | None = None,
        motion: bool | None = None,
        backend: Backend | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(backend or LocalBackend(clock=clock), ascii_only, theme, motion)
        self.clock = clock
        self._home = HomeScreen()
        self._project = project
        self._look = look
        self._recordings: set[Path] = set()
        self._new: NewProject | None = None
        self._preloading = Preloading()
        self._playgrounds: dict[Place, Playground] = {}

    def get_default_screen(self) -> Screen[Any]:
        return self._home

    def on_mount(self) -> None:
        self.set_class(self.ascii_only, "-ascii")
        if self._project is not None:
            self.open_stage(Target.RUN, Place(self._project, self._project.name))
        elif self._look:
            self.look_around()
        if fault := self.fault_told():
            self.say(fault, severity="warning")

    def on_ready(self) -> None:
        # Tests make many apps in one process: what is frozen there would stay.
        if not self.is_headless:
            calm_collector()
            self._preloading.begin()

    def on_unmount(self) -> None:
        self._preloading.end()

    def on_resize(self, event: events.Resize) -> None:
        shown = isinstance(self.screen, TooSmallScreen)
        if is_too_small(event.size) and not shown:
            self.push_screen(TooSmallScreen())
        elif shown and not is_too_small(event.size):
            self.pop_screen()

    # --- actions ---------------------------------------------------------------------------

    async def action_act(self, action_id: str) -> None:
        outcome = self.act(action_id)
        if isawaitable(outcome):
            await outcome

    def act(self, action_id: str) -> object:
        """Carry out an action of the registry, or say why that is not possible now.

        What is returned is to be awaited where it can be: the next key comes after it.
        """
        action = actions.action(action_id)
        reason = action.why_not(self.situation())
        if reason is not None:
            self.say(fill(reason), severity="warning")
            return None
        holder: object = self if action.target is Target.GLOBAL else self.screen
        return getattr(holder, action.handler)()

    def situation(self) -> Situation:
        """What the current screen can do now."""
        screen = self.screen
        return self.situation_of(screen) if isinstance(screen, BaseScreen) else Situation()

    def situation_of(self, screen: BaseScreen) -> Situation:
        """What a screen can do now; whatever it is about may be a recording."""
        now, place = screen.situation(), screen.place
        return replace(now, recording=place is not None and place.path in self._recordings)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: the registry."""
        places = [Target.GLOBAL]
        if isinstance(screen, BaseScreen):
            places.insert(0, screen.TARGET)
        for action in actions.actions_of(*places):
            keys = actions.shown_keys(keys_of(action))
            text = f"{action.label}  {keys}" if keys else action.label
            about = fill(action.description)
            yield SystemCommand(text, about, lambda a=action.id: self.act(a))

    # --- from screens ----------------------------------------------------------------------

    def place(self) -> Place | None:
        """The run that the screen on top is about, or else the one that is selected in Home."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, BaseScreen) and screen.place is not None:
                return screen.place
        return self._home.state.place

    def open_stage(self, target: Target, place: Place) -> None:
        """Show a screen of `actions.STAGES`; escape leads to the run, or to where one came from.

        A screen of another stage is left for it, or of another run.
        """
        while not self._leads_to(target, place):
            self.pop_screen()
        top = self.screen
        if not isinstance(top, BaseScreen) or (top.TARGET, top.place) != (target, place):
            self.push_screen(stage_screen(target, place))

    def _leads_to(self, target: Target, place: Place) -> bool:
        """Whether a stage may stand on the screen on top, or is it."""
        if len(self.screen_stack) == 1:
            return True
        top = self.screen
        if not isinstance(top, BaseScreen) or top.place != place:
            return False
        return top.TARGET in {target, Target.RUN}

    def open_new(self) -> None:
        """Show the form of a new project as it was left."""
        from tripost_tui.screens.new_project import NewProjectScreen
        from tripost_tui.state.new_project import NewProject

        self._new = self._new or NewProject()
        self.push_screen(NewProjectScreen(self._new))

    def playground(self, place: Place) -> Playground:
        """What was asked in a run's Playground in this session."""
        from tripost_tui.state.playground import Playground

        return self._playgrounds.setdefault(place, Playground())

    def made(self, path: Path, ready: bool) -> None:
        """Show a project that was just made, and offer to start its run.

        ``ready``: nothing is known that would keep it from running.
        """
        self._new = None
        self._home.expect(path)
        self.open_stage(Target.RUN, Place(path, path.name))

        def start(sure: bool | None) -> None:
            if sure:
                self.act("run.pause")

        text = f"{one_line(str(path), 200)} is made. Start its run now?"
        text += fill(" {run.pause} starts it later, too.")
        self.push_screen(ConfirmDialog("Start the run?", text, yes=ready), start)

    def look_around(self, after: Callable[[], object] = lambda: None) -> None:
        """Show the recorded run, in a copy in which one can review."""

        def show(place: Place) -> None:
            self._recordings.add(place.path)
            self.open_stage(Target.RUN, place)
            self.say(
                fill(
                    "A recording of a short demo run. {global.goto} goes to its screens, "
                    "esc leaves it."
                )
            )

        self.job(self.backend.recording, show, after)

    def open_report(self, place: Place) -> None:
        """Show the report of a run, made now."""
        from tripost_tui.screens.report import ReportScreen

        now = self.situation()
        self.job(
            lambda: self.backend.report(place.path, place.run_id),
            lambda page: self.push_screen(ReportScreen(place, page, now)),
        )

    # --- global actions --------------------------------------------------------------------

    def do_help(self) -> None:
        if isinstance(self.screen, BaseScreen):
            self.push_screen(HelpScreen(self.screen.TARGET, self.situation()))

    def do_palette(self) -> None:
        self.action_command_palette()

    def do_goto(self) -> object:
        async def go(action_id: str | None) -> None:
            if action_id is not None:
                await self.action_act(action_id)

        # Waited for, so that a letter that comes at once finds the menu there.
        return self.push_screen(GotoDialog(self.situation()), go)

    def do_jump(self) -> object:
        from tripost_tui.screens.jump import JumpScreen

        if not isinstance(self.screen, BaseScreen) or not self.screen.focus_chain:
            self.say("There is nothing here to focus.")
            return None

        def focus(chosen: Widget | None) -> None:
            if chosen is not None:
                chosen.focus()

        return self.push_screen(JumpScreen(self.screen), focus)

    def do_home(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def do_run(self) -> None:
        self._go(Target.RUN)

    def do_collect(self) -> None:
        self._go(Target.COLLECT)

    def do_review(self) -> None:
        self._go(Target.REVIEW)

    def do_balance(self) -> None:
        self._go(Target.BALANCE)

    def do_evaluate(self) -> None:
        self._go(Target.EVALUATE)

    def do_train(self) -> None:
        self._go(Target.TRAIN)

    def do_export(self) -> None:
        self._go(Target.EXPORT)

    def do_playground(self) -> None:
        self._go(Target.PLAYGROUND)

    def do_next_stage(self) -> None:
        self._step(1)

    def do_previous_stage(self) -> None:
        self._step(-1)

    def _go(self, target: Target) -> None:
        if (place := self.place()) is not None:
            self.open_stage(target, place)

    def _step(self, by: int) -> None:
        """To the stage after or before the one that is shown; there is none beyond the ends."""
        stages = actions.STAGES
        target = self.screen.TARGET if isinstance(self.screen, BaseScreen) else None
        if target in stages:
            at = stages.index(target) + by
            if 0 <= at < len(stages):
                self._go(stages[at])
            else:
                self.say(f"This is the {'first' if by < 0 else 'last'} of the run's screens.")
        else:
            self._go(stages[0 if by > 0 else -1])

    def do_report(self) -> None:
        if (place := self.place()) is not None:
            self.open_report(place)

    def do_doctor(self) -> None:
        from tripost_tui.screens.doctor import DoctorScreen

        if not isinstance(self.screen, DoctorScreen):
            self.push_screen(DoctorScreen(self.place()))

    def do_settings(self) -> None:
        from tripost_tui.screens.settings import SettingsScreen
        from tripost_tui.state.settings import SettingsState

        if not isinstance(self.screen, SettingsScreen):
            state = SettingsState(self.settings.preferences, self.settings.path)
            self.push_screen(SettingsScreen(state))

    def do_next_pane(self) -> None:
        self.screen.focus_next()

    def do_previous_pane(self) -> None:
        self.screen.focus_previous()

    def do_back(self) -> object:
        if isinstance(self.screen, BaseScreen) and (inner := self.screen.back()) is not None:
            return inner
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.say(fill("This is Home; {global.quit} quits."))
        return None

    def do_theme(self) -> None:
        from tripost_tui.screens.theme import ThemeDialog

        def chosen(name: str | None) -> None:
            if name is not None:
                self.keep(lambda now: replace(now, theme=name))

        self.push_screen(ThemeDialog(), chosen)

    def do_quit(self) -> None:
        if isinstance(self.screen, QuitDialog):
            self.exit()
            return
        if isinstance(self.screen, ExportQuitDialog):
            self.screen.dismiss(True)
        elif self.backend.exporting():
            self.push_screen(ExportQuitDialog(), lambda sure: self._ask_of_runs() if sure else None)
        else:
            self._ask_of_runs()

    def _ask_of_runs(self) -> None:
        live = self._live()
        if not live:
            self.exit()
            return
        self.push_screen(QuitDialog([*live.values()]), self._quit)

    def _live(self) -> dict[Path, str]:
        """Runs at work by their folders: those Home knows of, and what was started just now."""
        from tripost_tui.screens.about_run import AboutRunScreen

        live = {row.path: row.name for row in self._home.state.live}
        for screen in self.screen_stack:
            if isinstance(screen, AboutRunScreen) and (screen.state.alive or screen.state.busy):
                live.setdefault(screen.place.path, screen.state.name)
        return live

    def _quit(self, choice: QuitChoice | None) -> None:
        if choice is QuitChoice.LEAVE:
            self.exit()
        elif choice is QuitChoice.STOP:
            paths = [*self._live()]

            def stop() -> None:
                for path in paths:
                    self.backend.command(path, CommandKind.STOP)

            message = "Asked to stop: it ends after the item at hand, saved."
            self.job(stop, lambda _: self.exit(message=message))

    def action_help_quit(self) -> None:
        """What ctrl+c does: nothing to a run."""
        self.say(fill("{global.quit} quits the app. Runs go on without it."))
