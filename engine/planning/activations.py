"""What a training step holds beside weights, gradients and optimizer state.

Derived from the modules of transformers and peft, tensor by tensor, and checked against live bytes
in `benchmarks/planned_memory.py`. Widths are in numbers per token, so that a term of ``bytes`` is
bytes per token.

Three moments can be the peak of a step:

- the loss, when a block of logits is there beside what the decoder has stored;
- backward through the feed-forward half of the last layer, when the whole layer has been computed
  again;
- backward through its attention, where scores of all pairs of tokens are held (eager).

With gradient checkpointing the decoder stores each layer's input, and one layer whole; without, all
layers whole.
"""

from __future__ import annotations

from engine.planning.architecture import Architecture, Norm
from engine.planning.workload import Workload

LOGITS_AT_ONCE = 2**24
"""Logits that the loss computes at once (`engine.training.weighted_loss`)."""

_FP32 = 4


def activation_bytes(model: Architecture, work: Workload, tokens: int, row_tokens: int) -> int:
    """Return the largest number of bytes that one micro-batch holds.

    ``tokens`` are in it, in rows of ``row_tokens``: one row where examples are packed.
    """
    layer = _layer(model, work, tokens, row_tokens)
    if work.gradient_checkpointing:
        stored = tokens * model.layers * model.hidden * _stream_bytes(work)
    else:
        product = tokens * work.number_bytes * model.feed_forward
        stored = model.layers * (layer + product)
        if _copied_weights(work):
            # The first norm's input, which checkpoints have already.
            stored += tokens * model.layers * model.hidden * _FP32
        # The last layer's own is among it.
        layer = 0
    always = stored + _masks(model, work, tokens, row_tokens) + _ends(model, work, tokens)
    # autocast's copies of fp32 weights: layers keep theirs for the backward, or, where they are
    # computed again, until the forward pass is over.
    copies = _copied_weights(work) * model.linear_parameters
    if not work.gradient_checkpointing:
        always, copies = always + copies, 0
    return always + max(
        copies + layer,
        _loss(model, work, tokens),
        layer + _feed_forward_backward(model, work, tokens),
        layer + _attention_backward(model, work, tokens, row_tokens),
    )


def _layer(model: Architecture, work: Workload, tokens: int, row_tokens: int) -> int:
    """What one decoder layer keeps for its backward, but for the product of gate and up."""
    size, hidden = work.number_bytes, model.hidden
    half = _stream_bytes(work) < _FP32
    attention = 2 * model.query + 2 * model.key_value
    if _has_mask(model, work, row_tokens):
        # Then keys and values are repeated for each query head.
        attention = 4 * model.query
    if model.fused:
        # The values are a part of what the one linear layer gave, and keep all of it.
        attention += model.query + model.key_value
    kept = size * (attention + 3 * model.feed_forward + _linear_inputs(model, work))
    kept += _FP32 * (model.normed if half else model.normed - hidden)
    if work.adapter == "full":
        kept += _FP32 * model.normed
    else:
        kept += size * work.lora_rank * len(model.linears)
        if work.lora_dropout:
            # What is left of each layer's input, and which numbers are.
            kept += (size + 1) * sum(linear.inputs for linear in model.linears)
    scores = (_FP32 + 2 * size) * model.heads * row_tokens if model.eager_attention else 0
    return tokens * (kept + scores)


def _linear_inputs(model: Architecture, work: Workload) -> int:
    """Width of what linear layers keep of their inputs, but for that of the last one."""
    if _copies_inputs(work):
        return sum(linear.inputs for linear in model.linears[:-1])
    # One for queries, keys and values, one for gate and up; attention's own result is there.
    return 2 * model.hidden


def _copies_inputs(work: Workload) -> bool:
    """peft casts inputs to the adapter's fp32, autocast casts them back; 4-bit layers spare it."""
    return work.adapter == "lora" and work.precision != "fp32" and work.quantisation == "none"


def _stream_bytes(work: Workload) -> int:
    """Bytes of a number of the residual stream: embeddings and norms that are trained are fp32."""
    return _FP32 if work.adapter == "full" else work.number_bytes


def _copied_weights(work: Workload) -> int:
    """Bytes of autocast's copy of a trained weight."""
    return work.number_bytes if work.adapter == "full" and work.number_bytes < _FP32 else 0


def _has_mask(model: Architecture, work: Workload, row_tokens: int) -> bool:
    if work.packed or model.eager_attention:
        return True
    return any(window is not None and row_tokens > window for window in model.windows)


def _masks(model: Architecture, work: Workload, tokens: int, row_tokens: int) -> int:
    """Masks as bool, one for each kind of window, and one in the precision of the scores."""
    if not _has_mask(model, work, row_tokens):
        return 0
    kinds = len(set(model.windows))
    return tokens * row_tokens * (kinds + work.number_bytes)


def _ends(model: Architecture, work: Workload, tokens: int) -> int:
    """What is there all the time: the decoder's result, its gradient, sines and cosines."""
    return tokens * (
        _stream_bytes(work) * 2 * model.hidden + work.number_bytes * 2 * model.head_size
    )


def _loss(model: Architecture, work: Workload, tokens: int) -> int:
    """The last norm's input, hidden states and gradient of the rows that weigh, the logits."""
    size, vocabulary = work.number_bytes, model.vocabulary
    copy = size if size < _FP32 else 0
    rows = max(1, LOGITS_AT_ONCE // vocabulary)
    now, next_ = min(rows, tokens), min(rows, max(0, tokens - rows))
    one = _FP32 + copy
    # While a block is computed, the one before it is still there.
    blocks = vocabulary * (now + next_) * one
    ends = tokens * model.hidden * (_FP32 + _stream_bytes(work))
    if work.adapter == "full":
        # The head's gradient in fp32, and one block's share of it before it is added.
        head = model.embedding_parameters
        ends += _copied_weights(work) * head
        return ends + max(_FP32 * head + blocks, (_FP32 + one) * head + vocabulary * now * one)
    return ends + blocks


def _feed_forward_backward(model: Architecture, work: Workload, tokens: int) -> int:
    """Beside the layer itself: gradients of the product of gate and up, or of the norm after it."""
    size, hidden, inner = work.number_bytes, model.hidden, model.feed_forward
    moments = [
        tokens * 3 * size * inner,
        # The product itself, and the last linear layer's result on its way through the adapter.
        tokens * size * (inner + 5 * hidden),
    ]
    if work.quantisation == "nf4" or work.adapter == "full":
        # The weight dequantised, or its gradient before it is added.
        moments.append(tokens * 2 * size * inner + size * hidden * inner)
    if model.fused:
        # Before gate and up are apart: two results more of twice their width.
        moments.append(tokens * size * (3 * inner + 3 * hidden))
    if _copies_inputs(work):
        moments.append(tokens * ((2 * size + _FP32) * inner + 4 * size * hidden))
    if model.norm is Norm.WEIGHT_WITHIN:
        moments.append(tokens * (size * (inner + hidden) + 5 * _FP32 * hidden))
    return max(moments)


def _attention_backward(model: Architecture, work: Workload, tokens: int, row_tokens: int) -> int:
    """Beside the layer, less its feed-forward half, which is gone by then."""
    if not model.eager_attention:
        return 0
    size, hidden = work.number_bytes, model.hidden
    scores = model.heads * row_tokens * (2 * _FP32 - size)
    gone = size * (3 * model.feed_forward + hidden) + 2 * _FP32 * hidden
    return tokens * (scores - gone)
