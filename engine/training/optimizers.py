"""The optimizers: AdamW with its state in 32 or in 8 bits, and what fp16 needs beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from bitsandbytes.optim.adamw import AdamW8bit, PagedAdamW8bit

from engine.errors import StudentError
from engine.settings import TrainSettings
from engine.student_choices import Optimizer, which_optimizer

_KINDS: dict[Optimizer, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adamw_8bit": AdamW8bit,
    "paged_adamw_8bit": PagedAdamW8bit,
}

_FIRST_SCALE = 2.0**16
_GROWS_AFTER = 200


def choose_optimizer(settings: TrainSettings, device: torch.device) -> Optimizer:
    """Return what ``auto`` comes to there, or the one asked for.

    Raises:
        StudentError: it does not run there.
    """
    if settings.optimizer == "paged_adamw_8bit" and device.type != "cuda":
        raise StudentError(
            f'train.optimizer is "paged_adamw_8bit", which needs CUDA; the student runs on '
            f'{device.type}. Choose "adamw_8bit" or "adamw".',
            "The optimizer does not run here",
        )
    on_cuda = device.type == "cuda"
    total = torch.cuda.get_device_properties(device).total_memory if on_cuda else None
    return which_optimizer(settings.optimizer, total)


def make_optimizer(
    weights: Iterable[torch.Tensor], settings: TrainSettings, device: torch.device
) -> torch.optim.Optimizer:
    """Return AdamW over the weights; vectors (norms, biases) do not decay. Raises StudentError."""
    given = list(weights)
    groups: list[dict[str, Any]] = [
        {"params": [w for w in given if w.ndim > 1]},
        {"params": [w for w in given if w.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    made = _KINDS[choose_optimizer(settings, device)]
    return made(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)


class LossScale:
    """A factor on the loss that keeps the gradients of fp16 from vanishing.

    Halved when a gradient overflows, after which the step is done again, and doubled after
    enough steps in which none did. Steps that calculate in another format have a factor of 1.
    """

    def __init__(self, needed: bool) -> None:
        self.value = _FIRST_SCALE if needed else 1.0
        self._good_steps = 0

    def state(self) -> dict[str, float]:
        return {"value": self.value, "good_steps": self._good_steps}

    def restore(self, state: dict[str, float]) -> None:
        self.value, self._good_steps = state["value"], int(state["good_steps"])

    def overflowed(self, norm: float) -> bool:
        """Take note of a step's gradient norm; True if the step is to be done again."""
        if math.isfinite(norm) or self.value <= 1:
            self._good_steps += 1
            if self._good_steps >= _GROWS_AFTER and 1 < self.value < _FIRST_SCALE:
                self.value *= 2
                self._good_steps = 0
            return False
        self.value /= 2
        self._good_steps = 0
        return True
