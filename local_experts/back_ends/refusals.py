"""What a server says when it answers with another status than 200, and what that means."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local_experts.errors import ExpertError, ExpertRefused, KeyRefused, PromptTooLong

_SAID_LIMIT = 300

# How servers word it: Ollama, llama-server, vLLM, OpenAI, OpenRouter's providers, llama-cpp-python.
_TOO_LONG = (
    "context length",
    "context_length",
    "context size",
    "context_size",
    "context window",
    "prompt is too long",
    "prompt too long",
    "reduce the length of the messages",
)
_MAY_BE_TOO_LONG = (400, 413, 422, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer with another status than 200.

    ``said`` is what the server says, ``code`` its name of the error and ``parameter`` what it
    objects to; empty where it does not tell. All are the server's words, bounded.
    """

    url: str
    status: int
    said: str = ""
    code: str = ""
    parameter: str = ""
    retry_after_s: float | None = None

    def __str__(self) -> str:
        what = f"{self.status} {phrase(self.status)}".strip()
        return f"{self.url}: it answered {what}{f': {self.said}' if self.said else '.'}"

    def says(self, *words: str) -> bool:
        """Whether any of ``words``, in lower case, is in what the server says."""
        text = f"{self.said} {self.code}".lower()
        return any(word in text for word in words)

    def is_prompt_too_long(self) -> bool:
        """Whether the server means that the prompt does not fit its context."""
        return self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (
            self.status in _MAY_BE_TOO_LONG and self.says(*_TOO_LONG)
        )


def usual_error(refusal: Refusal, key_hint: str) -> ExpertError:
    """The error that a refusal means with any server; ``key_hint`` says where a key goes."""
    if refusal.is_prompt_too_long():
        return PromptTooLong(str(refusal))
    if refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return KeyRefused(f"{refusal} {key_hint}", refusal.status)
    return ExpertRefused(str(refusal), refusal.status, refusal.retry_after_s)


def read_refusal(url: str, status: int, headers: Mapping[str, str], body: str) -> Refusal:
    """What an answer says, in any of the forms that servers use."""
    said, code, parameter = _taken_apart(body.strip())
    return Refusal(
        url=url,
        status=status,
        said=bounded(said),
        code=bounded(code),
        parameter=bounded(parameter),
        retry_after_s=retry_after_s(headers),
    )


def error_of(value: Any) -> tuple[str, str, str]:
    """The message, code and parameter in the ``error`` of a reply's JSON, as texts."""
    for _ in range(4):  # a server may pass on another one's error, as an object or as a text
        if isinstance(value, str):
            inner = _json(value)
            if not isinstance(inner, dict):
                return value, "", ""
            value = inner
        if not isinstance(value, dict):
            break
        if value.get("error"):
            value = value["error"]
            continue
        said = value.get("message") or value.get("detail") or ""
        code = value.get("code") or value.get("type") or ""
        parameter = value.get("param") or ""
        return _text(said), _text(code), _text(parameter)
    return _text(value), "", ""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How many seconds a server asks to wait, None where it does not.

    ``Retry-After`` is a number of seconds or a date (RFC 9110, 10.2.3).
    """
    given = headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def phrase(status: int) -> str:
    """What a status is called, empty for one that nobody has named."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _taken_apart(text: str) -> tuple[str, str, str]:
    value = _json(text)
    return error_of(value) if isinstance(value, dict) else (text, "", "")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return json.dumps(value, default=str)
    return "" if value is None else str(value)


def bounded(text: str) -> str:
    """As much of what a server says as a message may have."""
    return text if len(text) <= _SAID_LIMIT else f"{text[:_SAID_LIMIT]} …"
