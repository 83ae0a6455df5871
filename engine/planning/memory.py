"""Bytes of memory that training and generation take, item by item.

NF4 with double quantisation (QLoRA, arXiv 2305.14314): half a byte a weight, an 8-bit scale for 64
weights, and the scales of scales: 0.516 bytes a weight. What no formula gives are named constants.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.planning.activations import activation_bytes
from engine.planning.architecture import Architecture
from engine.planning.workload import Workload

CUDA_CONTEXT_BYTES = 450 * 2**20
"""What a process holds on a card beside tensors: context, kernels, libraries. An assumption: 300 to
500 MiB are usual."""

PROCESS_BYTES = 800 * 2**20
"""RAM of a Python process that has loaded torch, transformers and peft. An assumption."""

ALLOCATOR_SLACK = 0.06
"""Share of what comes and goes (activations, cache) that lies idle in torch's allocator, cuBLAS's
workspace among it. An assumption."""

_FP32 = 4
_NF4_BLOCK, _NF4_SCALES = 64, 256
_NF4_TABLES_BYTES = 16 * 4 + 256 * 4 + 4
_STATE_BLOCK, _SMALL_TENSOR, _PAGED_TENSOR = 256, 4096, 100_000
_CACHE_GROWTH_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by what they are for. ``movable`` of them may go to RAM when the card is full."""

    weights: int
    adapter: int = 0
    gradients: int = 0
    optimizer: int = 0
    activations: int = 0
    cache: int = 0
    slack: int = 0
    process: int = 0
    movable: int = 0

    @property
    def total(self) -> int:
        return sum(size for _, size in self.items())

    @property
    def needed(self) -> int:
        """What has to be there at least: what is movable may be in RAM."""
        return self.total - self.movable

    def items(self) -> list[tuple[str, int]]:
        """What the bytes are for, without what takes none."""
        named = [
            ("weights", self.weights),
            ("adapter", self.adapter),
            ("gradients", self.gradients),
            ("optimizer", self.optimizer),
            ("activations", self.activations),
            ("cache", self.cache),
            ("slack", self.slack),
            ("process", self.process),
        ]
        return [(name, size) for name, size in named if size]


def training_memory(
    model: Architecture, work: Workload, tokens: int | None = None, *, on_cpu: bool = False
) -> Memory:
    """Memory of a training step with micro-batches of ``tokens``, the workload's by default.

    An example of the greatest length is planned for, whatever ``tokens`` are.
    """
    at_once = max(tokens or work.micro_tokens, work.max_tokens)
    trained = _trained_tensors(model, work)
    state, movable = _optimizer(trained, work, on_cpu=on_cpu)
    row = at_once if work.packed else work.max_tokens
    coming_and_going = max(
        activation_bytes(model, work, at_once, row),
        _optimizer_step(trained, work, on_cpu=on_cpu),
    )
    return Memory(
        weights=weight_bytes(model, work),
        adapter=_adapter(model, work),
        gradients=_FP32 * sum(trained),
        optimizer=state,
        activations=coming_and_going,
        slack=0 if on_cpu else int(ALLOCATOR_SLACK * coming_and_going),
        process=PROCESS_BYTES if on_cpu else CUDA_CONTEXT_BYTES,
        movable=movable,
    )


def generation_memory(
    model: Architecture, work: Workload, rows: int | None = None, *, on_cpu: bool = False
) -> Memory:
    """Memory of sampling ``rows`` texts at once, the workload's batch by default."""
    count = rows or work.batch_size
    size = work.number_bytes
    # An update goes on from question and attempt, with feedback of an attempt's length.
    prompt = work.prompt_tokens + work.max_attempt_tokens
    tokens = prompt + work.max_attempt_tokens
    cache = count * model.kv_cache_bytes(tokens + _CACHE_GROWTH_TOKENS, size)
    # When a layer's cache grows, the old one is there until it is copied.
    growing = count * 2 * model.key_value * size * tokens
    working = max(
        growing + count * model.vocabulary * (2 * 8 + size),
        _prefill(model, work, count, prompt) - count * model.kv_cache_bytes(tokens - prompt, size),
    )
    return Memory(
        weights=weight_bytes(model, work),
        adapter=_adapter(model, work),
        activations=working,
        cache=cache,
        slack=0 if on_cpu else int(ALLOCATOR_SLACK * (cache + working)),
        process=PROCESS_BYTES if on_cpu else CUDA_CONTEXT_BYTES,
    )


def weight_bytes(model: Architecture, work: Workload) -> int:
    """Bytes of the model's own weights; those that are trained are fp32."""
    if work.adapter == "full":
        return _FP32 * model.parameters
    if work.quantisation == "none":
        return work.number_bytes * model.parameters
    quantised = model.layers * sum(nf4_bytes(linear.weights) for linear in model.linears)
    return quantised + work.number_bytes * model.other_parameters


def nf4_bytes(weights: int) -> int:
    """Bytes of one tensor in NF4 with double quantisation, its tables included."""
    blocks = -(-weights // _NF4_BLOCK)
    return -(-weights // 2) + blocks + 4 * -(-blocks // _NF4_SCALES) + _NF4_TABLES_BYTES


def _adapter(model: Architecture, work: Workload) -> int:
    return 4 * model.lora_parameters(work.lora_rank) if work.adapter == "lora" else 0


def _trained_tensors(model: Architecture, work: Workload) -> list[int]:
    return model.lora_tensors(work.lora_rank) if work.adapter == "lora" else model.tensors()


def _optimizer(sizes: list[int], work: Workload, *, on_cpu: bool) -> tuple[int, int]:
    """Bytes of AdamW's two moments, and how many of them bitsandbytes can page."""
    if work.optimizer == "adamw":
        return 2 * _FP32 * sum(sizes), 0
    paged = work.optimizer == "paged_adamw_8bit" and not on_cpu
    total = movable = 0
    for size in sizes:
        if size < _SMALL_TENSOR:
            total += 2 * 4 * size
            continue
        total += 2 * size + 2 * 4 * -(-size // _STATE_BLOCK)
        if paged and size >= _PAGED_TENSOR:
            movable += 2 * size
    return total, movable


def _optimizer_step(sizes: list[int], work: Workload, *, on_cpu: bool) -> int:
    """What a step of the optimizer holds for a moment; activations are gone by then."""
    if work.optimizer != "adamw":
        return 0
    # On a card, torch updates all tensors at once, by way of a copy of all second moments.
    return _FP32 * (max(sizes) if on_cpu else sum(sizes))


def _prefill(model: Architecture, work: Workload, rows: int, prompt: int) -> int:
    """Reading the prompts: the feed-forward half of one layer, the adapter in fp32; masks."""
    size, hidden, inner = work.number_bytes, model.hidden, model.feed_forward
    layer = size * (3 * inner + 4 * hidden)
    if work.adapter == "lora":
        # The adapter's result, and the same scaled; its input.
        layer += 4 * (2 * inner + hidden) - size * inner
    mask = prompt * (1 + size)
    scores = (4 + 2 * size) * model.heads * prompt if model.eager_attention else 0
    return rows * prompt * (layer + mask + scores)
