"""What is asked of a generator and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

T = TypeVar("T")


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    """The student ended its text."""
    MARKER = "marker"
    """A stop string was written; it is not part of the text."""
    LENGTH = "length"
    """The limit of tokens, or the end of the student's context, was reached."""


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt to continue, in the pieces that `TextFormat.prompt_ids` takes.

    ``max_tokens`` bounds the continuation, the string ``stop`` ends it.
    """

    prompt: Sequence[str]
    seed: int
    max_tokens: int
    stop: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """A continuation without what ended it; ``tokens`` counts the tokens that were sampled."""

    text: str
    tokens: int
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """Memory ran out over ``rows`` texts at once; they are generated again, fewer at a time."""

    rows: int
    message: str


class TextGenerator(Protocol):
    """Continues prompts, whichever way."""

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Continue any number of prompts, in the order given.

        A result depends on its request alone, but for rounding. A prompt that leaves no room in
        the student's context gives an empty text that ends with its length.

        Raises:
            StudentError: memory does not suffice for one of them.
        """
        ...


def chunks(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a list into pieces of ``size``."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
