"""Stage 3: weighted supervised learning, one readable loop.

The loss of a token counts with its weight, and the sum is divided over the whole optimizer
step, not per micro-batch. The order of examples, and so every step, follows from the seed:
a run that is taken up from a checkpoint goes on as if it had never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from collections.abc import Iterator as Iter
from dataclasses import dataclass
from typing import Any

import torch

from engine.errors import RunFailed, StudentError
from engine.settings import TrainSettings
from engine.student.device import free_cached, is_out_of_memory
from engine.student.model import Student
from engine.student_choices import MICRO_TOKENS, MICRO_TOKENS_ON_CPU
from engine.training.batching import (
    Batch,
    collate,
    hidden_states,
    micro_batches,
    pack,
    why_not_packed,
)
from engine.training.checkpoints import TrainingState
from engine.training.encoding import Encoded
from engine.training.memory import peak_bytes, reset_peak
from engine.training.optimizers import LossScale, make_optimizer
from engine.training.randomness import random_state, restore_random
from engine.training.schedule import learning_rate_at, plan_steps
from engine.training.weighted_loss import weighted_linear_cross_entropy


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did. ``loss`` is the weighted mean, NaN if it is not a number.

    ``micro_tokens`` is how many tokens went through the model at once at most, in the end: less
    than before where memory ran out. ``memory_bytes`` is the most that was in use.
    """

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float
    tokens: int
    weighted_tokens: int
    seconds: float
    micro_tokens: int
    memory_bytes: int

    @property
    def is_finite(self) -> bool:
        """False for a step that was not applied, since loss or gradient is not a number."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


class Trainer:
    """Trains a student on encoded examples, a step at a time.

    ``micro_tokens`` is how many tokens go through the model at once; it is halved where memory
    runs out. ``why_padded`` says why rows are not packed, None where they are.
    """

    def __init__(
        self, student: Student, rows: Sequence[Encoded], settings: TrainSettings, seed: int
    ) -> None:
        """Raises StudentError: what the settings ask for does not run here."""
        self._student = student
        self._rows = rows
        self._settings = settings
        self._weights = student.trained_weights()
        self._optimizer = make_optimizer(self._weights.values(), settings, student.device)
        self._scale = LossScale(student.compute_dtype == torch.float16)
        self.plans = plan_steps(rows, settings, seed)
        self.next_step = 0
        on_cpu = student.device.type == "cpu"
        self.micro_tokens = settings.micro_tokens or (
            MICRO_TOKENS_ON_CPU if on_cpu else MICRO_TOKENS
        )
        self.why_padded = _why_padded(student, rows, settings.packing)
        _set_checkpointing(student, settings.gradient_checkpointing)
        torch.manual_seed(seed)

    def setup(self) -> dict[str, Any]:
        """Return how it trains, as plain values for people and for the event stream."""
        student, model = self._student, self._student.language_model
        return {
            "device": str(student.device),
            "computes_in": str(student.compute_dtype).removeprefix("torch."),
            "in_4_bits": bool(getattr(model, "is_loaded_in_4bit", False)),
            "trained_parameters": sum(weight.numel() for weight in self._weights.values()),
            "optimizer": type(self._optimizer).__name__,
            "steps": len(self.plans),
            "micro_tokens": self.micro_tokens,
            "packed": self.why_padded is None,
            "why_padded": self.why_padded,
        }

    def state(self, more: dict[str, Any] | None = None) -> TrainingState:
        """Everything that the steps still to come depend on; ``more`` is the caller's."""
        return TrainingState(
            step=self.next_step,
            weights={name: weight.detach() for name, weight in self._weights.items()},
            optimizer=self._optimizer.state_dict(),
            random=random_state(self._student.device),
            loop={"micro_tokens": self.micro_tokens, "loss_scale": self._scale.state()},
            more=more or {},
        )

    def restore(self, state: TrainingState) -> None:
        """Go on from a state that `state` gave."""
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(state.weights[name])
        self._optimizer.load_state_dict(state.optimizer)
        self.micro_tokens = state.loop["micro_tokens"]
        self._scale.restore(state.loop["loss_scale"])
        restore_random(state.random, self._student.device)
        self.next_step = state.step

    def preflight(self, pulse: Callable[[], None] = lambda: None) -> None:
        """Send the largest micro-batch through the model once, and forget what came of it.

        What does not fit is then known before the first step, and `micro_tokens` with it.

        Raises:
            RunFailed: not even one example fits.
        """
        used = {index for plan in self.plans for index in plan.rows}
        longest = sorted((self._rows[index] for index in used), key=len, reverse=True)
        if not longest:
            return

        def largest() -> list[Encoded]:
            room = min(self.micro_tokens, self._settings.batch_tokens)
            return longest[: max(1, room // len(longest[0]))]

        self._student.model.train()
        random = random_state(self._student.device)
        self._with_less_memory(lambda: self._gradients(largest(), 1.0, pulse), largest)
        self._optimizer.zero_grad()
        restore_random(random, self._student.device)

    def steps(self, pulse: Callable[[], None] = lambda: None) -> Iter[StepResult]:
        """Run the steps still to come; ``pulse`` is called before every micro-batch.

        A step that is not finite is the last: it is not applied, and not counted as done.

        Raises:
            RunFailed: memory does not suffice for one example.
        """
        while self.next_step < len(self.plans):
            self._student.model.train()
            result = self._step(pulse)
            self.next_step += result.is_finite
            yield result
            if not result.is_finite:
                return

    @torch.no_grad()
    def loss_of(self, rows: Sequence[Encoded], pulse: Callable[[], None] = lambda: None) -> float:
        """Return the weighted mean loss of other rows, without learning from them."""
        self._student.model.eval()
        rows = sorted(rows, key=len)
        total = torch.zeros((), device=self._student.device)
        for micro in micro_batches(rows, self.micro_tokens, packed=self.why_padded is None):
            pulse()
            total += self._loss(self._batch(micro))
        return float(total) / max(sum(sum(row.weights) for row in rows), 1e-9)

    def _step(self, pulse: Callable[[], None]) -> StepResult:
        started = time.monotonic()
        plan, settings = self.plans[self.next_step], self._settings
        rate = learning_rate_at(self.next_step, len(self.plans), settings)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        rows = sorted((self._rows[index] for index in plan.rows), key=len)
        weight_sum = sum(sum(row.weights) for row in rows)
        targets = sum(sum(weight > 0 for weight in row.weights) for row in rows)
        divisor = max(weight_sum if settings.normalise == "weights" else float(targets), 1e-9)
        reset_peak(self._student.device)
        while True:
            random = random_state(self._student.device)
            loss = self._with_less_memory(
                lambda: self._gradients(rows, divisor, pulse), lambda: rows
            )
            norm = self._clip()
            if not self._scale.overflowed(norm):
                break
            self._optimizer.zero_grad()
            restore_random(random, self._student.device)
        if math.isfinite(loss) and math.isfinite(norm):
            self._optimizer.step()
        self._optimizer.zero_grad()
        return StepResult(
            step=self.next_step + 1,
            epoch=plan.epoch,
            loss=loss,
            learning_rate=rate,
            grad_norm=norm,
            tokens=sum(map(len, rows)),
            weighted_tokens=targets,
            seconds=time.monotonic() - started,
            micro_tokens=self.micro_tokens,
            memory_bytes=peak_bytes(self._student.device),
        )

    def _with_less_memory(
        self, work: Callable[[], float], rows: Callable[[], Sequence[Encoded]]
    ) -> float:
        """Do the work, again and again with half the tokens at once while memory runs out."""
        device = self._student.device
        while True:
            random = random_state(device)
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                said = str(error)
            # Out here, where the error no longer holds the tensors of the failed attempt.
            self._optimizer.zero_grad()
            free_cached(device)
            restore_random(random, device)
            self._halve(rows(), said)

    def _halve(self, rows: Sequence[Encoded], said: str) -> None:
        packed = self.why_padded is None
        if all(len(m) == 1 for m in micro_batches(rows, self.micro_tokens, packed=packed)):
            raise RunFailed(
                f"Memory ran out with one example of {max(map(len, rows)):,} tokens: {said} "
                "Lower train.max_tokens or student.lora_rank, set student.quantisation to nf4 and "
                "train.gradient_checkpointing to on, close other programs, or take a smaller "
                "student; then: tripost run --new",
                "Not enough memory to train",
            )
        self.micro_tokens //= 2

    def _gradients(
        self, rows: Sequence[Encoded], divisor: float, pulse: Callable[[], None]
    ) -> float:
        """Add up the gradients of the rows' weighted mean loss; return the loss."""
        total = torch.zeros((), device=self._student.device)
        for micro in micro_batches(rows, self.micro_tokens, packed=self.why_padded is None):
            pulse()
            loss = self._loss(self._batch(micro))
            (loss * (self._scale.value / divisor)).backward()
            total += loss.detach()
        return float(total) / divisor

    def _batch(self, rows: Sequence[Encoded]) -> Batch:
        return collate(rows) if self.why_padded else pack(rows)

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Return the sum of weight x cross-entropy."""
        student, head = self._student, self._student.head
        hidden = hidden_states(student, batch)
        with student.autocast():
            return weighted_linear_cross_entropy(
                hidden.flatten(0, 1),
                head.weight,
                batch.labels.flatten().to(student.device),
                batch.weights.flatten().to(student.device),
                head.bias,
                scale=head.scale,
                softcap=head.softcap,
            )

    def _clip(self) -> float:
        """Take the loss scale out of the gradients, clip them; return their norm before that."""
        weights = list(self._weights.values())
        if self._scale.value != 1:
            gradients = [w.grad for w in weights if w.grad is not None]
            torch._foreach_mul_(gradients, 1 / self._scale.value)
        clip = self._settings.clip or math.inf
        return float(torch.nn.utils.clip_grad_norm_(weights, clip))


def _why_padded(student: Student, rows: Sequence[Encoded], packing: str) -> str | None:
    if packing == "off":
        return "train.packing is off"
    if packing == "auto" and student.device.type == "cpu":
        # Attention between packed rows is calculated and masked, which costs more there than the
        # padding of rows of one length.
        return "on a CPU padding is faster"
    if packing == "auto" and student.attends_eagerly:
        return "its attention holds the scores of all pairs of tokens, which packs make many more"
    return why_not_packed(student, rows)


def _set_checkpointing(student: Student, wanted: str) -> None:
    """Calculate activations again in the backward pass instead of keeping them, or not."""
    model = student.language_model
    on = wanted == "on" or (wanted == "auto" and student.device.type != "cpu")
    word = "enable" if on else "disable"
    # transformers has renamed them.
    switch = getattr(model, f"activation_checkpointing_{word}", None)
    switch = switch or getattr(model, f"gradient_checkpointing_{word}")
    try:
        switch(*([{"use_reentrant": False}] if on else []))
    except ValueError as error:
        if wanted == "on":
            raise StudentError(
                f"{error} Set train.gradient_checkpointing to off.",
                "No gradient checkpointing for this student",
            ) from error
