"""Files of prompts: where they are, what they hold, and what is wrong with one."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from engine.experts.replies import GiveUp, ReplyUnusable, read_feedback, read_improvement
from engine.trajectory import Attempt, Feedback, incorrect, parse_attempt

PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|\{([a-z_]+)\}")
"""A name in braces; in doubled ones it is no placeholder, but stands for the braces themselves."""

_PACKAGED = Path(__file__).parent / "prompts"
_GENERIC = "generic"
_MOST_BYTES = 1_000_000
_TITLE = "The prompts are wrong"


@dataclass(frozen=True, slots=True)
class PromptKind:
    """What a file of prompts may hold: FBK's, or IMP's."""

    file: str
    placeholders: tuple[str, ...]
    """Of ``user``, each of which has to stand there but the optional ones."""
    optional: tuple[str, ...]
    example: tuple[str, ...]
    """Keys of an example beside ``gold``, which may be left out."""


FBK = PromptKind(
    "feedback.toml",
    ("question", "attempt"),
    (),
    ("question", "attempt", "check", "step", "span", "reason"),
)
IMP = PromptKind(
    "improve.toml",
    ("question", "attempt", "feedback", "kept", "step"),
    ("kept",),
    ("question", "attempt", "step", "span", "reason", "continuation"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with an attempt that is wrong, and what an expert should reply."""

    question: str
    attempt: Attempt
    feedback: Feedback
    reply: str
    gold: str | None


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A file of prompts as it was read."""

    path: Path
    content: bytes
    system: str
    user: str
    gold: str
    examples: tuple[Example, ...]


def packaged_folder(task_name: str) -> Path:
    """Where the prompts of a task are that come with the package; of its own or for any task."""
    names = {folder.name for folder in _PACKAGED.iterdir()}
    return _PACKAGED / (task_name if task_name in names else _GENERIC)


def read_prompt_file(path: Path, kind: PromptKind) -> PromptFile:
    """Read and check a file of prompts.

    Raises:
        ConfigError: it names the file, the key, and what is allowed.
    """
    content, data = _read(path)
    allowed = ("system", "user", "gold", "examples")
    _check_keys(path, "", data, allowed, ("system", "user", "gold"))
    system, user, gold = (_text(path, key, data[key]) for key in ("system", "user", "gold"))
    needed = [name for name in kind.placeholders if name not in kind.optional]
    _check_placeholders(path, "user", user, kind.placeholders, needed)
    _check_placeholders(path, "gold", gold, ("gold",), ("gold",))
    for name in _placeholders(system):
        if name in (*kind.placeholders, "gold"):
            raise _error(path, "system", f"{{{name}}} is filled in only in user and gold")
    listed = data.get("examples", [])
    if not isinstance(listed, list):
        raise _error(path, "examples", "must be a list of tables, each under [[examples]]")
    examples = [
        _example(path, f"examples[{number}]", value, kind) for number, value in enumerate(listed, 1)
    ]
    return PromptFile(path, content, system, user, gold, tuple(examples))


def _read(path: Path) -> tuple[bytes, Mapping[str, Any]]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: {error.strerror or error}."
        raise ConfigError(message, "No prompts can be read") from error
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{path}: longer than {_MOST_BYTES} bytes.", _TITLE)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        return content, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8 text.", _TITLE) from error
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply.", _TITLE) from None
    except ValueError as error:
        raise ConfigError(f"{path}: this is not TOML: {error}.", _TITLE) from error


def _error(path: Path, key: str, what: str) -> ConfigError:
    return ConfigError(f"{path}: {key}: {what}.", _TITLE)


def _check_keys(
    path: Path,
    place: str,
    table: Mapping[str, Any],
    allowed: tuple[str, ...],
    needed: tuple[str, ...],
) -> None:
    for key in table:
        if key not in allowed:
            raise _error(path, f"{place}{key}", f"no such key; there are {', '.join(allowed)}")
    for key in needed:
        if key not in table:
            raise _error(path, f"{place}{key}", "is missing; it must be text")


def _text(path: Path, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _error(path, key, "must be text that is not empty")
    return value.strip("\n")


def _placeholders(text: str) -> list[str]:
    return [match[2] for match in PLACEHOLDER.finditer(text) if match[2]]


def _check_placeholders(
    path: Path, key: str, text: str, known: tuple[str, ...], needed: tuple[str, ...] | list[str]
) -> None:
    found = _placeholders(text)
    names = ", ".join(f"{{{name}}}" for name in known)
    for name in found:
        if name not in known:
            raise _error(
                path,
                key,
                f"{{{name}}} is no placeholder; there are {names}, and {{{{{name}}}}} writes "
                f"{{{name}}} itself",
            )
    for name in needed:
        if name not in found:
            raise _error(path, key, f"{{{name}}} is missing; it must hold {names}")


def _example(path: Path, place: str, table: object, kind: PromptKind) -> Example:
    """Read an example; an expert's reply must be usable if it replies just so."""
    if not isinstance(table, dict):
        raise _error(path, place, "must be a table, under [[examples]]")
    _check_keys(path, f"{place}.", table, (*kind.example, "gold"), kind.example)
    texts = {key: _text(path, f"{place}.{key}", value) for key, value in table.items()}
    attempt = parse_attempt(texts["attempt"])
    named = {key: texts[key] for key in ("step", "span", "reason")}
    feedback = incorrect(*named.values())
    if kind is FBK:
        reply = _json({"check": texts["check"], **named})
    else:
        steps = parse_attempt(texts["continuation"]).steps
        reply = _json({"steps": [{"label": step.label, "text": step.text} for step in steps]})
    try:
        if kind is IMP:
            read_improvement(reply, attempt, feedback)
        said = read_feedback(_json(named), attempt)
    except ReplyUnusable as error:
        raise _error(path, place, error.complaint.rstrip(".")) from error
    if isinstance(said, GiveUp) or said != feedback:
        raise _error(path, place, "step, span and reason must be those of one wrong step")
    return Example(texts["question"], attempt, feedback, reply, texts.get("gold"))


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
