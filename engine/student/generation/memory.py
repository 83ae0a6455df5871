"""How much memory a batch takes, and how many texts fit into what there is.

What a batch is made of must follow from the requests, the settings and the machine, never from
what happens to be free: a stage that was interrupted then gives the very text of one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from engine.student.device import total_bytes
from engine.student.evaluating import evaluating
from engine.student.generation.prompts import Prompt

_BYTES_TO_DRAW = 32
"""For a token of the vocabulary: logits, and their distribution in float64 three times over."""


@dataclass(frozen=True, slots=True)
class RowMemory:
    """What one text of a batch takes, in bytes.

    ``layers`` has, for each layer with keys and values, the bytes of one token and the most tokens
    that it keeps (None for all); ``state`` is what other layers carry on, however long the text.
    ``working`` is what a token of the prompt takes while the prompt is read, ``drawing`` what it
    takes to draw a token.
    """

    layers: tuple[tuple[int, int | None], ...]
    state: int
    working: int
    drawing: int

    @classmethod
    @torch.no_grad()
    def of(cls, model: PreTrainedModel) -> RowMemory:
        """Let a model read one token, and look at what it keeps of it.

        Configurations name heads and states in too many ways to be added up. Called within
        ``autocast`` where the model is used so.
        """
        cache = DynamicCache(config=model.config)
        one = torch.ones(1, 1, dtype=torch.long, device=model.device)
        with evaluating(model):
            model(input_ids=one, attention_mask=one, past_key_values=cache, use_cache=True)
        layers, state = [], 0
        for layer in cast(list[Any], cache.layers):
            if isinstance(getattr(layer, "keys", None), Tensor):
                most = layer.get_max_length() if layer.is_sliding else None
                layers.append((layer.keys.nbytes + layer.values.nbytes, most))
            for name in ("conv_states", "recurrent_states"):
                kept = getattr(layer, name, {}).values()
                state += sum(tensor.nbytes for tensor in kept if tensor is not None)
        text, head = model.config.get_text_config(decoder=True), model.get_output_embeddings()
        linears = (m for m in model.modules() if isinstance(m, nn.Linear) and m is not head)
        widest = max((linear.out_features for linear in linears), default=text.hidden_size)
        # The MLP's gate, up and product are there at once, beside a few hidden states.
        working = (3 * widest + 6 * text.hidden_size) * model.dtype.itemsize
        return cls(tuple(layers), state, working, _BYTES_TO_DRAW * text.vocab_size)

    def cache(self, tokens: int) -> int:
        """Return the bytes of what is kept of a text."""
        return self.state + sum(
            token * (tokens if most is None else min(tokens, most)) for token, most in self.layers
        )

    def peak(self, prompt_tokens: int, new_tokens: int) -> int:
        """Return the most that a text takes at any time, with the prompt it is padded to."""
        reading = self.cache(prompt_tokens) + self.working * prompt_tokens
        return max(reading, self.cache(prompt_tokens + new_tokens)) + self.drawing


def budget_bytes(model: PreTrainedModel, share: float) -> int:
    """Return a share of the memory of the model's device, less what the model itself takes."""
    own = sum(p.nbytes for p in model.parameters()) + sum(b.nbytes for b in model.buffers())
    return int(share * max(0, total_bytes(model.device) - own))


def longest_first(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Sort by length, so that a batch has little padding and memory runs out at once if at all."""
    return sorted(prompts, key=lambda p: (-len(p.ids), -p.max_tokens, p.place))


@dataclass(frozen=True, slots=True)
class Batch:
    """Prompts that are continued together, in the order of their places."""

    prompts: tuple[Prompt, ...]
    bytes: int


def first_batch(prompts: Sequence[Prompt], row: RowMemory, budget: int | None) -> Batch:
    """Cut as many prompts off the front of a list, longest first, as fit; one at the least."""
    most = row.peak(len(prompts[0].ids), prompts[0].max_tokens)
    count, new_tokens = 1, prompts[0].max_tokens
    for prompt in prompts[1:]:
        new_tokens = max(new_tokens, prompt.max_tokens)
        needed = (count + 1) * row.peak(len(prompts[0].ids), new_tokens)
        if budget is not None and needed > budget:
            break
        count, most = count + 1, needed
    # Where all fit, rows lie as they were given.
    return Batch(tuple(sorted(prompts[:count], key=lambda p: p.place)), most)
