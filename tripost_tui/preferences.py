"""What a person has set about the app itself: one small TOML file, which no fault keeps shut.

Whatever is wrong in it is named and keeps its default. The projects' own settings are elsewhere
(`engine.config`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from engine.errors import ProjectError
from engine.files import write_atomically
from engine.project import config_dir
from engine.settings_text import to_toml
from tripost_tui.actions import ACTIONS
from tripost_tui.actions.keymap import Keymap, checked
from tripost_tui.theme_names import DEFAULT_THEME, THEME_NAMES

if TYPE_CHECKING:
    from engine.doctor import Check

FILE = "app.toml"


class Ascii(StrEnum):
    """Whether to show ASCII alone; AUTO asks the terminal."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


ASCII_WISHES: Mapping[Ascii, bool | None] = {Ascii.AUTO: None, Ascii.ON: True, Ascii.OFF: False}
"""As `glyphs.wants_ascii` takes it."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """``keys`` has those actions whose keys a person has changed."""

    theme: str = DEFAULT_THEME
    motion: bool = True
    ascii: Ascii = Ascii.AUTO
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def keymap(self) -> Keymap:
        return Keymap(ACTIONS, self.keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says. ``faults`` are sentences about what in it does not hold."""

    path: Path
    preferences: Preferences = field(default_factory=Preferences)
    faults: Sequence[str] = ()


def preferences_path() -> Path:
    return config_dir() / FILE


def read_preferences(path: Path | None = None) -> Reading:
    """Read the file; none is as good as an empty one. Raises nothing."""
    path = path or preferences_path()
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Reading(path)
    except OSError as error:
        return Reading(path, faults=(f"It cannot be read: {error.strerror or error}",))
    try:
        written = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Reading(path, faults=(f"It is no TOML, so that nothing of it holds: {error}",))
    return _understood(path, written)


def _understood(path: Path, written: Mapping[str, object]) -> Reading:
    faults: list[str] = []
    default = Preferences()

    def one(key: str, allowed: Mapping[object, object], fallback: object) -> object:
        value = written.get(key)
        # True is 1 to a dictionary, but not to a person.
        if isinstance(value, str | bool) and value in allowed:
            return allowed[value]
        if key in written:
            words = ", ".join(to_toml(each) for each in allowed)
            faults.append(
                f"{key}: {_brief(value)} is none of {words}; it stays {to_toml(fallback)}"
            )
        return fallback

    theme = one("theme", {name: name for name in THEME_NAMES}, default.theme)
    motion = one("motion", {True: True, False: False}, default.motion)
    ascii_only = one("ascii", {each.value: each.value for each in Ascii}, default.ascii.value)
    keys = written.get("keys", {})
    if not isinstance(keys, dict):
        faults.append(f"keys: {_brief(keys)} is no table of actions and their keys")
        keys = {}
    keymap, wrong = checked(ACTIONS, _flat(keys))
    faults += wrong
    known = {"theme", "motion", "ascii", "keys"}
    faults += [f"{key}: there is no such setting" for key in written if key not in known]
    preferences = Preferences(
        str(theme), bool(motion), Ascii(str(ascii_only)), dict(keymap.changed)
    )
    return Reading(path, preferences, tuple(faults))


def _flat(table: Mapping[str, object]) -> dict[str, object]:
    """``run.pause = …`` without quotes is a table in a table: as good as with them."""
    flat: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": found for inner, found in value.items()}
        else:
            flat[key] = value
    return flat


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def preferences_toml(preferences: Preferences) -> str:
    """The file, whole."""
    lines = [
        "# Settings of the app. Its settings screen writes this file; it may be edited, too.",
        "",
        f"theme = {to_toml(preferences.theme)}  # {', '.join(THEME_NAMES)}",
        f"motion = {to_toml(preferences.motion)}  # false: nothing glides",
        f"ascii = {to_toml(preferences.ascii.value)}  # {', '.join(Ascii)}; from the next start",
        "",
        '# Other keys than the default, such as "run.pause" = ["p", "^s"]; [] is none.',
        "[keys]",
        *(f"{to_toml(key)} = {to_toml(keys)}" for key, keys in preferences.keys.items()),
    ]
    return "\n".join(lines) + "\n"


def change_preferences(
    change: Callable[[Preferences], Preferences], path: Path | None = None
) -> Reading:
    """Change what the file says now, which another app may have changed, and write it.

    A file with faults is kept beside it as ``app.toml.old`` first. Raises ProjectError.
    """
    path = path or preferences_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=5):
            before = read_preferences(path)
            if before.faults:
                write_atomically(path.with_name(f"{path.name}.old"), path.read_bytes())
            after = change(before.preferences)
            write_atomically(path, preferences_toml(after))
    except OSError as error:  # filelock's Timeout is one too
        reason = error.strerror or str(error)
        raise ProjectError(f"{path}: {reason}.", "The app's settings cannot be written") from error
    return Reading(path, after)


def preference_checks(reading: Reading) -> list[Check]:
    """What the doctor says about the file."""
    from engine.doctor import Check, Status

    if not reading.faults:
        return [Check("app settings", Status.OK, str(reading.path))]
    advice = f"Put it right in {reading.path}, or in the app's settings. Defaults hold meanwhile."
    return [
        Check("app settings", Status.WARNING, fault, advice if at == 0 else "")
        for at, fault in enumerate(reading.faults)
    ]
