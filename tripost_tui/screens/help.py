"""Every key that works here, from the registry, and what the signs mean."""

import textwrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from tripost_tui.actions import TITLES, Action, Target, action, actions_of, shown_keys
from tripost_tui.actions.keymap import fill, keys_of
from tripost_tui.glyphs import Glyphs
from tripost_tui.screens.base import Dialog
from tripost_tui.situation import Situation

STATES = {
    "running": "an engine is at work",
    "starting": "its engine loads",
    "pausing": "it pauses after the items at hand",
    "paused": "its engine waits; {run.pause} resumes",
    "waiting for review": "it goes on when all is decided, or by tripost continue",
    "stopping": "it ends after the item at hand",
    "stopped": "ended before it was finished; {run.pause} resumes",
    "finished": "all iterations are done",
    "failed": "ended by an error; the run screen says which",
    "no heartbeat 34 s": "its engine is dead or stuck; {run.pause} resumes it when it is dead",
    "not started": "no engine has worked on it yet",
}

SIGNS = {
    Target.REVIEW: {
        "1u": "so many updates follow the first attempt",
        "!": "flagged",
        "e": "edited in review",
    },
}
"""What else stands in a screen's list, and what it means."""

_KEY_COLUMN = 14
_WIDEST = 84


def help_content(target: Target, now: Situation, glyphs: Glyphs, width: int) -> Content:
    """Keys of this screen first, then those that work everywhere, then all others'."""
    others = [each for each in Target if each not in (target, Target.GLOBAL)]
    lines: list[Content] = []
    for place in (target, Target.GLOBAL, *others):
        here = place in (target, Target.GLOBAL)
        lines.append(Content.styled(TITLES[place], "bold $accent"))
        told = None
        for each in actions_of(place):
            reason = each.why_not(now) if here else None
            keys = shown_keys(keys_of(each)) or _way(each)
            text = each.description
            if reason:
                text += ". Not now, either." if reason == told else f". Not now: {reason}"
                told = reason
            text = fill(text)
            head, hanging = f"{f'  {keys}':<{_KEY_COLUMN - 1}} ", " " * _KEY_COLUMN
            room = max(20 + _KEY_COLUMN, width)
            wrapped = textwrap.wrap(text, room, initial_indent=head, subsequent_indent=hanging)
            body = "\n".join(wrapped).removeprefix(head)
            style = "dim" if reason else ""
            lines.append(Content.assemble((head, f"bold {style}"), (body, style)))
        if place is target:
            for sign, meaning in SIGNS.get(target, {}).items():
                lines.append(Content(f"{f'  {sign}':<{_KEY_COLUMN}}in the list: {meaning}"))
        lines.append(Content(""))
    lines.append(Content.styled("States", "bold $accent"))
    for word, meaning in STATES.items():
        lines.append(Content(f"  {glyphs.of_state(word)} {word:<18} {fill(meaning)}"))
    return Content("\n").join(lines)


def _way(each: Action) -> str:
    """How to do what has no key."""
    if each.letter:
        return f"{shown_keys(keys_of(action('global.goto'))[:1])} {each.letter}"
    return shown_keys(keys_of(action("global.palette"))[:1])


class HelpScreen(Dialog[None]):
    """A page to scroll through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", "Close", show=False),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, target: Target, now: Situation) -> None:
        super().__init__()
        self._target, self._now = target, now

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog -page") as box:
            box.border_title = Content("Help")
            box.border_subtitle = Content("esc closes, arrows and pgdn scroll")
            width = min(_WIDEST, self.app.size.width * 94 // 100) - 8
            yield Static(help_content(self._target, self._now, self.glyphs, width))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def on_key(self, event: Key) -> None:
        if event.key in keys_of(action("global.help")):
            event.stop()
            self.dismiss(None)

    def action_close(self) -> None:
        self.dismiss(None)
