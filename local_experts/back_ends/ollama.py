"""An expert in an Ollama, by its own API."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import ollama

from local_experts.back_ends.connection import Connection
from local_experts.back_ends.refusals import Refusal, bounded, error_of, usual_error
from local_experts.back_ends.replies import ReplyText, plain_messages
from local_experts.errors import (
    ContextTooSmall,
    ExpertError,
    ExpertRefused,
    ExpertReplyInvalid,
    ModelMissing,
    NotUnloaded,
    PromptTooLong,
)
from local_experts.keys import OLLAMA_KEY, Key
from local_experts.names import ExpertName
from local_experts.protocol import ExpertFacts, Finish, Json, OnText, Reply, Request

if TYPE_CHECKING:
    from local_experts.options import ExpertOptions

KEEP_ALIVE = "10m"
"""How long the model stays loaded after a call: longer than the student's own work between two."""

_LOOK_S = 10.0
_POLL_S = 0.1
# From this version on a prompt that does not fit is refused when asked to (`truncate`).
_REFUSES_LONG_PROMPTS = (0, 12, 6)


class OllamaExpert:
    """A model in the Ollama at ``url``. ``unload_s`` bounds the wait for its memory."""

    def __init__(
        self,
        name: ExpertName,
        url: str,
        options: ExpertOptions,
        key: Key | None = None,
        unload_s: float = 30.0,
    ) -> None:
        self._name = name
        self._model = name.model
        self._options = options
        self._unload_s = unload_s
        self._connection = Connection(url, self._refused, key=key, client=_NeverCut)
        self._client = _Client(self._connection.http, url)

    @property
    def name(self) -> str:
        return str(self._name)

    @property
    def identity(self) -> Json:
        return {
            "back_end": str(self._name.back_end),
            "address": self._connection.address,
            "model": self._model,
            "context_tokens": self._options.context_tokens,
            "thinking": self._options.thinking,
        }

    @property
    def most_at_once(self) -> int:
        return self._options.concurrency

    @property
    def is_local(self) -> bool:
        return self._connection.is_local

    def facts(self) -> ExpertFacts:
        """What Ollama says of the model.

        Raises an ExpertError: ModelMissing, ContextTooSmall, ExpertRefused where thinking is
        asked of a model that cannot, and what a connection raises.
        """
        within = min(_LOOK_S, self._options.timeout_s)
        with self._connection.call(within), self._understood():
            version = self._version()
            shown = self._client.show(self._model)
            sizes = {
                _full_name(entry.model or ""): entry.size for entry in self._client.list().models
            }
        context = _context_tokens(shown.modelinfo or {})
        if context is not None and context < self._options.context_tokens:
            raise ContextTooSmall(
                f"{self._model} has a context of {context:,} tokens, the settings ask for "
                f"{self._options.context_tokens:,}."
            )
        capabilities = shown.capabilities
        if self._options.thinking and capabilities is not None and "thinking" not in capabilities:
            raise ExpertRefused(self._cannot_think(), 400)
        details = shown.details
        size = sizes.get(_full_name(self._model))
        return ExpertFacts(
            context_tokens=context,
            parameters=None if details is None else details.parameter_size,
            quantisation=None if details is None else details.quantization_level,
            size_bytes=None if size is None else int(size),
            version=version,
        )

    def ask(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Make one call. Raises an ExpertError, PromptTooLong where the prompt was cut."""
        started = time.monotonic()
        where = self._connection.address
        written = ReplyText(where, on_text, self._connection.without_key)
        last: ollama.ChatResponse | None = None
        with self._connection.call(self._options.timeout_s):
            # Closing it closes the connection, on which the rest of a bad reply may still come.
            with closing(self._chat(request)) as pieces:
                while (piece := self._next(pieces)) is not None:
                    written.add(piece.message.content or "", piece.message.thinking or "")
                    if piece.done:
                        last = piece
            if last is None:
                raise ExpertReplyInvalid(f"{where}: the reply broke off.")
            self._check_prompt(request, last)
        text, thinking = written.parts()
        return Reply(
            text=text,
            thinking=thinking,
            finish=Finish.LENGTH if last.done_reason == "length" else Finish.STOP,
            prompt_tokens=last.prompt_eval_count,
            reply_tokens=last.eval_count,
            seconds=time.monotonic() - started,
        )

    def unload(self) -> None:
        """Free the model's memory on this machine. Raises an ExpertError, such as NotUnloaded."""
        if not self.is_local:
            return
        try:
            with self._connection.call(_LOOK_S), self._understood():
                self._client.generate(model=self._model, keep_alive=0)
        except ModelMissing:
            return
        until = time.monotonic() + self._unload_s
        while True:
            with self._connection.call(_LOOK_S), self._understood():
                loaded = {
                    _full_name(entry.model or entry.name or "")
                    for entry in self._client.ps().models
                }
            if _full_name(self._model) not in loaded:
                return
            if time.monotonic() >= until:
                raise NotUnloaded(
                    f"{self._connection.address}: {self._model} is still loaded after "
                    f"{self._unload_s:g} s. ollama stop {self._model} frees its memory."
                )
            time.sleep(_POLL_S)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """What Ollama's client raises as ExpertErrors; around nothing but that client."""
        where = self._connection.address
        try:
            yield
        except ollama.ResponseError as error:
            # Another status than 200 is refused before: this came within a reply.
            said = bounded(self._connection.without_key(error_of(error.error)[0]))
            raise self._refused(Refusal(url=where, status=500, said=said)) from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            # Lines that are no JSON, no objects, or other ones.
            raise ExpertReplyInvalid(
                f"{where}: the reply is not Ollama's ({type(error).__name__})."
            ) from error

    def _next(self, pieces: Iterator[ollama.ChatResponse]) -> ollama.ChatResponse | None:
        with self._understood():
            return next(pieces, None)

    def _chat(self, request: Request) -> Any:
        return self._client.chat(
            model=self._model,
            messages=plain_messages(request),
            stream=True,
            think=self._options.thinking,
            format=None if request.schema is None else dict(request.schema),
            options={
                "num_ctx": self._options.context_tokens,
                "num_predict": request.max_tokens,
                "seed": request.seed,
                "temperature": request.temperature,
            },
            keep_alive=KEEP_ALIVE,
        )

    def _check_prompt(self, request: Request, last: ollama.ChatResponse) -> None:
        """Raise PromptTooLong where the model did not see all of the prompt, or lost it later.

        Ollama is asked to refuse what does not fit. Versions before 0.12.6 do not know of that,
        and answer all the same. It shows in their counts:

        - A cut prompt fills the context, so that there are as many tokens as it has. (Counts of
          a context that is full are one apart between versions.)
        - A prompt pushed out by its own reply: both together are more than the context.
        - Old messages left out: fewer tokens than the prompt has words, each of which is at
          least one token. Counts may also be small, or missing, because part of the prompt was
          cached, so that this counts against such a version alone, and against prompts alone
          that may not have fit: no token is less than a byte.
        """
        context = self._options.context_tokens
        prompt, reply = last.prompt_eval_count or 0, last.eval_count or 0
        texts = [message.content for message in request.messages]
        if prompt >= context or prompt + reply > context + 1:
            raise PromptTooLong(
                f"{self._model} counted {prompt:,} tokens of prompt and {reply:,} of reply, its "
                f"context is {context:,}: part of the prompt was cut."
            )
        if last.done_reason == "length" and prompt + reply >= context:
            raise PromptTooLong(
                f"{self._model}: a prompt of {prompt:,} tokens leaves no room for a reply in its "
                f"context of {context:,}."
            )
        words = sum(len(text.split()) for text in texts)
        may_not_fit = sum(len(text.encode(errors="replace")) for text in texts) > context
        if prompt < words and may_not_fit and not self._refuses_long_prompts():
            raise PromptTooLong(
                f"{self._model} counted {prompt:,} tokens in a prompt of {words:,} words, and this "
                "version of Ollama cuts long prompts without a word. 0.12.6 and later refuse them."
            )

    def _refuses_long_prompts(self) -> bool:
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", self._version())
        version = tuple(int(part) for part in found.groups()) if found else ()
        # A build from source calls itself 0.0.0.
        return version in ((), (0, 0, 0)) or version >= _REFUSES_LONG_PROMPTS

    def _version(self) -> str:
        said = self._connection.json("/api/version")
        version = said.get("version") if isinstance(said, dict) else None
        if not isinstance(version, str):
            raise ExpertReplyInvalid(f"{self._connection.address}/api/version: no version.")
        return version

    def _refused(self, refusal: Refusal) -> ExpertError:
        if refusal.says("does not support thinking"):
            return ExpertRefused(self._cannot_think(), refusal.status)
        # Any server says "not found" of a page: then the address is wrong, not the model.
        if refusal.status == 404 and refusal.says("not found") and refusal.says("model"):
            return ModelMissing(
                f"{self._connection.address} has no {self._model}: ollama pull {self._model}",
                refusal.status,
            )
        return usual_error(refusal, f"The key of an Ollama is {OLLAMA_KEY}.")

    def _cannot_think(self) -> str:
        return f"{self._connection.address}: {self._model} cannot think. Ask it without thinking."


class _NeverCut(httpx2.Client):
    """Asks Ollama to refuse what does not fit the context, which its own client cannot."""

    def build_request(self, method: str, url: httpx2.URL | str, **kwargs: Any) -> httpx2.Request:
        if url == "/api/chat":
            kwargs["json"] = {**kwargs["json"], "truncate": False, "shift": False}
        return super().build_request(method, url, **kwargs)


class _Client(ollama.Client):
    """Ollama's client on a connection of ours.

    Its own follows redirects, sends OLLAMA_API_KEY anywhere, and knows neither deadlines nor
    limits.
    """

    def __init__(self, http: httpx2.Client, url: str) -> None:
        super(ollama.Client, self).__init__(lambda **_: http, url)


def _full_name(model: str) -> str:
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def _context_tokens(info: Json) -> int | None:
    context = info.get(f"{info.get('general.architecture')}.context_length")
    return context if isinstance(context, int) and context > 0 else None
