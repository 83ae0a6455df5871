"""Drawing tokens by random numbers that come from the item's seed alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.student.generation.prompts import Prompt


def chances(prompts: Sequence[Prompt], steps: int) -> Tensor:
    """Return uniform random numbers in float64 (prompt, step), each row from its own seed."""
    rows = []
    for prompt in prompts:
        generator = torch.Generator().manual_seed(prompt.seed)
        rows.append(torch.rand(steps, generator=generator, dtype=torch.float64))
    return torch.stack(rows)


def draw(logits: Tensor, temperature: float, chance: Tensor | None) -> Tensor:
    """Pick a token for each row of logits (row, vocabulary): the likeliest, or by ``chance``.

    ``chance`` (row,) falls into one token's part of the distribution summed up to 1. In single
    precision the parts of rare tokens in a vocabulary of 150,000 would be rounded away.
    """
    if chance is None:
        return logits.argmax(-1)
    if logits.device.type == "mps":
        # No float64 there.
        return draw(logits.cpu(), temperature, chance).to(logits.device)
    cumulative = torch.softmax(logits.double() / temperature, -1).cumsum(-1)
    wanted = chance.to(logits.device)[:, None] * cumulative[:, -1:]
    chosen = torch.searchsorted(cumulative, wanted, right=True).squeeze(1)
    return chosen.clamp(max=logits.shape[-1] - 1)
