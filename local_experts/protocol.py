"""What an expert is: messages in, text with an account of it out.

A back end makes one call and reports honestly. Retrying, caching, budgets and concurrency are
the same for all of them, and stand in `local_experts.calling`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Json = Mapping[str, Any]


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Finish(StrEnum):
    """Why a reply ended: the model was done, or a limit cut it."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. Together with an expert's identity it decides the reply.

    ``schema`` is a JSON schema that the reply has to follow; None asks for free text.
    ``max_tokens`` bounds the reply, thinking included; a seed matters above temperature 0.
    """

    messages: tuple[Message, ...]
    schema: Json | None = None
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, complete as far as ``finish`` says.

    ``thinking`` is what a reasoning model wrote before its answer; it is no part of ``text``.
    Token counts are the server's, None where it does not tell.
    """

    text: str
    thinking: str = ""
    finish: Finish = Finish.STOP
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertFacts:
    """What an expert's place says of it, None where it does not.

    ``context_tokens`` is the longest context that the model was made for.
    """

    context_tokens: int | None = None
    parameters: str | None = None
    quantisation: str | None = None
    size_bytes: int | None = None
    version: str | None = None


OnText = Callable[[int], None]
"""Told the length of a reply so far, in characters, while it is written."""


class Expert(Protocol):
    """One model at one place. Calls may come from several threads, up to ``most_at_once``."""

    @property
    def name(self) -> str:
        """As settings name it, such as ``ollama:qwen3:8b``."""
        ...

    @property
    def identity(self) -> Json:
        """All that a reply depends on beside the request; never a key.

        The back end, the address, the model, the context window, whether it may think.
        """
        ...

    @property
    def most_at_once(self) -> int:
        """Calls that make sense at the same time."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether it shares this machine's memory and GPU with the student."""
        ...

    def facts(self) -> ExpertFacts:
        """Look whether the expert can be used, without a generation.

        Raises an ExpertError: nothing answers, the key is refused, the model is not there
        (`ModelMissing` says how to get it), the context is too small.
        """
        ...

    def ask(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Make one call, without retries.

        Raises an ExpertError; ``transient`` ones may be asked again. A reply that was cut in
        transit, is too long or is no reply raises `ExpertReplyInvalid`; a prompt that does not
        fit, or was truncated, raises `PromptTooLong`.
        """
        ...

    def unload(self) -> None:
        """Free the memory that the model holds here; return when it is free.

        The next call loads it again. Does nothing for a hosted one. Raises an ExpertError where
        the memory is not given back in time.
        """
        ...

    def close(self) -> None:
        """Let go of connections and memory; the expert is not used again."""
        ...
