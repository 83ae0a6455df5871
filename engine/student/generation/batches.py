"""Batched sampling with a seed for each item.

Each request brings its own seed, and its random numbers come from that alone; a result
therefore depends on its batch only through rounding. Batches are the same however often a
stage is interrupted, so that a resumed stage gives the very same text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from engine.errors import StudentError
from engine.student.context import context_tokens
from engine.student.device import free_cached, is_out_of_memory
from engine.student.evaluating import evaluating
from engine.student.generation.cache import keep_rows, new_cache
from engine.student.generation.draws import chances, draw
from engine.student.generation.memory import (
    Batch,
    RowMemory,
    first_batch,
    longest_first,
)
from engine.student.generation.prompts import NOTHING, Prompt, tokenise
from engine.student.generation.requests import Generation, OutOfMemory, Request
from engine.student.generation.stopping import StopRules
from engine.student.text_format import TextFormat

_LEAVE_AT = 8
"""Rows leave a batch when one in so many has ended: to leave costs a copy of the cache."""


class Sampler:
    """Continues prompts with a model, batch by batch; ``temperature`` 0 is greedy."""

    def __init__(
        self,
        model: PreTrainedModel,
        form: TextFormat,
        temperature: float,
        pulse: Callable[[], None] = lambda: None,
        *,
        budget: int | None = None,
        autocast: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
        on_backoff: Callable[[OutOfMemory], None] = lambda _: None,
        watch: Callable[[int, Sequence[int]], None] = lambda *_: None,
    ) -> None:
        """``pulse`` is called at every step, so that a long batch shows that it lives.

        ``budget`` is how many bytes a batch may take, None for any number. ``on_backoff`` is told
        when memory ran out all the same; what follows is cut into smaller batches. ``watch`` is
        shown each text after each token, by its place among the requests: all its tokens so far,
        while it has not ended. What it or ``pulse`` raises ends the generation.
        """
        self._model = model
        self._form = form
        self._temperature = temperature
        self._pulse = pulse
        self._budget = budget
        self._autocast = autocast
        self._on_backoff = on_backoff
        self._watch = watch
        self._context = context_tokens(model.config)
        with autocast():
            self._row = RowMemory.of(model)
        self._rules = StopRules(form)

    # Not `inference_mode`: a tensor of it that a model keeps could not be trained with.
    @torch.no_grad()
    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Continue any number of prompts, in the order given. See `TextGenerator`."""
        prompts = tokenise(requests, self._form, self._context)
        found = {prompt.place: NOTHING for prompt in prompts if not prompt.max_tokens}
        waiting = longest_first([p for p in prompts if p.max_tokens])
        with evaluating(self._model), self._autocast():
            while waiting:
                batch = first_batch(waiting, self._row, self._budget)
                generated = self._attempt(batch)
                if generated is None:
                    continue
                places = (prompt.place for prompt in batch.prompts)
                found.update(zip(places, generated, strict=True))
                waiting = waiting[len(batch.prompts) :]
        return [found[place] for place in range(len(requests))]

    def _attempt(self, batch: Batch) -> list[Generation] | None:
        """Return None where memory ran out; from then on batches take half of it at most."""
        try:
            return self._continue(batch.prompts)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            message = str(error)
        # Only now is the error gone, and with it what its traceback held.
        free_cached(self._model.device)
        if len(batch.prompts) == 1:
            raise StudentError(
                f"Memory does not suffice to generate a single text ({message}). Lower "
                "max_attempt_tokens of collect and evaluate, choose a smaller student, or set "
                'student.quantisation to "nf4".',
                "Not enough memory to generate",
            )
        self._budget = batch.bytes // 2
        self._on_backoff(OutOfMemory(len(batch.prompts), message))
        return None

    def _continue(self, prompts: Sequence[Prompt]) -> list[Generation]:
        """Continue prompts as one batch, in the order given."""
        device = self._model.device
        ids, mask = self._padded(prompts)
        ids, mask = ids.to(device), mask.to(device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        steps = max(p.max_tokens for p in prompts)
        drawn = chances(prompts, steps) if self._temperature else None

        alive = torch.arange(len(prompts))
        written: list[list[int]] = [[] for _ in prompts]
        done: list[Generation | None] = [None] * len(prompts)
        cache = new_cache(self._model)
        for step in range(steps):
            self._pulse()
            logits: Tensor = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            chance = None if drawn is None else drawn[alive, step]
            token = draw(logits, self._temperature, chance).cpu()
            going = []
            for place, (row, chosen) in enumerate(zip(alive.tolist(), token.tolist(), strict=True)):
                if done[row] is None:
                    written[row].append(chosen)
                    done[row] = self._rules.ended(prompts[row], written[row])
                    if done[row] is None:
                        self._watch(prompts[row].place, written[row])
                        going.append(place)
            if not going:
                break
            if len(going) < len(alive) - len(alive) // _LEAVE_AT:
                places = torch.tensor(going)
                alive, token = alive[places], token[places]
                places = places.to(device)
                mask, positions = mask[places], positions[places]
                keep_rows(cache, places)
            ids = token[:, None].to(device)
            positions = positions[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        return [generation for generation in done if generation is not None]

    def _padded(self, prompts: Sequence[Prompt]) -> tuple[Tensor, Tensor]:
        """Return ids and mask (prompt, longest prompt), padded on the left."""
        longest = max(len(p.ids) for p in prompts)
        ids = torch.full((len(prompts), longest), self._form.end_id)
        mask = torch.zeros(len(prompts), longest, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt.ids) :] = torch.tensor(prompt.ids)
            mask[row, longest - len(prompt.ids) :] = 1
        return ids, mask
