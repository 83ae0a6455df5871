"""Requests as tokens, within what the student can look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PretrainedConfig

from engine.student.generation.requests import FinishReason, Generation, Request
from engine.student.text_format import TextFormat

NOTHING = Generation("", 0, FinishReason.LENGTH)
"""What becomes of a prompt that leaves no room for a continuation."""

_ROPE_OF_THE_LONGEST = ("dynamic", "longrope")


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


def context_tokens(config: PretrainedConfig) -> int | None:
    """Return how long a text can get while it is generated; None where nobody tells.

    Some models turn their positions by an angle (RoPE) that depends on the longest text of the
    batch, and so does not agree with the keys that are cached already. They are used up to the
    length at which that begins.
    """
    config = config.get_text_config(decoder=True)
    most: int | None = getattr(config, "max_position_embeddings", None)
    parameters = getattr(config, "rope_parameters", None) or {}
    # Models with several kinds of layers have parameters for each kind.
    kinds = [p for p in parameters.values() if isinstance(p, dict)] or [parameters]
    for rope in kinds:
        if rope.get("rope_type") in _ROPE_OF_THE_LONGEST:
            trained = rope.get("original_max_position_embeddings")
            most = min(filter(None, (most, trained)), default=None)
    return most or None
