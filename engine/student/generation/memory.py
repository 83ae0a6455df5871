"""How much memory a batch takes, and how many texts fit into what there is.

What a batch is made of must follow from the requests, the settings and the machine, never from
what happens to be free: a stage that was interrupted then gives the very text of one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache, PretrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from engine.student.device import total_bytes
from engine.student.generation.prompts import Prompt

_BYTES_TO_DRAW = 32
"""For a token of the vocabulary: logits, and their distribution in float64 three times over."""


@dataclass(frozen=True, slots=True)
class RowMemory:
    """What one text of a batch takes, in bytes.

    ``layers`` has, for each layer with keys and values, the bytes of one token and the most tokens
    that it keeps (None for all). ``working`` is what a token of the prompt takes while the prompt
    is read, ``drawing`` what it takes to draw a token.
    """

    layers: tuple[tuple[int, int | None], ...]
    working: int
    drawing: int

    @classmethod
    def of(cls, config: PretrainedConfig, dtype: torch.dtype) -> RowMemory:
        """Read it from a model's configuration; keys and values are in ``dtype``."""
        text = config.get_text_config(decoder=True)
        heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
        size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        token = 2 * heads * size * dtype.itemsize
        kept = tuple(
            (token, layer.get_max_length() if layer.is_sliding else None)
            for layer in DynamicCache(config=config).layers
            if isinstance(layer, DynamicLayer)
        )
        # The MLP's gate, up and product are there at once, beside a few hidden states.
        widest = getattr(text, "intermediate_size", None) or 4 * text.hidden_size
        working = (3 * widest + 6 * text.hidden_size) * dtype.itemsize
        return cls(kept, working, _BYTES_TO_DRAW * text.vocab_size)

    def cache(self, tokens: int) -> int:
        """Return the bytes of the keys and values of a text."""
        return sum(
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
