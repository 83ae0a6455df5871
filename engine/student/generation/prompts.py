"""Requests as tokens, within what the student can look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.student.generation.requests import FinishReason, Generation, Request
from engine.student.text_format import TextFormat

NOTHING = Generation("", 0, FinishReason.LENGTH)
"""What becomes of a prompt that leaves no room for a continuation."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request's prompt as tokens; ``place`` is the request's place among those given.

    ``max_tokens`` is what its context leaves of the request's own.
    """

    place: int
    ids: Sequence[int]
    max_tokens: int
    seed: int
    stop: str


def tokenise(requests: Sequence[Request], form: TextFormat, context: int | None) -> list[Prompt]:
    """Return the prompts as tokens; ``context`` is how many a text may have, None for any number.

    A prompt as long as that gets 0 for ``max_tokens``.
    """
    prompts = []
    for place, request in enumerate(requests):
        ids = form.prompt_ids(request.prompt)
        room = request.max_tokens if context is None else max(0, context - len(ids))
        most = min(request.max_tokens, room)
        prompts.append(Prompt(place, ids, most, request.seed, request.stop))
    return prompts
