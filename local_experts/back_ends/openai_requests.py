"""What is sent to an OpenAI-compatible server, less what it has refused to be told."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from local_experts.back_ends.refusals import Refusal
from local_experts.back_ends.replies import plain_messages
from local_experts.protocol import Json, Request

# Parameters that a server may refuse, as it calls them, with what may be left out for it, in
# order: from a schema that is kept strictly over one that is not, one in the words of
# llama-cpp-python's server, and any JSON to free text.
_FORMS = ("strict", "json_schema", "schema", "json_object")
_ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "stream_options": ("stream_options",),
    "response_format": _FORMS,
    "json_schema": _FORMS,
    "json_object": ("schema", "json_object"),
    "seed": ("seed",),
    "temperature": ("temperature",),
    "max_tokens": ("max_tokens",),
    "chat_template_kwargs": ("thinking",),
    "reasoning_effort": ("thinking",),
    "reasoning": ("thinking",),
}


_UNKNOWN = (
    "max_completion_tokens",
    "not supported",
    "unsupported",
    "unrecognized",
    "unknown",
    "unexpected",
    "extra",
)


class Parameters:
    """The bodies of requests for one model; remembers what its server has refused.

    Safe for several threads.
    """

    def __init__(self, model: str, url: str, thinking: bool | None) -> None:
        self._model = model
        self._thinking = {} if thinking is None else _thinking(url, thinking)
        self._lock = threading.Lock()
        self._left_out: frozenset[str] = frozenset()

    @property
    def left_out(self) -> frozenset[str]:
        """What is not sent."""
        return self._left_out

    def leave_out(self, refusal: Refusal, left_out: frozenset[str], request: Request) -> bool:
        """Do without what a server refuses; False where that is nothing that we can do without.

        ``left_out`` is what the refused request was sent without: another thread may have
        learnt of the same refusal since.
        """
        sent = self.body(request, left_out)
        objected = next(
            (name for name in (refusal.parameter, *_ALTERNATIVES) if _named(name, refusal, sent)),
            None,
        )
        if objected is None:
            return False
        found = next((name for name in _ALTERNATIVES[objected] if name not in left_out), None)
        if found is None:
            return False
        with self._lock:
            self._left_out |= {found}
        return True

    def body(self, request: Request, left_out: frozenset[str]) -> dict[str, Any]:
        """The JSON of a request."""
        body: dict[str, Any] = {
            "model": self._model,
            "messages": plain_messages(request),
            "stream": True,
        }
        if "stream_options" not in left_out:
            body["stream_options"] = {"include_usage": True}
        if "temperature" not in left_out:
            body["temperature"] = request.temperature
        if "seed" not in left_out:
            body["seed"] = request.seed
        if "max_tokens" not in left_out:
            body["max_tokens"] = request.max_tokens
        else:
            body["max_completion_tokens"] = request.max_tokens
        if "thinking" not in left_out:
            body |= self._thinking
        if request.schema is not None and (form := _response_format(request.schema, left_out)):
            body["response_format"] = form
        return body


def _response_format(schema: Json, left_out: frozenset[str]) -> dict[str, Any] | None:
    if "json_schema" not in left_out:
        described: dict[str, Any] = {"name": "reply", "schema": dict(schema)}
        if "strict" not in left_out:
            described["strict"] = True
        return {"type": "json_schema", "json_schema": described}
    if "schema" not in left_out:
        return {"type": "json_object", "schema": dict(schema)}
    return None if "json_object" in left_out else {"type": "json_object"}


def _thinking(url: str, thinking: bool) -> dict[str, Any]:
    """How a server is told to think or not to; there is no common way."""
    host = urlsplit(url).hostname or ""
    if host == "openrouter.ai":
        return {"reasoning": {"enabled": thinking}}
    if host in ("api.openai.com", "api.groq.com"):
        return {"reasoning_effort": "medium" if thinking else "none"}
    # vLLM, SGLang and llama-server hand it to the model's template.
    return {"chat_template_kwargs": {"enable_thinking": thinking}}


def _named(name: str, refusal: Refusal, sent: Json) -> bool:
    """Whether a refusal is about the parameter ``name``, and it was sent."""
    if name not in _ALTERNATIVES:
        return False
    if name == "max_tokens" and not refusal.says(*_UNKNOWN):
        return False  # it may also be too large, and no reply should be without a limit
    in_body = "response_format" if name in ("json_schema", "json_object") else name
    said = (refusal.parameter.partition(".")[0], refusal.said)
    return in_body in sent and (said[0] == name or name in said[1])
