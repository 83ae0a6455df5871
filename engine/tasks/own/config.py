"""Reading, checking and writing task.toml; `engine.tasks.own.settings` says what is in it."""

from __future__ import annotations

import difflib
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.errors import ConfigError, SettingProblem
from engine.settings_text import to_toml
from engine.tasks.own.problems import SHOWN_CHARS
from engine.tasks.own.settings import (
    ANSWER_KINDS,
    REFUSED,
    DataSettings,
    FeedbackSettings,
    ImproveSettings,
    OwnSettings,
    ScriptSettings,
)

TASK_FILE = "task.toml"
_MOST_BYTES = 1_000_000
_TITLE = "The task's settings are wrong"
_SECTIONS: dict[str, type[BaseModel]] = {
    "data": DataSettings,
    "feedback": FeedbackSettings,
    "improve": ImproveSettings,
    "scripts": ScriptSettings,
}


def load_task_settings(folder: Path) -> OwnSettings:
    """Read ``task.toml`` of a task's folder.

    Raises:
        ConfigError: it names the file, each wrong key with its value, and what is allowed.
    """
    path = folder / TASK_FILE
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ConfigError(f"{path}: longer than {_MOST_BYTES} bytes.", _TITLE)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}.", "No task can be read") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8 text.", _TITLE) from error
    try:
        data = tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply.", _TITLE) from None
    except ValueError as error:
        raise ConfigError(f"{path}: this is not TOML: {error}.", _TITLE) from error
    return check_task_settings(data, str(path))


def check_task_settings(data: Mapping[str, Any], source: str) -> OwnSettings:
    """Settings of a task from nested mappings. Raises ConfigError, with all its problems."""
    try:
        return OwnSettings.model_validate(dict(data))
    except ValidationError as error:
        found = [_problem(details, data) for details in error.errors(include_url=False)]
    lines = [f"{source}: {sentence}" for _, sentence in found]
    raise ConfigError("\n".join(lines), _TITLE, problems=[problem for problem, _ in found])


def task_toml(settings: OwnSettings) -> str:
    """The file's text: every setting with its help and what is allowed.

    Scripts that are not configured stand there as comments.
    """
    lines = ["# A task of your own. A setting that is left out is at its default."]
    for name in ("name", "title", "hint"):
        lines += _setting_lines(OwnSettings.model_fields[name], name, getattr(settings, name))
    for name in ("data", "answer", "feedback", "improve", "scripts"):
        section = getattr(settings, name)
        model = type(section) if section is not None else _SECTIONS[name]
        lines += ["", f"# {' '.join((model.__doc__ or '').split())}"]
        if section is None:
            lines += [f"# [{name}]", f'# script = "{name}.py"']
            continue
        lines.append(f"[{name}]")
        fields = sorted(type(section).model_fields.items(), key=lambda field: field[0] != "kind")
        for key, info in fields:
            value = getattr(section, key)
            if not (name == "data" and value == ()):
                lines += _setting_lines(info, key, value)
    return "\n".join(lines) + "\n"


def _setting_lines(info: FieldInfo, key: str, value: Any) -> Iterator[str]:
    if info.description:
        yield from textwrap.wrap(info.description, 98, initial_indent="# ", subsequent_indent="# ")
    if info.description or key == "kind":
        yield f"#   {_allowed(key, info)}"
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    yield f"{key} = {to_toml(value)}"


def _allowed(key: str, info: FieldInfo) -> str:
    if key == "kind":
        return "one of " + ", ".join(map(to_toml, ANSWER_KINDS))
    extra = info.json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else "text"


def _fields(section: str, data: Mapping[str, Any]) -> dict[str, FieldInfo]:
    """What a section may hold; what [answer] may depends on its kind."""
    if not section:
        return OwnSettings.model_fields
    if section != "answer":
        return _SECTIONS[section].model_fields if section in _SECTIONS else {}
    answer = data.get("answer")
    kind = answer.get("kind") if isinstance(answer, Mapping) else None
    model = ANSWER_KINDS.get(kind) if isinstance(kind, str) else None
    return model.model_fields if model else ANSWER_KINDS["exact"].model_fields


def _problem(error: ErrorDetails, data: Mapping[str, Any]) -> tuple[SettingProblem, str]:
    """What pydantic found wrong, as a person would put it: as data, and as a sentence."""
    place = [str(part) for part in error["loc"] if not isinstance(part, int)]
    if place[:1] == ["answer"] and place[1:2] and place[1] in ANSWER_KINDS:
        del place[1]  # pydantic's mark of the kind
    value = "nothing" if error["type"] == "missing" else _shown(error["input"])
    if error["type"].startswith("union_tag"):
        place.append("kind")
        given = error["input"].get("kind") if isinstance(error["input"], Mapping) else None
        value = "nothing" if given is None else _shown(given)
    name = ".".join(place[:2])
    section, key = place[:2] if len(place) > 1 else ("", name)
    fields = _fields(section, data)
    if error["type"] == "extra_forbidden":
        return _unknown(name, value, section, key, fields)
    allowed = _allowed(key, fields[key]) if key in fields else "a section"
    if error["type"] == REFUSED:
        allowed = error["msg"]
    return SettingProblem(name, value, allowed), f"{name} = {value}: must be {allowed}."


def _unknown(
    name: str, value: str, section: str, key: str, fields: Mapping[str, FieldInfo]
) -> tuple[SettingProblem, str]:
    near = difflib.get_close_matches(key.lower(), fields, n=1, cutoff=0.6)
    nearest = ".".join(filter(None, [section, *near])) if near else None
    hint = f" Did you mean {nearest}?" if nearest else ""
    known = ", ".join(fields)
    problem = SettingProblem(name, value, f"one of {known}", nearest)
    return problem, f"{name} = {value}: no such setting.{hint} There are {known}."


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a section"
    try:
        text = to_toml(value)
    except TypeError:
        text = repr(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 3] + "..."
