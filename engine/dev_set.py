"""The development questions during training: which weights did best, and when to stop.

What is found is part of the training's state, so that a training that is taken up decides as an
undisturbed one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from db.records import Item, Split
from engine.errors import RunFailed
from engine.rollout import roll_out
from engine.settings import TrainSettings
from engine.stage import RunContext
from engine.student.generation import chunks
from engine.training.encoding import Encoded, encode
from engine.training.schedule import StepPlan
from engine.training.trainer import Trainer
from engine.trajectory import prompt


@dataclass(frozen=True, slots=True)
class Looked:
    """The best look so far: ``value`` after ``step``, and how many looks have been worse since.

    ``step`` 0 is before any look. Higher values are better.
    """

    step: int = 0
    value: float = -math.inf
    worse: int = 0

    def after(self, step: int, value: float) -> Looked:
        """Return what is known after another look; a value as good as the best is no better."""
        if value > self.value:
            return Looked(step, value)
        return Looked(self.step, self.value, self.worse + 1)

    def state(self) -> dict[str, Any]:
        return asdict(self)


def looks(plans: Sequence[StepPlan], settings: TrainSettings) -> frozenset[int]:
    """Return the steps, from 1 on, after which the development questions are looked at."""
    if settings.select_by == "last":
        return frozenset()
    found, due = {len(plans)}, settings.dev_every
    for number, plan in enumerate(plans, 1):
        if plan.epoch >= due - 1e-9:
            found.add(number)
            due = (math.floor(plan.epoch / settings.dev_every + 1e-9) + 1) * settings.dev_every
    return frozenset(found)


class DevSet:
    """The development questions of a run, and what a student is worth by them."""

    def __init__(self, context: RunContext) -> None:
        """Raises RunFailed: there is nothing to look at."""
        self._context = context
        self._items = sorted(
            context.store.items(context.task.name, Split.DEV),
            key=lambda item: (len(item.question), item.id),
        )
        self._by = context.settings.train.select_by
        self._rows: list[Encoded] = []
        if self._by == "dev_loss":
            self._rows = [self._encoded(item) for item in self._items if item.rationale]
        if not (self._rows or (self._by == "dev_accuracy" and self._items)):
            raise RunFailed(
                f"train.select_by is {self._by!r}, but no development question can be used: there "
                f"are {len(self._items)}, and for dev_loss they need gold rationales. Raise "
                "task.dev_items in a new project, or set train.select_by to last.",
                "No development questions",
            )

    def look(self, trainer: Trainer) -> float:
        """Return what the student is worth now: its negative loss, or its share of right answers.

        Drawn random numbers are none of the training's: nothing here draws any.
        """
        pulse = self._context.control.pulse
        if self._rows:
            return -trainer.loss_of(self._rows, pulse)
        settings = self._context.settings.evaluate
        sampler = self._context.sampler(temperature=0.0)
        right = 0
        for chunk in chunks(self._items, settings.batch_size):
            rollouts = roll_out(
                sampler,
                [item.question for item in chunk],
                [0] * len(chunk),
                self._context.task.hint,
                max_updates=settings.max_updates,
                max_attempt_tokens=settings.max_attempt_tokens,
            )
            right += sum(
                self._is_right(item, rollout.trajectory.last.text)
                for item, rollout in zip(chunk, rollouts, strict=True)
            )
        return right / len(self._items)

    def told(self, value: float) -> str:
        """Return a value in words."""
        if self._rows:
            return f"loss {-value:.4f} on {len(self._rows)} gold rationales"
        return f"{value:.1%} of {len(self._items)} development questions right"

    def _encoded(self, item: Item) -> Encoded:
        task = self._context.task
        segments = ((prompt(item.question, task.hint), 0.0), (item.rationale, 1.0))
        return encode(self._context.student.form, segments)

    def _is_right(self, item: Item, said: str) -> bool:
        self._context.control.pulse()
        task = self._context.task
        answer = task.answer_flexible(said)
        return task.is_right(answer, item.answer, question=item.question, attempt=said)
