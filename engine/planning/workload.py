"""What a run asks of a machine, as far as memory and time depend on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.planning.machine import Machine
from engine.settings import Settings
from engine.student_choices import (
    MICRO_TOKENS,
    MICRO_TOKENS_ON_CPU,
    Optimizer,
    which_optimizer,
    without_autos,
)

Quantisation = Literal["none", "nf4"]
Precision = Literal["fp32", "bf16", "fp16"]
Adapter = Literal["full", "lora"]


@dataclass(frozen=True, slots=True)
class Workload:
    """A run's settings. The defaults are QLoRA on one consumer card, and a run of some hours.

    ``micro_tokens`` go through the model at once, padding counted; an example longer than that goes
    alone. ``packed``: they lie in one row with a mask between them, not in rows of their own.
    ``max_tokens`` is the length limit of an example. A text is a question of ``prompt_tokens`` with
    an attempt, and ``updates`` times feedback and another attempt, each of ``attempt_tokens`` on
    average; ``max_attempt_tokens`` limits each.

    Raises:
        ValueError: all weights are to be trained, and they are quantised.
    """

    quantisation: Quantisation = "nf4"
    precision: Precision = "bf16"
    adapter: Adapter = "lora"
    lora_rank: int = 16
    lora_dropout: float = 0.0
    optimizer: Optimizer = "adamw_8bit"
    gradient_checkpointing: bool = True
    packed: bool = True
    max_tokens: int = 2048
    micro_tokens: int = 4096
    iterations: int = 3
    epochs: float = 4
    questions: int = 600
    test_items: int = 300
    prompt_tokens: int = 150
    attempt_tokens: int = 200
    max_attempt_tokens: int = 640
    updates: float = 2
    batch_size: int = 64

    def __post_init__(self) -> None:
        if self.adapter == "full" and self.quantisation != "none":
            raise ValueError("quantised weights cannot be trained")

    @property
    def number_bytes(self) -> int:
        """Bytes of one number in the model's precision."""
        return 4 if self.precision == "fp32" else 2

    @property
    def at_once_tokens(self) -> int:
        """Tokens of the largest micro-batch: one example goes whole, whatever the budget."""
        return max(self.micro_tokens, self.max_tokens)

    @property
    def sampled_tokens(self) -> float:
        """Tokens that the student writes for one question: each attempt, and feedback on each."""
        return 2 * (1 + self.updates) * self.attempt_tokens

    @property
    def example_tokens(self) -> float:
        """Tokens of one training example: a question, an attempt, feedback and an update."""
        return min(self.max_tokens, self.prompt_tokens + 3 * self.attempt_tokens)


def workload_of(settings: Settings, machine: Machine) -> Workload:
    """What a project's settings ask for on a machine; what they do not say stays at the default."""
    collect, train = settings.collect, settings.train
    has_gpu = not machine.on_cpu
    student = without_autos(
        settings.student, on_accelerator=has_gpu, has_bf16=machine.card.has_bf16
    )
    defaults = Workload()
    micro_tokens = MICRO_TOKENS if has_gpu else MICRO_TOKENS_ON_CPU
    return Workload(
        quantisation=student.quantisation,  # type: ignore[arg-type]  # no auto any more
        precision=student.precision,  # type: ignore[arg-type]
        adapter=student.adapter,  # type: ignore[arg-type]
        lora_rank=student.lora_rank,
        lora_dropout=student.lora_dropout,
        optimizer=which_optimizer(train.optimizer, machine.memory_bytes if has_gpu else None),
        gradient_checkpointing=_on(train.gradient_checkpointing, has_gpu),
        packed=_on(train.packing, has_gpu),
        max_tokens=train.max_tokens,
        micro_tokens=train.micro_tokens or micro_tokens,
        iterations=settings.run.iterations,
        epochs=train.epochs,
        questions=collect.questions,
        test_items=settings.task.test_items,
        attempt_tokens=min(defaults.attempt_tokens, collect.max_attempt_tokens),
        max_attempt_tokens=collect.max_attempt_tokens,
        updates=min(defaults.updates, collect.max_updates),
        batch_size=max(collect.batch_size, settings.evaluate.batch_size),
    )


def _on(wanted: str, has_gpu: bool) -> bool:
    return wanted == "on" or (wanted == "auto" and has_gpu)
