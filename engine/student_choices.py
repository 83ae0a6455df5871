"""What ``auto`` in a student's settings comes to, told without torch."""

from __future__ import annotations

from typing import Literal

from engine.settings import StudentSettings
from engine.student_place import EMBEDDED


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
