"""What ``auto`` in the settings comes to on a machine, told without torch."""

from __future__ import annotations

from typing import Literal

from engine.settings import StudentSettings
from engine.student_place import EMBEDDED

Optimizer = Literal["adamw", "adamw_8bit", "paged_adamw_8bit"]

MICRO_TOKENS, MICRO_TOKENS_ON_CPU = 4096, 1024
"""Tokens that go through the model at once where the settings leave it open.

A CPU is faster with activations that its caches hold: by a third, for models of 1 and of 70
million parameters.
"""

_SMALL_CARD_BYTES = 9 * 2**30
"""Cards that are sold as having 8 GB, and smaller ones."""


def without_autos(
    settings: StudentSettings, *, on_accelerator: bool, has_bf16: bool
) -> StudentSettings:
    """Return the settings with adapter, quantisation and precision decided.

    An embedded student is small enough for all of it to be trained in fp32. Any other gets what
    fits on one consumer card: a LoRA adapter on 4-bit weights. The device stays as it is.
    """
    embedded = settings.path == EMBEDDED
    adapter, quantisation, precision = settings.adapter, settings.quantisation, settings.precision
    if adapter == "auto":
        adapter = "full" if embedded and quantisation != "nf4" else "lora"
    if quantisation == "auto":
        quantisation = "none" if embedded or adapter == "full" else "nf4"
    if precision == "auto":
        half: Literal["bf16", "fp16"] = "bf16" if has_bf16 else "fp16"
        precision = half if on_accelerator and not embedded else "fp32"
    return settings.model_copy(
        update={"adapter": adapter, "quantisation": quantisation, "precision": precision}
    )


def which_optimizer(
    wanted: Literal["auto", "adamw", "adamw_8bit", "paged_adamw_8bit"], card_bytes: int | None
) -> Optimizer:
    """Return the optimizer for a CUDA card of that memory, None for any other device.

    Where the state of an adapter's weights in 32 bits would be a burden, it has 8, and on small
    cards may move to RAM.
    """
    if wanted != "auto":
        return wanted
    if card_bytes is None:
        return "adamw"
    return "paged_adamw_8bit" if card_bytes < _SMALL_CARD_BYTES else "adamw_8bit"
