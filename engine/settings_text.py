"""Settings in words: what each may be, how a value is written, what is wrong with one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.errors import SettingProblem
from engine.setting_types import Section
from engine.settings import Settings
from engine.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a person meets it; ``allowed`` completes "must be"."""

    section: str
    name: str
    help: str
    allowed: str
    default: Any

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"


def sections() -> dict[str, type[Section]]:
    fields = Settings.model_fields
    return {name: cast("type[Section]", info.annotation) for name, info in fields.items()}


def doc(model: type[Section]) -> str:
    return " ".join((model.__doc__ or "").split())


def _allowed(key: str, info: FieldInfo) -> str:
    """What a setting may be, as a phrase."""
    if key == "task.name":
        return f"{_one_of(sorted(TASKS))}, or the path of a folder with a task.toml"
    kind = info.annotation
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind))
    if kind is str:
        return "text"
    if kind is bool:
        return "true or false"
    if get_origin(kind) is tuple:
        return "a list of text"
    low = high = ""
    for bound in info.metadata:
        if isinstance(bound, annotated_types.Ge):
            low = f" from {bound.ge}"
        elif isinstance(bound, annotated_types.Gt):
            low = f" above {bound.gt}"
        elif isinstance(bound, annotated_types.Le):
            high = f" to {bound.le}" if low.startswith(" from") else f" up to {bound.le}"
        elif isinstance(bound, annotated_types.Lt):
            high = f" to below {bound.lt}"
    return ("a whole number" if kind is int else "a number") + low + high


def _one_of(names: Any) -> str:
    return "one of " + ", ".join(to_toml(name) for name in names)


def problem_of(error: ErrorDetails) -> SettingProblem:
    """What pydantic found wrong, as a person would put it."""
    place = error["loc"]
    key = ".".join(str(part) for part in place[:2])
    value = _shown(error["input"])
    if error["type"] == "extra_forbidden":
        return _unknown(key, value)
    if key not in _BY_KEY:
        return SettingProblem(key, value, "a section of settings")
    allowed = _BY_KEY[key].allowed
    if error["type"] in ("unreachable", "no_difficulty", "senseless"):
        allowed = error["msg"]
    elif error["type"] == "string_too_short":
        allowed = "text that is not empty"
    elif error["type"] in ("string_too_long", "too_long"):
        allowed = f"{allowed}, at most {error['ctx']['max_length']} long"
    return SettingProblem(key, value, allowed)


def sentence(problem: SettingProblem) -> str:
    """A problem in one line, for people."""
    key, value = problem.key, problem.value
    if key in _BY_KEY or key in sections():
        return f"{key} = {value}: must be {problem.allowed}."
    place = f"[{key}]" if value == _TABLE else f"{key} = {value}"
    kind = "setting" if "." in key else "section"
    hint = f" Did you mean {problem.nearest}?" if problem.nearest else ""
    return f"{place}: no such {kind}.{hint} There are {problem.allowed.removeprefix('one of ')}."


_TABLE = "a section"


def _unknown(key: str, value: str) -> SettingProblem:
    section, _, name = key.rpartition(".")
    if section:
        known = [setting.name for setting in SETTINGS if setting.section == section]
        near = _nearest(name, known)
        nearest = f"{section}.{near}" if near else _nearest_setting(name)
    else:
        known = list(sections())
        nearest = _nearest(key, known) if value == _TABLE else _nearest_setting(key)
    return SettingProblem(key, value, f"one of {', '.join(known)}", nearest)


def _nearest_setting(name: str) -> str | None:
    """The first setting of any section with that name, or one like it."""
    near = _nearest(name, [setting.name for setting in SETTINGS])
    return next((setting.key for setting in SETTINGS if setting.name == near), None)


def _nearest(name: str, names: list[str]) -> str | None:
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return found[0] if found else None


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return _TABLE
    try:
        text = to_toml(value)
    except TypeError:
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def to_toml(value: Any) -> str:
    """A value as TOML writes it. Raises TypeError for what no setting holds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
        return '"' + "".join(escapes.get(c) or _plain(c) for c in value) + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_toml(inner) for inner in value) + "]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _plain(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x20 or 0x7F <= code < 0xA0 else character


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(
        section,
        name,
        info.description or "",
        _allowed(f"{section}.{name}", info),
        info.default,
    )
    for section, model in sections().items()
    for name, info in model.model_fields.items()
)
"""Every setting, in the order of the file."""

_BY_KEY = {setting.key: setting for setting in SETTINGS}
