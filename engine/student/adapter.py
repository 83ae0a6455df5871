"""A student's LoRA adapter: a new one, or one that was trained before."""

from __future__ import annotations

import warnings
from typing import cast

from huggingface_hub.errors import StrictDataclassError
from peft import LoraConfig, PeftModel, TaskType, get_peft_model, get_peft_model_state_dict
from safetensors import SafetensorError
from torch import nn
from transformers import PreTrainedModel

from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student.head import LogitHead
from engine.student_place import Place
from engine.weight_files import weight_shapes

UNLOADABLE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    ImportError,
    SafetensorError,
    StrictDataclassError,
)
"""What transformers and peft raise for models that they cannot load; a configuration is read as it
is, so that whatever a wrong type leads to is among it."""


def add_adapter(model: PreTrainedModel, settings: StudentSettings) -> PeftModel:
    """Put a new adapter onto a frozen model.

    Raises:
        StudentError: ``student.lora_targets`` names no layers of the model.
    """
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        use_rslora=settings.lora_rs,
        target_modules=list(settings.lora_targets) or "all-linear",
        task_type=TaskType.CAUSAL_LM,
    )
    try:
        return cast(PeftModel, get_peft_model(model, config))
    except ValueError as error:
        raise StudentError(f"student.lora_targets: {error}", "The adapter fits nowhere") from error


def take_up(place: Place, model: PreTrainedModel) -> PeftModel:
    """Put the adapter of a place onto its model, to be trained further.

    Raises:
        StudentError: it is another model's.
    """
    folder = place.adapter
    assert folder is not None
    try:
        with warnings.catch_warnings():
            # What it would warn of is looked at below.
            warnings.simplefilter("ignore")
            adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    except UNLOADABLE as error:
        raise _not_its_own(place, str(error)) from error
    given = weight_shapes(folder, "adapter_model")
    wanted = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    if odd := sorted(given.keys() ^ wanted.keys()):
        raise _not_its_own(place, f"{len(odd)} layers are in one of both alone, as {odd[0]}")
    return adapted


def check_head_is_frozen(adapted: PeftModel, head: LogitHead) -> None:
    """Check that an adapter leaves the head alone, which the weighted loss knows as it was loaded.

    Raises:
        StudentError: it does not.
    """
    now = cast(PreTrainedModel, adapted.get_base_model()).get_output_embeddings()
    if type(now) is not nn.Linear or now.weight is not head.weight:
        raise StudentError(
            "student.lora_targets: an adapter in the head (lm_head) cannot be trained with the "
            "weighted loss. Leave it out.",
            "The adapter is in the head",
        )


def _not_its_own(place: Place, why: str) -> StudentError:
    return StudentError(
        f"{place.adapter}: this adapter does not fit {place.name}: {why}",
        "The adapter is another model's",
    )
