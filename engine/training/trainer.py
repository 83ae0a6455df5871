"""Stage 3: weighted supervised learning, one readable loop.

The loss of a token counts with its weight, and the sum is divided over the whole optimizer
step, not per micro-batch. The order of examples, and so every step, follows from the seed:
a run that is taken up from a checkpoint goes on as if it had never stopped.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from engine.settings import TrainSettings
from engine.student.model import Student
from engine.training.checkpoints import TrainingState
from engine.training.encoding import Encoded, by_budget, collate
from engine.training.weighted_loss import weighted_linear_cross_entropy

_MICRO_TOKENS = 4096
"""Tokens, padding counted, that go through the model at once."""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One optimizer step: which examples, and where in the epochs it ends."""

    rows: tuple[int, ...]
    epoch: float


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did. ``loss`` is the weighted mean, NaN if it is not a number."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float
    tokens: int
    weighted_tokens: int
    seconds: float

    @property
    def is_finite(self) -> bool:
        """False for a step that was not applied, since loss or gradient is not a number."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


def plan_steps(rows: Sequence[Encoded], settings: TrainSettings, seed: int) -> list[StepPlan]:
    """Lay out all optimizer steps of an iteration: ``epochs`` passes, or up to ``token_budget``.

    A budget is met to within one step, with further passes if the examples are few.
    """
    plans: list[StepPlan] = []
    used = 0
    epoch = 0
    if not rows:
        return plans
    while settings.token_budget or epoch < settings.epochs:
        order = list(range(len(rows)))
        random.Random(f"epoch/{seed}/{epoch}").shuffle(order)
        seen = 0
        for batch in by_budget(rows, order, settings.batch_tokens):
            seen += len(batch)
            plans.append(StepPlan(tuple(batch), epoch + seen / len(rows)))
            used += sum(len(rows[index]) for index in batch)
            if settings.token_budget and used >= settings.token_budget:
                return plans
        epoch += 1
    return plans


def learning_rate_at(step: int, steps: int, settings: TrainSettings) -> float:
    """Return the learning rate of step 0, 1, … of ``steps``: linear warm-up, then the schedule."""
    warmup = round(settings.warmup * steps)
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "linear":
        return settings.learning_rate * (1 - done)
    return settings.learning_rate * (1 + math.cos(math.pi * done)) / 2


class Trainer:
    """Trains a student on encoded examples, a step at a time."""

    def __init__(
        self, student: Student, rows: Sequence[Encoded], settings: TrainSettings, seed: int
    ) -> None:
        self._student = student
        self._rows = rows
        self._settings = settings
        self._weights = student.trained_weights()
        groups: list[dict[str, Any]] = [
            {"params": [w for w in self._weights.values() if w.ndim > 1]},
            {"params": [w for w in self._weights.values() if w.ndim <= 1], "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(
            groups,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.plans = plan_steps(rows, settings, seed)
        self.next_step = 0
        torch.manual_seed(seed)

    def state(self) -> TrainingState:
        """Everything that the steps still to come depend on."""
        return TrainingState(
            step=self.next_step,
            weights={name: weight.detach() for name, weight in self._weights.items()},
            optimizer=self._optimizer.state_dict(),
            random=torch.get_rng_state(),
        )

    def restore(self, state: TrainingState) -> None:
        """Go on from a state that `state` gave."""
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(state.weights[name])
        self._optimizer.load_state_dict(state.optimizer)
        torch.set_rng_state(state.random)
        self.next_step = state.step

    def steps(self, pulse: Callable[[], None] = lambda: None) -> Iterator[StepResult]:
        """Run the steps still to come; ``pulse`` is called before every micro-batch.

        A step that is not finite is the last: it is not applied, and not counted as done.
        """
        self._student.model.train()
        while self.next_step < len(self.plans):
            result = self._step(pulse)
            self.next_step += result.is_finite
            yield result
            if not result.is_finite:
                return

    def _step(self, pulse: Callable[[], None]) -> StepResult:
        started = time.monotonic()
        plan, settings = self.plans[self.next_step], self._settings
        rate = learning_rate_at(self.next_step, len(self.plans), settings)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        rows = sorted((self._rows[index] for index in plan.rows), key=len)
        weight_sum = sum(sum(row.weights) for row in rows)
        targets = sum(sum(weight > 0 for weight in row.weights) for row in rows)
        divisor = weight_sum if settings.normalise == "weights" else float(targets)
        total = 0.0
        for micro in _micro_batches(rows):
            pulse()
            total += self._accumulate(micro, max(divisor, 1e-9))
        clip = settings.clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(list(self._weights.values()), clip))
        if math.isfinite(total) and math.isfinite(norm):
            self._optimizer.step()
        self._optimizer.zero_grad()
        return StepResult(
            step=self.next_step + 1,
            epoch=plan.epoch,
            loss=total,
            learning_rate=rate,
            grad_norm=norm,
            tokens=sum(map(len, rows)),
            weighted_tokens=targets,
            seconds=time.monotonic() - started,
        )

    def _accumulate(self, rows: Sequence[Encoded], divisor: float) -> float:
        """Add the gradients of a micro-batch; return its part of the step's loss."""
        student, device = self._student, self._student.device
        batch = collate(rows, pad=0)
        with student.autocast():
            hidden = student.body(
                input_ids=batch.ids.to(device),
                use_cache=False,
            ).last_hidden_state
            head = student.head
            loss = weighted_linear_cross_entropy(
                hidden.flatten(0, 1),
                head.weight,
                batch.labels.flatten().to(device),
                batch.weights.flatten().to(device),
                head.bias,
                scale=head.scale,
                softcap=head.softcap,
            )
        (loss / divisor).backward()
        return float(loss.detach()) / divisor


def _micro_batches(rows: Sequence[Encoded]) -> Iterator[list[Encoded]]:
    """Cut rows, sorted by length, so that each piece stays small with its padding."""
    micro: list[Encoded] = []
    for row in rows:
        if micro and (len(micro) + 1) * len(row) > _MICRO_TOKENS:
            yield micro
            micro = []
        micro.append(row)
    if micro:
        yield micro
