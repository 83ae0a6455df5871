"""Which keys carry out which action: the registry's, and what a person has made of them.

There is one keymap at a time, as there is one app and one person; whatever names a key asks for it
here. What would shut somebody out of a screen is refused, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from tripost_tui.actions.keys import parse_key, shown_key, spelled_key, types
from tripost_tui.actions.kinds import DIALOGS, TITLES, TYPED_IN, Action, Target
from tripost_tui.situation import typing

Keys = tuple[str, ...]

WORKS_EVERYWHERE = frozenset({"global.quit", "global.palette"})
"""Also over dialogs and in text fields."""

MOVING = frozenset(
    {
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
        *("enter", "tab", "shift+tab"),
    }
)
"""What panes, lists and fields do with these comes before any action of the screen."""

_KEPT = frozenset({"global.help", "global.palette", "global.quit"})
"""They always have a key, and one that works where letters are typed. So has what is done in an
editor alone."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+\.[a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Clash:
    """A key, a letter of the go-to menu or an id that ``first`` and ``second`` both have."""

    what: str
    where: str
    first: Action
    second: Action


def clashing(table: Iterable[Action]) -> list[Clash]:
    """What is given twice where only one can have it.

    A key of a screen may not be a global one either, save escape. Dialogs have their own, beside
    those that work everywhere.
    """
    found: list[Clash] = []
    seen: dict[tuple[str, str], Action] = {}
    for each in table:
        places = [("id", each.id)] + [(each.target.value, key) for key in each.keys]
        if each.letter:
            places.append(("go-to menu", each.letter))
        for place in places:
            if place in seen:
                found.append(Clash(place[1], place[0], seen[place], each))
            seen.setdefault(place, each)
    screens = {target.value: target for target in Target if target is not Target.GLOBAL}
    for (where, key), owner in seen.items():
        shared = seen.get((Target.GLOBAL.value, key))
        if where not in screens or shared is None or key == "escape":
            continue
        if screens[where] not in DIALOGS or shared.id in WORKS_EVERYWHERE:
            found.append(Clash(key, where, owner, shared))
    return found


class Keymap:
    """The effective keys. ``changed`` has those actions that a person gave other keys, or none.

    Nothing is checked here: see `refusal` for one key, `checked` for all that a file says.
    """

    def __init__(self, table: Sequence[Action], changed: Mapping[str, Keys] | None = None) -> None:
        self.table = tuple(table)
        self.changed: Mapping[str, Keys] = MappingProxyType(dict(changed or {}))
        self._by_id = {each.id: each for each in self.table}

    def keys(self, action_id: str) -> Keys:
        """Raises KeyError where there is no such action."""
        default = self._by_id[action_id].keys
        return self.changed.get(action_id, default)

    def with_keys(self, action_id: str, keys: Iterable[str]) -> Keymap:
        """Another keymap, in which an action has these; its own ones are no change."""
        wanted = tuple(dict.fromkeys(keys))
        changed = {one: has for one, has in self.changed.items() if one != action_id}
        if wanted != self._by_id[action_id].keys:
            changed[action_id] = wanted
        return Keymap(self.table, changed)

    def effective(self) -> list[Action]:
        """The registry with the keys that hold."""
        return [replace(each, keys=self.keys(each.id)) for each in self.table]

    # --- in texts --------------------------------------------------------------------------

    def named(self, action_id: str) -> str:
        """How to do something, as it stands in a sentence: ``p``, ``ctrl+q``, ``g d``.

        The first key; without any the go-to menu's letter, or its name in the palette.
        """
        action = self._by_id[action_id]
        if keys := self.keys(action_id):
            return spelled_key(keys[0])
        if action.letter and self.keys("global.goto"):
            return f"{self.named('global.goto')} {action.letter}"
        return f'{self.named("global.palette")} "{action.label}"'

    def spans(self, text: str) -> list[tuple[str, bool]]:
        """A text of ours in pieces, with ``{run.pause}`` replaced by its key; True for keys."""
        pieces: list[tuple[str, bool]] = []
        at = 0
        for found in _PLACEHOLDER.finditer(text):
            if found.group(1) not in self._by_id:
                continue  # of a name that others gave, such as a folder's
            pieces += [(text[at : found.start()], False), (self.named(found.group(1)), True)]
            at = found.end()
        return [*pieces, (text[at:], False)]

    def fill(self, text: str) -> str:
        """The same as one text."""
        return "".join(piece for piece, _ in self.spans(text))

    # --- what is not possible --------------------------------------------------------------

    def refusal(self, action_id: str, keys: Keys) -> str | None:
        """Why an action cannot have these keys, in a sentence; None where it can."""
        action = self._by_id[action_id]
        wrong = (_unfit(action, key, self.table) for key in keys if key not in action.keys)
        reason = next((one for one in wrong if one), None) or _lost(action, keys)
        if reason is not None:
            return reason
        for clash in clashing(self.with_keys(action_id, keys).effective()):
            pair = (clash.first, clash.second)
            if clash.where != "id" and action_id in (pair[0].id, pair[1].id):
                other = pair[0] if pair[1].id == action_id else pair[1]
                return f"{shown_key(clash.what)} is {_named(other)}."
        return None


