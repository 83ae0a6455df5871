"""The bottom line: at most seven keys that matter here, then how to see the rest."""

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click, Resize
from textual.reactive import reactive
from textual.widgets import Static

from tripost_tui.actions import (
    Action,
    Target,
    editor_actions,
    footer_actions,
    more_key,
    offered_key,
    shown_key,
)
from tripost_tui.situation import Situation

_MORE = "more"


def footer_parts(
    actions: Sequence[Action],
    now: Situation,
    width: int,
    more: str = "?",
    target: Target = Target.GLOBAL,
) -> list[tuple[str, str, str | None]]:
    """(key, label, action id) of what fits into ``width``; the key ``more`` always comes last.

    The id is None for an action that is not possible now.
    """
    parts: list[tuple[str, str, str | None]] = []
    used = _width(more, _MORE)
    for action in actions:
        key = shown_key(offered_key(action, target, typing=now.typing) or "")
        label = action.labelled(now)
        if not label:
            continue
        if used + _width(key, label) > width:
            break
        used += _width(key, label)
        parts.append((key, label, None if action.why_not(now) else action.id))
    return [*parts, (more, _MORE, "global.help")]


def _width(key: str, label: str) -> int:
    return len(key) + len(label) + 3


class KeyFooter(Static):
    """Shows the keys of a target; those that are not possible now are dimmed, not hidden."""

    now: reactive[Situation] = reactive(Situation())

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target

    def render(self) -> Content:
        parts: list[Content] = []
        for key, label, action_id in self._parts():
            key_style, label_style = ("bold $accent", "") if action_id else ("dim", "dim")
            parts.append(Content.assemble((f" {key}", key_style), (f" {label} ", label_style)))
        return Content.assemble(*parts)

    def _parts(self) -> list[tuple[str, str, str | None]]:
        target = self._target
        typing = self.now.typing
        actions = editor_actions(target) if typing else footer_actions(target)
        more = more_key(target, typing=typing)
        return footer_parts(actions, self.now, self.size.width, more, target)

    def on_resize(self, _: Resize) -> None:
        self.refresh()

    async def on_click(self, event: Click) -> None:
        """Do what was clicked."""
        at = 0
        for key, label, action_id in self._parts():
            at += _width(key, label)
            if event.x < at:
                if action_id:
                    await self.run_action(f"app.act('{action_id}')")
                return
