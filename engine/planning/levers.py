"""What would make a run fit that does not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.planning.architecture import Architecture
from engine.planning.machine import Machine
from engine.planning.memory import Memory, training_memory
from engine.planning.models import MODELS
from engine.planning.workload import Workload

_LEAST_TOKENS = 256
_SMALL_RANK = 8


@dataclass(frozen=True, slots=True)
class Lever:
    """One change by itself: what training would take then, what it saves, whether that is enough.

    ``change`` says it in words; ``model`` names another student where that is the change.
    """

    change: str
    needed_bytes: int
    saved_bytes: int
    fits: bool
    model: str | None = None


def levers(model: Architecture, machine: Machine, work: Workload) -> tuple[Lever, ...]:
    """Return the changes that save memory, the greatest first."""
    before = training_memory(model, work, on_cpu=machine.on_cpu).needed
    tried: list[tuple[str, Architecture, Workload, str | None]] = [
        (change, model, other, None) for change, other in _changes(model, machine, work)
    ]
    if smaller := _smaller(model, machine, work):
        tried.append((f"a smaller student: {smaller[0]}", smaller[1], work, smaller[0]))
    found = []
    for change, changed_model, changed_work, name in tried:
        needed = training_memory(changed_model, changed_work, on_cpu=machine.on_cpu).needed
        if needed < before:
            fits = needed <= machine.usable_bytes
            found.append(Lever(change, needed, before - needed, fits, name))
    return tuple(sorted(found, key=lambda lever: -lever.saved_bytes))


def _changes(model: Architecture, machine: Machine, work: Workload) -> list[tuple[str, Workload]]:
    changes = []
    if work.adapter == "full":
        changes.append(("a LoRA adapter instead of all weights", replace(work, adapter="lora")))
        qlora = replace(work, adapter="lora", quantisation="nf4")
        changes.append(("a LoRA adapter on 4-bit weights (NF4)", qlora))
    elif work.quantisation == "none":
        changes.append(("4-bit weights (NF4)", replace(work, quantisation="nf4")))
    if not work.gradient_checkpointing:
        changes.append(("gradient checkpointing", replace(work, gradient_checkpointing=True)))
    if work.precision == "fp32":
        changes.append(("weights in bf16", replace(work, precision="bf16")))
    if work.optimizer == "adamw":
        changes.append(("8-bit AdamW", replace(work, optimizer="adamw_8bit")))
    if work.adapter == "lora" and work.lora_rank > _SMALL_RANK:
        changes.append((f"LoRA rank {_SMALL_RANK}", replace(work, lora_rank=_SMALL_RANK)))
    if work.micro_tokens > work.max_tokens:
        smaller = replace(work, micro_tokens=work.max_tokens)
        changes.append((f"micro-batches of {work.max_tokens:,} tokens", smaller))
    if shorter := _shorter(model, machine, work):
        changes.append((f"examples of at most {shorter.max_tokens:,} tokens", shorter))
    return changes


def _shorter(model: Architecture, machine: Machine, work: Workload) -> Workload | None:
    """Examples halved until they fit, or as short as makes sense."""
    shorter = work
    while shorter.max_tokens // 2 >= _LEAST_TOKENS:
        tokens = shorter.max_tokens // 2
        shorter = replace(shorter, max_tokens=tokens, micro_tokens=min(work.micro_tokens, tokens))
        if _memory(model, machine, shorter).needed <= machine.usable_bytes:
            break
    return None if shorter is work else shorter


def _smaller(
    model: Architecture, machine: Machine, work: Workload
) -> tuple[str, Architecture] | None:
    """The largest student of the catalogue that is smaller and fits."""
    sizes = [(one.name, one.architecture) for one in MODELS]
    fitting = [
        (name, other)
        for name, other in sizes
        if other.parameters < model.parameters
        and _memory(other, machine, work).needed <= machine.usable_bytes
    ]
    return max(fitting, key=lambda pair: pair[1].parameters, default=None)


def _memory(model: Architecture, machine: Machine, work: Workload) -> Memory:
    return training_memory(model, work, on_cpu=machine.on_cpu)
