"""Which rows make up which optimizer step, and at which learning rate."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from engine.settings import TrainSettings
from engine.training.batching import by_budget
from engine.training.encoding import Encoded


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One optimizer step: which examples, and where in the epochs it ends."""

    rows: tuple[int, ...]
    epoch: float


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
