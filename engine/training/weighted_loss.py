"""Weighted cross-entropy of a linear head, a block of rows at a time.

The logits of all rows are never held at once: for 2048 tokens and a vocabulary of 152
thousand they alone would take 1.2 GB. The gradient with respect to the hidden states is
computed with the loss, because the weights are known by then; backward only scales it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

IGNORED = -100
"""Label of positions that have no target; they must have weight 0."""

_BLOCK_ELEMENTS = 2**24
"""Logits held at once; 64 MB as fp32."""


class _WeightedLinearCrossEntropy(torch.autograd.Function):
    """See `weighted_linear_cross_entropy`, whose arguments these are."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        head: Tensor,
        bias: Tensor | None,
        labels: Tensor,
        weights: Tensor,
        scale: float,
        softcap: float | None,
    ) -> Tensor:
        rows = max(1, _BLOCK_ELEMENTS // head.shape[0])
        needs_hidden, needs_head = ctx.needs_input_grad[0], ctx.needs_input_grad[1]
        needs_bias = bool(ctx.needs_input_grad[2])
        # In half precision gradients of heavy rows would overflow: they are kept as shares of the
        # heaviest, whose weight comes back with the outer factor, a loss scale among others.
        unit = weights.new_ones(()).float()
        if hidden.dtype != torch.float32 and len(weights):
            unit = weights.max().float()
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        hidden_gradient = torch.empty_like(hidden) if needs_hidden else None
        head_gradient = torch.zeros_like(head, dtype=torch.float32) if needs_head else None
        bias_gradient = (
            torch.zeros_like(bias, dtype=torch.float32) if bias is not None and needs_bias else None
        )
        for start in range(0, len(hidden), rows):
            block = slice(start, start + rows)
            logits = head_logits(hidden[block], head, bias, scale, softcap)
            target, weight = labels[block, None], weights[block, None].float()
            # What the cap leaves of a logit's slope.
            bent = None if softcap is None else 1 - (logits / softcap).square()
            normaliser = logits.logsumexp(-1, keepdim=True)
            total += ((normaliser - logits.gather(1, target)) * weight).sum()
            if needs_hidden or needs_head or needs_bias:
                gradient = logits.sub_(normaliser).exp_()
                gradient.scatter_add_(1, target, torch.full_like(weight, -1.0))
                gradient.mul_(weight * (scale / unit))
                if bent is not None:
                    gradient.mul_(bent)
                if bias_gradient is not None:
                    bias_gradient += gradient.sum(0)
                gradient = gradient.to(hidden.dtype)
                if hidden_gradient is not None:
                    hidden_gradient[block] = gradient @ head.to(gradient.dtype)
                if head_gradient is not None:
                    head_gradient += (gradient.T @ hidden[block]).float()
        ctx.save_for_backward(hidden_gradient, head_gradient, bias_gradient, unit)
        ctx.dtypes = (hidden.dtype, head.dtype, None if bias is None else bias.dtype)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> Any:
        hidden_gradient, head_gradient, bias_gradient, unit = ctx.saved_tensors
        # An element, no scalar: products are then in fp32, as a loss scale may exceed fp16.
        scale, (dtype, head_dtype, bias_dtype) = (outer[0] * unit).reshape(1), ctx.dtypes
        return (
            None if hidden_gradient is None else (hidden_gradient * scale).to(dtype),
            None if head_gradient is None else (head_gradient * scale).to(head_dtype),
            None if bias_gradient is None else (bias_gradient * scale).to(bias_dtype),
            *[None] * 4,
        )


def head_logits(
    hidden: Tensor, head: Tensor, bias: Tensor | None, scale: float, softcap: float | None
) -> Tensor:
    """Return the logits of (rows, size) in fp32; see `weighted_linear_cross_entropy`."""
    logits = torch.nn.functional.linear(hidden, head, bias).float()
    if scale != 1:
        logits = logits * scale
    return logits if softcap is None else softcap * torch.tanh(logits / softcap)


def weighted_linear_cross_entropy(
    hidden: Tensor,
    head: Tensor,
    labels: Tensor,
    weights: Tensor,
    bias: Tensor | None = None,
    *,
    scale: float = 1.0,
    softcap: float | None = None,
) -> Tensor:
    """Return the sum over rows of weight x cross-entropy of the head's logits.

    The logits are cap(scale * (hidden @ head.T + bias)), cap(x) = softcap * tanh(x / softcap).

    Args:
        hidden: (rows, size), the state from which each label is to be predicted.
        head: (vocabulary, size).
        labels: (rows,), token ids; rows of weight 0 are not computed.
        weights: (rows,), at least 0.
        bias: (vocabulary,) or None.
        scale: a factor on all logits.
        softcap: the bound that logits are bent towards; None for none.

    Returns:
        A scalar in fp32: not divided by anything, since the divisor of an optimizer step is
        known only when all its micro-batches are.
    """
    used = weights > 0
    return _WeightedLinearCrossEntropy.apply(  # type: ignore[no-any-return,no-untyped-call]
        hidden[used], head, bias, labels[used], weights[used], scale, softcap
    )


def naive_weighted_cross_entropy(
    hidden: Tensor,
    head: Tensor,
    labels: Tensor,
    weights: Tensor,
    bias: Tensor | None = None,
    *,
    scale: float = 1.0,
    softcap: float | None = None,
) -> Tensor:
    """The same as a plain expression: what the block-wise one is tested and timed against."""
    logits = head_logits(hidden, head, bias, scale, softcap)
    losses = cross_entropy(logits, labels, ignore_index=IGNORED, reduction="none")
    return (losses * weights).sum()
