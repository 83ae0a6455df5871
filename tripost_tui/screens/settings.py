"""What a person can set about the app: how it looks, and which key does what."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, OptionList, Static

from tripost_tui.actions import TITLES, Target, shown_keys
from tripost_tui.glyphs import to_ascii
from tripost_tui.preferences import Preferences
from tripost_tui.screens.base import BaseScreen, bindings_of, tripost
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.press_key import PressKeyDialog
from tripost_tui.situation import Situation
from tripost_tui.state.settings import LOOKS, KeyRow, SettingsState
from tripost_tui.state.wording import counted
from tripost_tui.text import one_line
from tripost_tui.theme_names import THEME_NAMES, full_name
from tripost_tui.widgets.key_footer import KeyFooter
from tripost_tui.widgets.pane import Notices
from tripost_tui.widgets.settings_rows import RowList, key_content, look_content


class SettingsScreen(BaseScreen):
    """Changes hold at once in every open screen, and are written down."""

    TARGET = Target.SETTINGS
    BINDINGS = bindings_of(Target.SETTINGS)
    AUTO_FOCUS = ""

    def __init__(self, state: SettingsState) -> None:
        super().__init__()
        self.state = state
        self._rows: list[KeyRow] = []

    def compose(self) -> ComposeResult:
        yield Static(Content(""), id="top")
        yield Notices(self.glyphs)
        yield Input(id="settings-filter", compact=True, placeholder="words of an action, or a key")
        with Container(id="settings"):
            yield RowList(id="look")
            yield RowList(id="keys")
        yield Static(Content(""), id="setting")
        yield KeyFooter(Target.SETTINGS)

    def on_mount(self) -> None:
        self._look.border_title = Content("Look")
        self._filter.display = False
        self._look.focus()
        self.repaint()

    @property
    def _look(self) -> RowList:
        return self.query_one("#look", RowList)

    @property
    def _keys(self) -> RowList:
        return self.query_one("#keys", RowList)

    @property
    def _filter(self) -> Input:
        return self.query_one("#settings-filter", Input)

    # --- showing ---------------------------------------------------------------------------

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.repaint)

    def repaint(self) -> None:
        """Show what holds now."""
        app, state = tripost(self.app), self.state
        state.preferences, state.faults = app.settings.preferences, tuple(app.settings.faults)
        state.theme_now = next((one for one in THEME_NAMES if full_name(one) == app.theme), "")
        state.motion_now, state.ascii_now = app.moves, app.ascii_only
        path = one_line(str(state.path), 400)
        top = Content.assemble(("Settings", "bold $accent"), f"  {path}")
        self.query_one("#top", Static).update(top)
        faults = [("warning", "In the file", one_line(fault, 400)) for fault in state.faults]
        self.query_one(Notices).show(faults)
        look, keys = self._look, self._keys
        rows = [look_content(row, look.columns, self.glyphs) for row in state.look_rows()]
        look.show([(row, True) for row in rows], look.highlighted or 0)
        self._rows = state.key_rows()
        contents = [key_content(row, keys.columns, self.glyphs) for row in self._rows]
        choices = [row.action is not None for row in self._rows]
        keys.show(list(zip(contents, choices, strict=True)), self._place())
        keys.border_title = Content(state.title())
        self._show_detail()

    def _place(self) -> int | None:
        """Where the selected action is in the list, or else the first one."""
        found = [at for at, row in enumerate(self._rows) if row.action is not None]
        chosen = (at for at in found if self._rows[at].action is self.state.action)
        return next(chosen, self._keys.highlighted if self._in_list() else next(iter(found), None))

    def _in_list(self) -> bool:
        at = self._keys.highlighted
        return at is not None and at < len(self._rows) and self._rows[at].action is not None

    def _show_detail(self) -> None:
        shown = to_ascii if tripost(self.app).ascii_only else str
        self.query_one("#setting", Static).update(Content(shown(self.state.detail())))
        self.refresh_footer()

    def on_descendant_focus(self) -> None:
        self._select(self.focused)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list is self.focused:
            self._select(event.option_list)

    def _select(self, widget: object) -> None:
        """What is highlighted in the list that has the focus is what keys are about."""
        state = self.state
        if widget is self._look:
            state.selected = LOOKS[self._look.highlighted or 0]
        elif widget is self._keys:
            action = self._rows[self._keys.highlighted or 0].action if self._in_list() else None
            state.selected = action.id if action else ""
        self._show_detail()

    def situation(self) -> Situation:
        return self.state.situation()

    # --- the filter ------------------------------------------------------------------------

    def do_filter(self) -> None:
        self.state.filtering = True
        self._filter.display = True
        self._filter.value = self.state.words
        self.set_focus(self._filter)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self.state.filtering and event.value != self.state.words:
            self.state.words = event.value
            self.repaint()

    def on_input_submitted(self) -> None:
        self._end_filter()

    def _end_filter(self) -> None:
        self.state.filtering = False
        self._filter.display = False
        self.set_focus(self._keys)
        self.repaint()

    def back(self) -> Awaitable[None] | None:
        if self.state.filtering or self.state.words:
            return self._unfilter()
        return None

    async def _unfilter(self) -> None:
        self.state.words = ""
        self._end_filter()

    # --- changing --------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._select(event.option_list)
        tripost(self.app).act("settings.change")

    def do_change(self) -> None:
        state, app = self.state, tripost(self.app)
        if state.action is not None:
            self._press("New key", ())
        elif state.selected == "theme":
            app.act("global.theme")
        else:
            self._take(state.switched())

    def do_add(self) -> None:
        self._press("One more key", self.state.keymap.keys(self.state.selected))

    def _press(self, title: str, beside: tuple[str, ...]) -> None:
        """Ask for a key; the action has it then, and those ``beside``."""
        state, action = self.state, self.state.action
        if action is None:
            return

        def wanted(key: str) -> tuple[str, ...]:
            # esc stays with what it leads back from.
            kept = tuple(one for one in action.keys if one == "escape")
            return (*beside, key) if beside else (key, *kept)

        def pressed(key: str | None) -> None:
            if key is not None:
                self._take(state.with_keys(wanted(key)))

        now = shown_keys(state.keymap.keys(action.id)) or "none"
        what = f"{action.label} ({TITLES[action.target]})"
        text = f"Press the key that is to do it: {what}. Now: {now}. esc leaves it."
        self.app.push_screen(
            PressKeyDialog(title, text, lambda key: state.refusal(wanted(key))), pressed
        )

    def do_none(self) -> None:
        self._try(())

    def do_default(self) -> None:
        state = self.state
        if reason := state.default_refusal():
            tripost(self.app).say(f"Not back to its default: {reason}", severity="warning")
            return
        self._take(state.with_default())

    def _try(self, keys: tuple[str, ...]) -> None:
        if reason := self.state.refusal(keys):
            tripost(self.app).say(reason, severity="warning")
            return
        self._take(self.state.with_keys(keys))

    def do_all_defaults(self) -> None:
        changed = len(self.state.preferences.keys)
        if not changed:
            tripost(self.app).say("All keys are as by default.")
            return

        def back(sure: bool | None) -> None:
            if sure:
                self._take(replace(self.state.preferences, keys={}))

        text = f"{counted(changed, 'action')} of yours would have the default keys again."
        self.app.push_screen(ConfirmDialog("All keys by default?", text), back)

    def _take(self, wanted: Preferences) -> None:
        """Have the app do as is wanted from now on."""
        app, before = tripost(self.app), self.state.preferences
        if wanted.theme != before.theme:
            app.use_theme(wanted.theme)
            app.keep(lambda now: replace(now, theme=wanted.theme))
        if wanted.motion != before.motion:
            app.use_motion(wanted.motion)
            app.keep(lambda now: replace(now, motion=wanted.motion))
        if wanted.ascii is not before.ascii:
            app.keep(lambda now: replace(now, ascii=wanted.ascii))
        if wanted.keys != before.keys:
            app.keep(lambda now: replace(now, keys=wanted.keys))
            app.use_keys(wanted.keys)
        self.repaint()

    def on_screen_resume(self) -> None:
        self.repaint()

    # --- the rest --------------------------------------------------------------------------

    def do_copy(self) -> None:
        tripost(self.app).copy(str(self.state.path))

    def do_down(self) -> None:
        if isinstance(self.focused, RowList):
            self.focused.action_cursor_down()

    def do_up(self) -> None:
        if isinstance(self.focused, RowList):
            self.focused.action_cursor_up()
