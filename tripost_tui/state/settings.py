"""What the settings screen shows and changes: how the app looks, and which key does what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tripost_tui.actions import ACTIONS, TITLES, Action, Target, shown_keys
from tripost_tui.actions.keymap import Keymap, fill
from tripost_tui.preferences import Ascii, Preferences
from tripost_tui.situation import Situation
from tripost_tui.theme_names import DEFAULT_THEME, THEME_NAMES


@dataclass(frozen=True, slots=True)
class LookRow:
    """One thing that can be set. ``note`` says what there is to know about it."""

    name: str
    value: str
    note: str
    yours: bool


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An action and its keys; without an action the name of the screen that comes next."""

    action: Action | None
    title: str
    keys: str = ""
    yours: bool = False


LOOKS = ("theme", "motion", "ascii")


class SettingsState:
    """``preferences`` are those that the person has; ``ascii_now`` is what is shown.

    ``selected`` is the id of an action, or a name of `LOOKS`; empty where the list has nothing.
    """

    def __init__(
        self,
        preferences: Preferences,
        path: Path,
        faults: Sequence[str] = (),
        *,
        theme_now: str = DEFAULT_THEME,
        motion_now: bool = True,
        ascii_now: bool = False,
    ) -> None:
        self.preferences = preferences
        self.path = path
        self.faults = tuple(faults)
        self.theme_now, self.motion_now, self.ascii_now = theme_now, motion_now, ascii_now
        self.selected = LOOKS[0]
        self.words = ""
        self.filtering = False

    @property
    def keymap(self) -> Keymap:
        return self.preferences.keymap

    @property
    def action(self) -> Action | None:
        """The one that is selected."""
        return next((each for each in ACTIONS if each.id == self.selected), None)

    def situation(self) -> Situation:
        return Situation(
            typing=self.filtering,
            selected=bool(self.selected),
            on_key=self.action is not None,
        )

    # --- what is shown ---------------------------------------------------------------------

    def look_rows(self) -> list[LookRow]:
        now, default = self.preferences, Preferences()
        theme, motion = THEME_NAMES[now.theme], _on(now.motion)
        this_time = THEME_NAMES.get(self.theme_now, self.theme_now)
        return [
            LookRow(
                "theme",
                theme,
                f"{len(THEME_NAMES)} to choose from"
                if this_time == theme
                else f"this time {this_time}",
                now.theme != default.theme,
            ),
            LookRow(
                "motion",
                motion,
                f"panes {'glide' if now.motion else 'jump'} when they scroll"
                if self.motion_now == now.motion
                else f"this time {_on(self.motion_now)}",
                now.motion != default.motion,
            ),
            LookRow(
                "ascii",
                now.ascii.value,
                f"now {_on(self.ascii_now)}; a change holds from the next start",
                now.ascii is not default.ascii,
            ),
        ]

    def key_rows(self) -> list[KeyRow]:
        """Actions by screen, those that work everywhere first; only what the filter lets by."""
        keymap = self.keymap
        words = self.words.lower().split()
        rows: list[KeyRow] = []
        for target in Target:
            group = []
            for each in ACTIONS:
                shown = shown_keys(keymap.keys(each.id)) or _by_letter(each, keymap)
                if each.target is not target or not _has(each, shown, words):
                    continue
                group.append(KeyRow(each, each.label, shown, each.id in keymap.changed))
            if group:
                rows += [KeyRow(None, TITLES[target]), *group]
        return rows

    def title(self) -> str:
        count = sum(row.action is not None for row in self.key_rows())
        changed = len(self.preferences.keys)
        parts = [f"Keys of {count} actions"]
        if self.words:
            parts[0] = f"Keys of {count} of {len(ACTIONS)} actions, with: {self.words}"
        return ", ".join(parts + [f"{changed} yours"] * bool(changed))

    def detail(self) -> str:
        """All that there is to say about what is selected."""
        action = self.action
        if not self.selected:
            return "No action has these words; esc shows all."
        if action is None:
            row = next(one for one in self.look_rows() if one.name == self.selected)
            return f"{row.name}: {row.value}; {row.note}."
        keys = shown_keys(self.keymap.keys(action.id)) or "no key"
        where = TITLES[action.target]
        text = f"{where}: {fill(action.description)}. {keys}"
        if action.id in self.preferences.keys:
            text += f", yours; by default {shown_keys(action.keys) or 'no key'}"
        if action.letter:
            text += f"; in the go-to menu {action.letter}"
        return f"{text}. In the file: {action.id}"

    # --- what is changed -------------------------------------------------------------------

    def refusal(self, keys: Sequence[str]) -> str | None:
        """Why the selected action cannot have these keys; None where it can."""
        return self.keymap.refusal(self.selected, tuple(keys))

    def with_keys(self, keys: Sequence[str]) -> Preferences:
        changed = self.keymap.with_keys(self.selected, keys).changed
        return replace(self.preferences, keys=dict(changed))

    def with_default(self) -> Preferences:
        """What is selected as it is by default."""
        default = Preferences()
        match self.selected:
            case "theme":
                return replace(self.preferences, theme=default.theme)
            case "motion":
                return replace(self.preferences, motion=default.motion)
            case "ascii":
                return replace(self.preferences, ascii=default.ascii)
        keys = {one: has for one, has in self.preferences.keys.items() if one != self.selected}
        return replace(self.preferences, keys=keys)

    def default_refusal(self) -> str | None:
        """Why the selected action cannot have its default back: another has its key now."""
        action = self.action
        return None if action is None else self.refusal(action.keys)

    def switched(self) -> Preferences:
        """The selected switch one further."""
        if self.selected == "motion":
            return replace(self.preferences, motion=not self.preferences.motion)
        every = list(Ascii)
        after = every[(every.index(self.preferences.ascii) + 1) % len(every)]
        return replace(self.preferences, ascii=after)


def _by_letter(action: Action, keymap: Keymap) -> str:
    """How the go-to menu leads to it; empty where it does not."""
    goto = shown_keys(keymap.keys("global.goto")[:1])
    return f"{goto} {action.letter}" if action.letter and goto else ""


def _on(value: bool) -> str:
    return "on" if value else "off"


def _has(action: Action, keys: str, words: Sequence[str]) -> bool:
    """Whether each word is somewhere in what stands of an action; a key is one as a whole."""
    text = f"{action.label} {action.description} {TITLES[action.target]} {action.id}".lower()
    return all(word in text or word in keys.lower().split() for word in words)
