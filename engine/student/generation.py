"""Batched sampling with a seed for each item.

Each request brings its own seed, and its random numbers come from that alone; a result
therefore depends on its batch only through rounding. Batches are the same however often a
stage is interrupted, so that a resumed stage gives the very same text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from engine.student.text_format import TextFormat

T = TypeVar("T")

_GROWTH = 128
"""Tokens by which a cache grows at once; growing by one would copy the cache every step."""


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    """The student ended its text."""
    MARKER = "marker"
    """A stop string was written; it is not part of the text."""
    LENGTH = "length"
    """The limit of tokens was reached."""


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


class _GrowingLayer(DynamicLayer):
    """Keys and values in a buffer with room to grow: (batch, heads, capacity, head size)."""

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        super().lazy_initialization(key_states, value_states)
        self._buffers: list[torch.Tensor] = []
        self._length = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start, end = self._length, self._length + key_states.shape[-2]
        if not self._buffers or end > self._buffers[0].shape[-2]:
            self._grow(key_states, value_states, end + _GROWTH)
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start:end] = new
        self._length = end
        return self._show()

    def _grow(self, keys: torch.Tensor, values: torch.Tensor, capacity: int) -> None:
        grown = []
        for index, like in enumerate((keys, values)):
            buffer = like.new_empty(*like.shape[:2], capacity, like.shape[-1])
            if self._buffers:
                buffer[:, :, : self._length] = self._buffers[index][:, :, : self._length]
            grown.append(buffer)
        self._buffers = grown

    def _show(self) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = (buffer[:, :, : self._length] for buffer in self._buffers)
        self.keys, self.values = keys, values
        return keys, values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        self._buffers = [buffer[indices] for buffer in self._buffers]
        self._show()


def new_cache(model: PreTrainedModel) -> DynamicCache:
    """Return an empty cache whose plain layers grow in steps."""
    cache = DynamicCache(config=model.config)
    cache.layers = [
        _GrowingLayer()  # type: ignore[no-untyped-call]
        if type(layer) is DynamicLayer
        else layer
        for layer in cache.layers
    ]
    return cache


class Sampler:
    """Continues prompts with a model; ``temperature`` 0 is greedy."""

    def __init__(
        self,
        model: PreTrainedModel,
        form: TextFormat,
        temperature: float,
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        """``pulse`` is called at every step, so that a long batch shows that it lives."""
        self._model = model
        self._form = form
        self._temperature = temperature
        self._pulse = pulse
        self._enders: dict[str, frozenset[int]] = {}

    @torch.inference_mode()
    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Continue all prompts as one batch, in the order given."""
        if not requests:
            return []
        was_training = self._model.training
        self._model.eval()
        try:
            return self._batch(requests)
        finally:
            self._model.train(was_training)

    def _batch(self, requests: Sequence[Request]) -> list[Generation]:
        device = self._model.device
        prompts = [self._form.prompt_ids(r.prompt) for r in requests]
        longest = max(map(len, prompts))
        ids = torch.full((len(prompts), longest), self._form.end_id)
        mask = torch.zeros(len(prompts), longest, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            mask[row, longest - len(prompt) :] = 1
        ids, mask = ids.to(device), mask.to(device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        steps = max(r.max_tokens for r in requests)
        chances = self._chances(requests, steps)

        alive = torch.arange(len(requests))
        written: list[list[int]] = [[] for _ in requests]
        done: list[Generation | None] = [None] * len(requests)
        cache = new_cache(self._model)
        for step in range(steps):
            self._pulse()
            logits = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            token = self._choose(logits, chances, alive, step)
            going = []
            for place, (row, chosen) in enumerate(zip(alive.tolist(), token.tolist(), strict=True)):
                if done[row] is None:
                    written[row].append(chosen)
                    done[row] = self._ended(requests[row], written[row])
                    if done[row] is None:
                        going.append(place)
            if not going:
                break
            if len(going) < len(alive) - len(alive) // 8:
                places = torch.tensor(going)
                alive, token = alive[places], token[places]
                places = places.to(device)
                mask, positions = mask[places], positions[places]
                cache.batch_select_indices(places)
            ids = token[:, None].to(device)
            positions = positions[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        return [generation for generation in done if generation is not None]

    def _ended(self, request: Request, ids: list[int]) -> Generation | None:
        """Tell whether the text ends with its newest token, and how."""
        if ids[-1] in self._form.end_ids:
            text = self._form.decode(ids[:-1])
            return Generation(text, len(ids), FinishReason.STOP)
        if request.stop and ids[-1] in self._enders_of(request.stop):
            text = self._form.decode(ids)
            if request.stop in text:
                return Generation(text.split(request.stop)[0], len(ids), FinishReason.MARKER)
        if len(ids) >= request.max_tokens:
            return Generation(self._form.decode(ids), len(ids), FinishReason.LENGTH)
        return None

    def _enders_of(self, stop: str) -> frozenset[int]:
        """Return the tokens that may complete ``stop``; only after them is the text looked at."""
        if stop not in self._enders:
            tokenizer = self._form.tokenizer
            pieces = tokenizer.batch_decode([[index] for index in range(len(tokenizer))])
            self._enders[stop] = frozenset(i for i, piece in enumerate(pieces) if stop[-1] in piece)
        return self._enders[stop]

    def _chances(self, requests: Sequence[Request], steps: int) -> torch.Tensor | None:
        """Return uniform random numbers (request, step), each row from its own seed."""
        if self._temperature == 0:
            return None
        rows = []
        for request in requests:
            generator = torch.Generator().manual_seed(request.seed)
            rows.append(torch.rand(steps, generator=generator, dtype=torch.float64))
        return torch.stack(rows)

    def _choose(
        self, logits: torch.Tensor, chances: torch.Tensor | None, alive: torch.Tensor, step: int
    ) -> torch.Tensor:
        """Pick a token for each row of logits (row, vocabulary), by inverse distribution."""
        if chances is None:
            return logits.argmax(-1).cpu()
        cumulative = torch.softmax(logits.double() / self._temperature, -1).cumsum(-1)
        chance = chances[alive, step].to(logits.device)[:, None] * cumulative[:, -1:]
        chosen = torch.searchsorted(cumulative, chance, right=True).squeeze(1)
        return chosen.clamp(max=logits.shape[-1] - 1).cpu()


def chunks(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a list into pieces of ``size``."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
