"""How fast a card should train and generate: a roofline.

Work takes its FLOPs at the card's rate or its bytes at the card's bandwidth, and what cannot be
done at the same time adds up. The efficiencies are assumptions until they are measured; see each.
"""

from __future__ import annotations

from engine.planning.architecture import Architecture
from engine.planning.cards import Card
from engine.planning.memory import weight_bytes
from engine.planning.workload import Workload

COMPUTE_EFFICIENCY = 0.55
"""Share of the card's peak FLOPs that large matrix products reach. An assumption, not measured."""

BANDWIDTH_EFFICIENCY = 0.75
"""Share of the card's bandwidth that reading and writing reach. An assumption, not measured."""

LAYER_OVERHEAD_S = 0.0008
"""Time of one decoder layer in one step of generation, when the card waits for Python: some 60
small kernels. An assumption, not measured; it bounds generation with small models."""

WEIGHTED_SHARE = 0.7
"""Share of the training tokens that have a weight, and so need the head. An assumption."""

_LINEAR_ACCESSES = 8
"""Times that the result of a linear layer with an adapter is read or written beside the products:
copied, the adapter's part written, scaled, added."""

_FUSED_ROWS = 64
"""Up to so many rows, bitsandbytes multiplies 4-bit weights without writing them out in full."""


def training_flops(model: Architecture, work: Workload, row_tokens: float) -> float:
    """FLOPs per token of forward and backward.

    A product of P weights takes 2P forward, 2P again if the layer is computed again, 2P for the
    gradient of its input, and 2P for that of its weights where they are trained. The head takes 2HV
    each for logits and hidden states' gradient of tokens that weigh. Attention to S tokens takes
    4S x width forward, and 2.5 times that backward (FlashAttention-2, arXiv 2307.08691).
    """
    again = 1 if work.gradient_checkpointing else 0
    forward = 1 + again
    adapter = 2 * model.lora_parameters(work.lora_rank) if work.adapter == "lora" else 0
    passes = forward + (1 if work.adapter == "lora" else 2)
    products = 2 * model.linear_parameters * passes + adapter * (forward + 2)
    head = 2 * model.embedding_parameters * (2 if work.adapter == "lora" else 3) * WEIGHTED_SHARE
    attention = 4 * _seen(model, row_tokens) * model.query * (forward + 2.5)
    return products + head + attention


def training_tokens_per_s(
    model: Architecture, work: Workload, card: Card, tokens: int
) -> float | None:
    """Training tokens a second with micro-batches of ``tokens``; None if the card is not known."""
    if not card.tflops or not card.bandwidth_gb_s:
        return None
    passes = 3 if work.gradient_checkpointing else 2
    flops = tokens * training_flops(model, work, work.example_tokens)
    outputs = model.layers * sum(linear.outputs for linear in model.linears)
    accesses = _LINEAR_ACCESSES if work.adapter == "lora" else 2
    moved = passes * (
        tokens * accesses * work.number_bytes * outputs + _weights_moved(model, work, whole=True)
    )
    return tokens / (_compute_s(flops, card, work) + _moving_s(moved, card))


def generation_tokens_per_s(
    model: Architecture, work: Workload, card: Card, rows: int
) -> float | None:
    """Tokens a second of ``rows`` texts generated together; None if the card is not known."""
    if not card.tflops or not card.bandwidth_gb_s:
        return None
    context = work.prompt_tokens + work.attempt_tokens * 1.5
    read = _weights_moved(model, work, whole=rows > _FUSED_ROWS)
    read += work.number_bytes * model.embedding_parameters
    read += rows * model.kv_cache_bytes(round(context), work.number_bytes)
    weights = model.linear_parameters + model.embedding_parameters
    flops = rows * 2 * (weights + model.lora_parameters(work.lora_rank))
    step_s = max(_compute_s(flops, card, work), _moving_s(read, card))
    return rows / max(step_s, LAYER_OVERHEAD_S * model.layers)


def _seen(model: Architecture, row_tokens: float) -> float:
    """Tokens before a token, on average, summed over the layers."""
    half = row_tokens / 2
    return sum(half if window is None else min(half, window) for window in model.windows)


def _weights_moved(model: Architecture, work: Workload, *, whole: bool) -> float:
    """Bytes read and written to use each linear weight once."""
    if work.quantisation == "none":
        return work.number_bytes * model.linear_parameters
    stored = weight_bytes(model, work) - work.number_bytes * model.other_parameters
    written_and_read = 2 * work.number_bytes * model.linear_parameters if whole else 0
    return stored + written_and_read


def _compute_s(flops: float, card: Card, work: Workload) -> float:
    # On GeForce cards; others are slower still without TF32.
    rate = 0.5 if work.precision == "fp32" else 1.0
    return flops / ((card.tflops or 0) * 1e12 * rate * COMPUTE_EFFICIENCY)


def _moving_s(moved: float, card: Card) -> float:
    return moved / ((card.bandwidth_gb_s or 0) * 1e9 * BANDWIDTH_EFFICIENCY)
