"""What every screen of the app has: keys from the registry, a footer, a situation."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent, Mount, Resize
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from tripost_tui.actions import Target, actions_of
from tripost_tui.actions.keymap import WORKS_EVERYWHERE
from tripost_tui.collector import forget_painted_lines
from tripost_tui.glyphs import Glyphs
from tripost_tui.situation import Situation
from tripost_tui.state.place import Place
from tripost_tui.widgets.key_footer import KeyFooter

if TYPE_CHECKING:
    from textual.app import App

    from tripost_tui.app import TripostApp

T = TypeVar("T")
_LATE = (Mount, Resize, InputEvent)
"""What is nothing to a screen any more once it is left."""

_TEXTUALS_OWN = {"global.palette": "command_palette"}
"""Textual binds its palette itself where it finds no binding for this action."""

_AT_ONCE = frozenset({"new.down", "new.up", "new.next"})
"""Done before the next key is given to anybody: what is typed after an arrow, and comes with it
in one piece over a slow line, is meant for the next field."""


def bindings_of(target: Target) -> list[BindingType]:
    """The key bindings of a target's actions. What they do is decided by `TripostApp.act`.

    They have the default keys; `TripostApp.use_keys` gives them others by their ids.
    """
    return [
        Binding(
            ",".join(action.keys) or no_key(action.id),
            _TEXTUALS_OWN.get(action.id, f"app.act('{action.id}')"),
            action.description,
            show=False,
            priority=action.id in WORKS_EVERYWHERE | _AT_ONCE,
            id=action.id,
        )
        for action in actions_of(target)
    ]


def no_key(action_id: str) -> str:
    """What stands for a key where an action has none: a binding must have one to get others."""
    return f"no key for {action_id}"


def tripost(app: App[object]) -> TripostApp:
    """The app by its own type."""
    return cast("TripostApp", app)


class _Leavable(Screen[T]):
    """A screen of which nothing is kept once it is left, however soon that is."""

    @property
    def is_there(self) -> bool:
        """False once a person has left it: what comes in late has nothing to be shown on."""
        return self in self.app.screen_stack

    async def on_event(self, event: Event) -> None:
        # What was on its way when it was left would look for widgets that are gone, or were never
        # made.
        if self.is_there or not isinstance(event, _LATE):
            await super().on_event(event)

    def on_unmount(self) -> None:
        forget_painted_lines()


class BaseScreen(_Leavable[None]):
    """A screen with a footer; `situation` decides what its keys can do."""

    TARGET: ClassVar[Target]

    place: Place | None = None
    """The run that it is about."""

    def situation(self) -> Situation:
        return Situation()

    def back(self) -> Awaitable[None] | None:
        """Leave what is innermost in the screen; None where that is the screen itself."""
        return None

    @property
    def glyphs(self) -> Glyphs:
        return tripost(self.app).glyphs

    def repaint(self) -> None:
        """Show the state as it is."""

    def keys_changed(self) -> None:
        """Show the keys that hold now, wherever the screen names one."""
        self.repaint()
        for footer in self.query(KeyFooter):
            footer.refresh()

    def zoomed(self) -> Widget | None:
        """What zooming gives the whole screen to."""
        return self.focused

    def do_zoom(self) -> None:
        if self.maximized is not None:
            self.minimize()
        elif (widget := self.zoomed()) is not None:
            self.maximize(widget)

    def refresh_footer(self) -> None:
        """Show the keys as they are possible now."""
        for footer in self.query(KeyFooter):
            footer.now = tripost(self.app).situation_of(self)


class Dialog(_Leavable[T], ModalScreen[T]):
    """A small screen over another one; escape leaves it."""

    TAKES_EVERY_KEY: ClassVar[bool] = False
    """Also those that work everywhere: to hear which one it is."""

    @property
    def glyphs(self) -> Glyphs:
        return tripost(self.app).glyphs
