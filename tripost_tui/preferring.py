"""An app that looks and answers to keys as a person has set it, and keeps what they change."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock

from textual.app import App
from textual.scrollbar import ScrollBar, ScrollBarRender

from tripost_tui import actions, glyphs
from tripost_tui.actions.keymap import key_of
from tripost_tui.backend import Backend
from tripost_tui.preferences import ASCII_WISHES, Preferences, Reading
from tripost_tui.screens.base import BaseScreen, no_key
from tripost_tui.text import one_line
from tripost_tui.theme_names import full_name
from tripost_tui.themes import THEMES
from tripost_tui.widgets.pane import AsciiScrollBar


class PreferringApp(App[None]):
    """What is given when it is made holds this time; None asks the environment, then the file."""

    def __init__(
        self, backend: Backend, ascii_only: bool | None, theme: str | None, motion: bool | None
    ) -> None:
        # Without colours dim is left to the terminal, which has no grey for it then.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.backend = backend
        self.settings = backend.preferences()
        self._changes: deque[Callable[[Preferences], Preferences]] = deque()
        self._writing = Lock()
        wishes = self.settings.preferences
        if ascii_only is None:
            ascii_only = glyphs.wants_ascii(wish=ASCII_WISHES[wishes.ascii])
        self.ascii_only = ascii_only
        self.glyphs = glyphs.ASCII if ascii_only else glyphs.UNICODE
        ScrollBar.renderer = AsciiScrollBar if ascii_only else ScrollBarRender
        self._use_our_themes(theme or wishes.theme)
        self._level = self.animation_level if self.animation_level != "none" else "full"
        if motion is False or (not wishes.motion and "TEXTUAL_ANIMATIONS" not in os.environ):
            self.animation_level = "none"
        self.use_keys(wishes.keys)

    def _use_our_themes(self, name: str) -> None:
        textuals = list(self.available_themes)
        for theme in THEMES:
            self.register_theme(theme)
        self.use_theme(name)
        for other in textuals:
            self.unregister_theme(other)

    def fault_told(self) -> str:
        """What is wrong in the file, for somebody who has just come; empty where nothing is."""
        faults = self.settings.faults
        if not faults:
            return ""
        text = f"{self.settings.path.name}: {one_line(faults[0], 200).rstrip('.')}."
        more = f" {len(faults) - 1} more: {key_of('global.settings')}." if len(faults) > 1 else ""
        return text + more

    @property
    def moves(self) -> bool:
        """Whether anything glides."""
        return self.animation_level != "none"

    def use_motion(self, wanted: bool) -> None:
        self.animation_level = self._level if wanted else "none"

    def use_theme(self, name: str) -> None:
        """Show other colours, of `THEME_NAMES`, for now."""
        self.theme = full_name(name)

    def use_keys(self, changed: Mapping[str, tuple[str, ...]]) -> None:
        """From now on these actions have other keys than by default, in all open screens."""
        actions.use_keys(changed)
        self.set_keymap({one: ",".join(keys) or no_key(one) for one, keys in changed.items()})
        self._tell_screens()

    def _tell_screens(self) -> None:
        for screen in self.screen_stack if self.is_running else ():
            if isinstance(screen, BaseScreen) and screen.is_mounted:
                screen.keys_changed()

    def remember(self, change: Callable[[Preferences], Preferences]) -> Callable[[], bool]:
        """Change what is set. Returns what writes it down, in a thread; False: nothing was left.

        Changes are written in the order in which they were made, whoever comes to write them.
        """
        now = self.settings
        self.settings = Reading(now.path, change(now.preferences), now.faults)
        self._changes.append(change)

        def write() -> bool:
            written = False
            with self._writing:
                while self._changes:
                    self.backend.change_preferences(self._changes.popleft())
                    written = True
            return written

        return write

    def written(self, anything: bool) -> None:
        """The file is whole again: what was wrong in it has gone from it."""
        if anything and self.settings.faults:
            self.settings = replace(self.settings, faults=())
            self._tell_screens()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is done by key while a dialog wants to hear every key itself."""
        if action in {"act", "command_palette"} and self.screen_stack:
            return not getattr(self.screen, "TAKES_EVERY_KEY", False)
        return super().check_action(action, parameters)
