"""An expert on a server that speaks OpenAI's chat completions: hosted, vLLM, llama-server, …

The protocol is spoken here directly. The package ``openai`` makes objects of every piece of a
stream, which takes 8 ms of processor time for a reply of 100 tokens; this takes a tenth of it
(``benchmarks/expert_clients.py``).
"""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from local_experts.back_ends.connection import TIMEOUTS, Connection, ReplyCut
from local_experts.back_ends.openai_requests import Parameters
from local_experts.back_ends.refusals import Refusal, bounded, error_of, usual_error
from local_experts.back_ends.replies import ReplyText
from local_experts.discovery import listed_context
from local_experts.errors import (
    ExpertError,
    ExpertRefused,
    ExpertReplyInvalid,
    ModelMissing,
)
from local_experts.keys import Key
from local_experts.names import ExpertName
from local_experts.protocol import ExpertFacts, Finish, Json, OnText, Reply, Request

if TYPE_CHECKING:
    import httpx2

    from local_experts.options import ExpertOptions

_LOOK_S = 10.0
_NEAR_NAMES = 5
_NO_SUCH_PAGE = (404, 405)
_STATUSES = {str(status) for status in range(400, 600)}
# After the end of a reply nothing is expected but the end of the transmission.
_END_S = 1.0


class OpenAiExpert:
    """A model on the server at ``url`` (with its ``/v1``)."""

    def __init__(
        self, name: ExpertName, url: str, options: ExpertOptions, key: Key | None = None
    ) -> None:
        self._name = name
        self._model = name.model
        self._options = options
        self._key_name = "" if key is None else key.name
        self._connection = Connection(url, self._refused, key=key)
        self._parameters = Parameters(name.model, url, options.thinking)

    @property
    def name(self) -> str:
        return str(self._name)

    @property
    def identity(self) -> Json:
        return {
            "back_end": str(self._name.back_end),
            "address": self._connection.address,
            "model": self._model,
            "thinking": self._options.thinking,
        }

    @property
    def most_at_once(self) -> int:
        return self._options.concurrency

    @property
    def is_local(self) -> bool:
        return self._connection.is_local

    def facts(self) -> ExpertFacts:
        """Look for the model in the server's list; one without a list must at least take chats.

        Raises an ExpertError, such as ModelMissing with the names that are nearest.
        """
        with self._connection.call(min(_LOOK_S, self._options.timeout_s)):
            try:
                listed = self._connection.json("/models")
            except ExpertRefused as error:
                if error.status not in _NO_SUCH_PAGE:
                    raise
                self._check_takes_chats()
                return ExpertFacts()
            entries = listed.get("data") if isinstance(listed, dict) else None
            if entries is None and isinstance(listed, list):  # Together's form
                entries = listed
            if not isinstance(entries, list):
                raise ExpertReplyInvalid(f"{self._connection.address}/models: no list of models.")
            models = {
                entry["id"]: entry
                for entry in entries
                if isinstance(entry, dict) and isinstance(entry.get("id"), str)
            }
            if self._model not in models:
                raise ModelMissing(self._missing(models), 404)
        return ExpertFacts(context_tokens=listed_context(models[self._model]))

    def ask(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Make one call. Raises an ExpertError.

        What a server refuses to be told (a seed, a schema, …) is left out from then on.
        """
        started = time.monotonic()
        with self._connection.call(self._options.timeout_s):
            while True:
                left_out = self._parameters.left_out
                try:
                    reply = self._ask(self._parameters.body(request, left_out), on_text, started)
                except _Objection as objection:
                    if not self._parameters.leave_out(objection.refusal, left_out, request):
                        raise self._error(objection.refusal) from None
                else:
                    return reply

    def unload(self) -> None:
        """Do nothing: the protocol has no word for it, whoever runs the server does it."""

    def close(self) -> None:
        self._connection.close()

    def _check_takes_chats(self) -> None:
        """Send a chat with nothing in it, which costs nothing: it is refused, but not as a page.

        Raises ExpertRefused.
        """
        try:
            with self._connection.http.stream("POST", "/chat/completions", json={}):
                return
        except ModelMissing:
            return
        except ExpertRefused as error:
            if error.status in _NO_SUCH_PAGE:
                raise

    def _ask(self, body: Json, on_text: OnText | None, started: float) -> Reply:
        text = ReplyText(self._connection.address, on_text, self._connection.without_key)
        written = _Written(self._connection.address, text)
        with self._connection.http.stream("POST", "/chat/completions", json=body) as reply:
            if "text/event-stream" in reply.headers.get("content-type", ""):
                self._read_stream(reply, written)
            else:
                written.take(self._object("".join(reply.iter_text())))
        if not written.ended:
            raise ExpertReplyInvalid(f"{self._connection.address}: the reply broke off.")
        return written.reply(time.monotonic() - started)

    def _read_stream(self, reply: httpx2.Response, written: _Written) -> None:
        # Lines of server-sent events; what OpenAI sends as data is one line of JSON each.
        try:
            for line in _lines(reply.iter_text()):
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    written.ended = True
                    # Read to its very end, a connection can be used again.
                    self._connection.hurry(_END_S)
                elif data:
                    written.take(self._object(data))
        except (ReplyCut, *TIMEOUTS):
            if not written.ended:
                raise

    def _object(self, data: str) -> dict[str, Any]:
        where = self._connection.address
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ExpertReplyInvalid(f"{where}: the reply is not JSON ({error}).") from error
        if not isinstance(value, dict):
            raise ExpertReplyInvalid(f"{where}: the reply is not a JSON object.")
        if value.get("error"):
            # It comes with status 200, since the reply had begun.
            said, code, _ = (self._connection.without_key(text) for text in error_of(value))
            status = int(code) if code in _STATUSES else 500
            raise self._error(
                Refusal(url=where, status=status, said=bounded(said), code=bounded(code))
            )
        return value

    def _missing(self, models: Iterable[str]) -> str:
        names = list(models)
        near = difflib.get_close_matches(self._model, names, _NEAR_NAMES, 0.3)
        shown = near or names[:_NEAR_NAMES]
        more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
        has = (
            f"It has {', '.join(name[:100] for name in shown)}{more}." if shown else "It has none."
        )
        return f"{self._connection.address} has no {self._model}. {has}"

    def _refused(self, refusal: Refusal) -> ExpertError:
        # llama-cpp-python's server answers 500 where it cannot read a request.
        objects = refusal.status in (400, 422) or refusal.says("validation error")
        if objects and not refusal.is_prompt_too_long():
            return _Objection(refusal)
        return self._error(refusal)

    def _error(self, refusal: Refusal) -> ExpertError:
        if refusal.says("model_not_found", "not a valid model") or (
            refusal.status == 404 and refusal.says("model")
        ):
            return ModelMissing(str(refusal), refusal.status)
        if refusal.status == 404:
            return ExpertRefused(f"{refusal} Does the address end with /v1?", refusal.status)
        where = self._key_name or "an environment variable, and its name after #"
        return usual_error(refusal, f"The key belongs into {where}.")


class _Objection(ExpertRefused):
    """The server does not take a parameter, perhaps; never seen outside."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal), refusal.status, refusal.retry_after_s)
        self.refusal = refusal


class _Written:
    """What has come of a reply, from the pieces of a stream or a whole one."""

    def __init__(self, where: str, text: ReplyText) -> None:
        self.ended = False
        self._where = where
        self._text = text
        self._finish = Finish.STOP
        self._usage: Json = {}

    def take(self, piece: Json) -> None:
        """Raises ExpertReplyInvalid, or ExpertRefused where the reply was withheld."""
        if isinstance(usage := piece.get("usage"), dict):
            self._usage = usage
        choices = piece.get("choices") or []
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise ExpertReplyInvalid(f"{self._where}: the reply's choices make no sense.")
        for choice in choices[:1]:
            message = choice.get("delta") or choice.get("message") or {}
            if not isinstance(message, dict):
                raise ExpertReplyInvalid(f"{self._where}: the reply's message makes no sense.")
            text, thought = _texts(message.get("content"))
            beside = message.get("reasoning_content") or message.get("reasoning")
            refusal = message.get("refusal")
            self._text.add(
                text or (refusal if isinstance(refusal, str) else ""),
                thought or (beside if isinstance(beside, str) else ""),
            )
            self._end(choice.get("finish_reason"))

    def reply(self, seconds: float) -> Reply:
        text, thinking = self._text.parts()
        return Reply(
            text=text,
            thinking=thinking,
            finish=self._finish,
            prompt_tokens=_count(self._usage.get("prompt_tokens")),
            reply_tokens=_count(self._usage.get("completion_tokens")),
            seconds=seconds,
        )

    def _end(self, reason: object) -> None:
        if not reason:
            return
        self.ended = True
        if reason == "content_filter":
            raise ExpertRefused(f"{self._where}: the server's content filter withheld it.", 200)
        if reason == "error":  # OpenRouter, where a provider failed
            raise ExpertReplyInvalid(f"{self._where}: the server failed while it replied.")
        if reason == "length":
            self._finish = Finish.LENGTH


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    """Lines as server-sent events have them. (Python's own notion takes in U+2028 and others.)"""
    rest: list[str] = []
    for piece in pieces:
        first, *others = piece.split("\n")
        rest.append(first)
        for other in others:
            yield "".join(rest).removesuffix("\r")
            rest = [other]
    yield "".join(rest)


def _texts(content: object) -> tuple[str, str]:
    """Text and thinking of a message's content: a text, or a list of parts (Mistral)."""
    if isinstance(content, str):
        return content, ""
    text, thinking = "", ""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            if isinstance(part.get("text"), str):
                text += part["text"]
            thinking += _texts(part.get("thinking"))[0]
    return text, thinking


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
