"""A plan: what of a run fits on a machine, with which settings, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from engine.planning.architecture import Architecture
from engine.planning.levers import Lever, levers
from engine.planning.machine import Machine
from engine.planning.memory import Memory, generation_memory, training_memory
from engine.planning.speed import generation_tokens_per_s, training_tokens_per_s
from engine.planning.workload import Workload
from engine.student_choices import MICRO_TOKENS, which_optimizer

TOKEN_STEP = 256
"""Micro-batches are planned in multiples of so many tokens."""

MOST_TOKENS, MOST_ROWS = 2**17, 4096

_RANKS = (16, 8)
"""With adapters on all linear layers the rank matters little (QLoRA, arXiv 2305.14314, section 4):
it is the settings' default, or half of that where memory is short."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a whole run, by what they are spent on; experts' time is not among them."""

    sampling: float
    training: float
    evaluation: float

    @property
    def total(self) -> float:
        return self.sampling + self.training + self.evaluation


@dataclass(frozen=True, slots=True)
class Plan:
    """What fits. Tokens and rows are None where not even the least fits, speeds if not known.

    ``training`` and ``generation`` are the memory at the settings of ``work``. ``micro_tokens`` is
    the largest micro-batch, ``longest_tokens`` the longest single example, ``rows`` the largest
    batch of generation. ``levers`` are there only if training does not fit.
    """

    model: Architecture
    machine: Machine
    work: Workload
    training: Memory
    generation: Memory
    micro_tokens: int | None
    longest_tokens: int | None
    rows: int | None
    training_tokens_per_s: float | None
    generation_tokens_per_s: float | None
    hours: Hours | None
    levers: tuple[Lever, ...]

    @property
    def fits(self) -> bool:
        """Training and generation, at the settings."""
        needed = max(self.training.needed, self.generation.needed)
        return needed <= self.machine.usable_bytes


def plan(model: Architecture, machine: Machine, work: Workload) -> Plan:
    """Plan a run with these settings on this machine."""
    micro = largest_micro_tokens(model, machine, work)
    longest = longest_example_tokens(model, machine, work)
    rows = largest_rows(model, machine, work)
    memory = training_memory(model, work, on_cpu=machine.on_cpu)
    fits = memory.needed <= machine.usable_bytes
    training = generation = None
    if rows and micro:
        at_once = min(work.at_once_tokens, micro)
        training = training_tokens_per_s(model, work, machine.card, at_once)
        generation = generation_tokens_per_s(model, work, machine.card, min(work.batch_size, rows))
    return Plan(
        model=model,
        machine=machine,
        work=work,
        training=memory,
        generation=generation_memory(model, work, on_cpu=machine.on_cpu),
        micro_tokens=micro,
        longest_tokens=longest,
        rows=rows,
        training_tokens_per_s=training,
        generation_tokens_per_s=generation,
        hours=_hours(work, training, generation) if fits else None,
        levers=() if fits else levers(model, machine, work),
    )


def propose(model: Architecture, machine: Machine, **given: Any) -> Workload:
    """Choose the settings that are not ``given`` (fields of `Workload`) for a machine.

    A card that knows bf16 uses it, others fp16. The optimizer's state is 8-bit, on small cards
    paged.
    """
    chosen: dict[str, Any] = {}
    if machine.on_cpu:
        chosen |= {"quantisation": "none", "precision": "fp32", "optimizer": "adamw"}
    else:
        chosen["precision"] = "bf16" if machine.card.has_bf16 else "fp16"
        chosen["optimizer"] = which_optimizer("auto", machine.memory_bytes)
    if given.get("adapter") == "full":
        chosen["quantisation"] = "none"
    work = Workload(**(chosen | given))
    if work.adapter == "lora" and "lora_rank" not in given:
        tokens = given.get("micro_tokens", work.max_tokens)
        ranked = [replace(work, lora_rank=rank, micro_tokens=tokens) for rank in _RANKS]
        fitting = [one for one in ranked if _fits(model, machine, one)]
        work = replace(work, lora_rank=(fitting or ranked[-1:])[0].lora_rank)
    if "micro_tokens" not in given:
        most = largest_micro_tokens(model, machine, work) or TOKEN_STEP
        work = replace(work, micro_tokens=min(MICRO_TOKENS, most))
    if "batch_size" not in given:
        rows = largest_rows(model, machine, work) or 1
        work = replace(work, batch_size=min(work.batch_size, rows))
    return work


def largest_micro_tokens(model: Architecture, machine: Machine, work: Workload) -> int | None:
    """The largest micro-batch that fits, in tokens; examples longer than it are left aside."""

    def fits(steps: int) -> bool:
        tokens = steps * TOKEN_STEP
        shorter = replace(work, max_tokens=min(work.max_tokens, tokens), micro_tokens=tokens)
        return _fits(model, machine, shorter)

    steps = _largest(fits, MOST_TOKENS // TOKEN_STEP)
    return steps * TOKEN_STEP if steps else None


def longest_example_tokens(model: Architecture, machine: Machine, work: Workload) -> int | None:
    """The longest single example that fits, in tokens."""

    def fits(steps: int) -> bool:
        tokens = steps * TOKEN_STEP
        return _fits(model, machine, replace(work, max_tokens=tokens, micro_tokens=tokens))

    steps = _largest(fits, MOST_TOKENS // TOKEN_STEP)
    return steps * TOKEN_STEP if steps else None


def largest_rows(model: Architecture, machine: Machine, work: Workload) -> int | None:
    """The most texts that can be generated at once."""

    def fits(rows: int) -> bool:
        memory = generation_memory(model, work, rows, on_cpu=machine.on_cpu)
        return memory.total <= machine.usable_bytes

    return _largest(fits, MOST_ROWS) or None


def _fits(model: Architecture, machine: Machine, work: Workload) -> bool:
    memory = training_memory(model, work, on_cpu=machine.on_cpu)
    return memory.needed <= machine.usable_bytes


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number up to ``most`` that fits; 0 if not even 1 does."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _hours(work: Workload, training: float | None, generation: float | None) -> Hours | None:
    if training is None or generation is None:
        return None
    sampled = work.iterations * work.questions * work.sampled_tokens
    trained = work.iterations * work.questions * work.epochs * work.example_tokens
    # The start is evaluated too.
    evaluated = (work.iterations + 1) * work.test_items * work.sampled_tokens
    return Hours(
        sampled / generation / 3600, trained / training / 3600, evaluated / generation / 3600
    )