def _named(action: Action) -> str:
    return f'"{action.label}" of {TITLES[action.target]}'


def _unfit(action: Action, key: str, table: Sequence[Action]) -> str | None:
    """Why no action could have this key beside those that have it by default."""
    shown = shown_key(key)
    if key == "escape":
        return "esc always leads one layer back; it can be given to nothing else."
    if key == "ctrl+c":
        return "^c copies what is marked and never ends anything; it cannot be given away."
    if key in MOVING and not any(
        key in each.keys for each in table if each.target is action.target
    ):
        return f"Panes, lists and fields need {shown} for themselves."
    if types(key) and action.id in WORKS_EVERYWHERE:
        return f"{shown} would only type in a field; this has to work there, too."
    if types(key) and action.target in TYPED_IN:
        return f"{shown} would only type: this screen is made of fields."
    return None


def _lost(action: Action, keys: Keys) -> str | None:
    """What would be out of reach if an action had only these keys."""
    if "escape" in action.keys and "escape" not in keys:
        return "esc always leads one layer back; it cannot be taken away here."
    kept = action.id in _KEPT or action.why_not is typing
    if kept and all(types(key) for key in keys):
        return "It needs a key that works where letters are typed, such as F1 or ^q."
    return None


def checked(table: Sequence[Action], written: Mapping[str, object]) -> tuple[Keymap, list[str]]:
    """The keymap that a file asks for, and in words what of it cannot be.

    An action that is asked for something impossible keeps its default. Two actions may have
    changed their keys with each other: all changes are looked at together.
    """
    by_id = {each.id: each for each in table}
    changed: dict[str, Keys] = {}
    faults: list[str] = []
    for action_id, value in written.items():
        if action_id not in by_id:
            faults.append(f"keys: there is no action {action_id!r}")
            continue
        action = by_id[action_id]
        try:
            keys = _read(value)
        except ValueError as error:
            faults.append(f"keys, {action_id}: {error}; it keeps {_default(action)}")
            continue
        reasons = [_unfit(action, key, table) for key in keys if key not in action.keys]
        reason = next((one for one in reasons if one), None) or _lost(action, keys)
        if reason is not None:
            faults.append(f"keys, {action_id}: {reason} It keeps {_default(action)}")
        elif keys != action.keys:
            changed[action_id] = keys
    while True:
        keymap = Keymap(table, changed)
        clash = next((one for one in clashing(keymap.effective()) if one.where != "id"), None)
        rivals = [one for one in (clash.second, clash.first) if one.id in changed] if clash else []
        if clash is None or not rivals:
            return keymap, faults
        loser = max(rivals, key=lambda one: list(changed).index(one.id))
        other = clash.first if clash.second.id == loser.id else clash.second
        del changed[loser.id]
        faults.append(
            f"keys, {loser.id}: {shown_key(clash.what)} is {_named(other)}; "
            f"it keeps {_default(by_id[loser.id])}"
        )


def _read(value: object) -> Keys:
    """Keys as written: a list of names, or one name. Raises ValueError."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
        raise ValueError(f"keys are written as a list of names, not {value!r}")
    return tuple(dict.fromkeys(parse_key(name) for name in names))


def _default(action: Action) -> str:
    return ", ".join(shown_key(key) for key in action.keys) or "none"


# --- the one that holds ----------------------------------------------------------------------

_current = Keymap(())


def use(keymap: Keymap) -> None:
    """From now on this is the one."""
    global _current
    _current = keymap


def current() -> Keymap:
    return _current


def keys_of(action: Action) -> Keys:
    """The keys that carry out an action now; what is not in the registry has its own."""
    return _current.changed.get(action.id, action.keys)


def key_of(action_id: str) -> str:
    """How to do something, as it stands in a sentence: see `Keymap.named`."""
    return _current.named(action_id)


def fill(text: str) -> str:
    """One of our own texts, with ``{run.pause}`` replaced by the key that does it."""
    return _current.fill(text)


def spans(text: str) -> list[tuple[str, bool]]:
    """A text of ours in pieces, as `fill` would write it; True for those that are keys."""
    return _current.spans(text)


def named_in(text: str) -> list[str]:
    """The ids of actions that a text of ours names."""
    return _PLACEHOLDER.findall(text)
