"""A letter on each pane and field; pressing it puts the focus there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tripost_tui.actions import action
from tripost_tui.actions.keymap import keys_of
from tripost_tui.screens.base import Dialog
from tripost_tui.text import one_line

LETTERS = "asdfghjklqwertyuiopzxcvbnm1234567890"
"""In the order in which they are given, those under resting fingers first."""

LOOK_S = 0.2
"""Seconds between looks at where the panes are."""


@dataclass(frozen=True, slots=True)
class Place:
    """Something that can have the focus. ``at`` is where its letter stands, in cells from the
    screen's corner; None where it is out of sight."""

    letter: str
    widget: Widget
    at: Offset | None
    name: str


def places_of(screen: Screen[Any]) -> list[Place]:
    """What can have the focus on a screen, in the order of tab."""
    return [
        Place(letter, widget, _seen_at(screen, widget), _name(widget))
        for letter, widget in zip(LETTERS, screen.focus_chain, strict=False)
    ]


def _seen_at(screen: Screen[Any], widget: Widget) -> Offset | None:
    # Only what is laid out and in sight is among these.
    if widget not in screen._compositor.visible_widgets:
        return None
    seen = screen.find_widget(widget).visible_region
    return seen.offset if seen else None


def _name(widget: Widget) -> str:
    title = widget.border_title
    if title:
        return one_line(Content.from_markup(title).plain, 24)
    return (widget.id or "").removeprefix("input-")


class JumpScreen(Dialog[Widget | None]):
    """Lies over the screen, which stays in sight. Returns what to focus."""

    # As in the go-to menu: found even when a letter comes before this is drawn.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        *(Binding(letter, f"jump('{letter}')", "Focus it", show=False) for letter in LETTERS),
    ]

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below
        self._places = places_of(below)

    def compose(self) -> ComposeResult:
        for place in self._places:
            if place.at is not None:
                mark = Static(Content(f" {place.letter} "), classes="jump-letter")
                mark.styles.offset = place.at
                yield mark
        if unseen := [place for place in self._places if place.at is None]:
            parts = [
                Content.assemble((f" {place.letter} ", "reverse bold"), f" {place.name}")
                for place in unseen
            ]
            words = Content("Out of sight: ")
            yield Static(Content.assemble(words, Content("  ").join(parts)), id="jump-unseen")

    def on_key(self, event: Key) -> None:
        if event.key in keys_of(action("global.jump")):
            event.stop()
            self.dismiss(None)

    def on_click(self, _: Click) -> None:
        self.dismiss(None)

    def on_mount(self) -> None:
        self.set_interval(LOOK_S, self._follow)

    async def _follow(self) -> None:
        """Panes move: a run goes on below, or the terminal has another size."""
        places = places_of(self._below)
        if places != self._places:
            self._places = places
            await self.recompose()

    def action_jump(self, letter: str) -> None:
        for place in self._places:
            if place.letter == letter:
                self.dismiss(place.widget)

    def action_leave(self) -> None:
        self.dismiss(None)
