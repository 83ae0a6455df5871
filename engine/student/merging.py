"""A LoRA adapter and its model as one model, for programs that know no adapters."""

from __future__ import annotations

from typing import cast

import torch
from transformers import PreTrainedModel

from engine.settings import StudentSettings
from engine.student.adapter import take_up
from engine.student.loading import load_model
from engine.student_place import Place


def merged(place: Place, precision: str) -> PreTrainedModel:
    """Return the model of a place with the place's adapter added to its weights, on the CPU.

    The model is read anew in ``precision``, not in 4 bits: what is added to 4-bit weights would be
    rounded away. An adapter that was trained on 4-bit weights was fitted to their rounding, so that
    the merged model differs from it by about as much as NF4 does from the model.

    Raises:
        StudentError: model or adapter cannot be loaded.
    """
    settings = StudentSettings.model_validate(
        {"adapter": "lora", "quantisation": "none", "precision": precision}
    )
    model = load_model(place.model, settings, torch.device("cpu"))
    if place.adapter is None:
        return model
    return cast(PreTrainedModel, take_up(place, model).merge_and_unload())
