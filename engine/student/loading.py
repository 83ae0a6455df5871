"""Loading a student: a causal language model with its tokenizer, ready to be trained.

Of a model in 4 bits nothing but the adapter is fp32. peft's `prepare_model_for_kbit_training`
would make embeddings, norms and head fp32 as well, which costs 2 GB with a model of 8 billion
parameters and gains nothing: autocast calculates in fp32 what has to be.
"""

from __future__ import annotations

import pickle
from typing import Any, cast

import torch
from bitsandbytes.nn.modules import Linear4bit
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student.device import calculates_in_bf16, choose_device
from engine.student.head import find_head
from engine.student.model import Student
from engine.student.text_format import TextFormat
from engine.student_choices import without_autos
from engine.student_place import Place, find_student

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_UNLOADABLE = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    ImportError,
    SafetensorError,
    pickle.UnpicklingError,
)
"""What transformers and peft raise for models that they cannot load."""


def load_student(settings: StudentSettings, task: str, seed: int = 0) -> Student:
    """Load the student that training starts from, ready to be trained for the task.

    ``seed`` is that of a new adapter's weights: a run that is taken up begins with the same.

    Raises:
        StudentError: there is no such model, or it is not one that can be trained here.
    """
    place = find_student(settings, task)
    device = choose_device(settings.device)
    settings = without_autos(
        settings, on_accelerator=device.type != "cpu", has_bf16=calculates_in_bf16(device)
    )
    if settings.threads:
        torch.set_num_threads(settings.threads)
    tokenizer = _load_tokenizer(place)
    model = load_model(place.model, settings, device)
    form = TextFormat(tokenizer, settings.prompting, _other_ends(model))
    _check_vocabulary(place.model, model, tokenizer)
    head = find_head(model)
    dtype = _DTYPES[settings.precision]
    if settings.adapter == "full":
        return Student(model, form, head, dtype)
    model.requires_grad_(False)
    torch.manual_seed(seed)
    adapted = take_up_adapter(place, model) if place.adapter else _with_adapter(model, settings)
    return Student(adapted, form, head, dtype)


def load_model(name: str, settings: StudentSettings, device: torch.device) -> PreTrainedModel:
    """Load a model without adapter; ``settings`` have no ``auto`` but the device's.

    Raises:
        StudentError: it cannot be loaded.
    """
    dtype = _DTYPES[settings.precision]
    wanted: dict[str, Any] = {"dtype": dtype}
    if settings.quantisation == "nf4":
        wanted["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
        wanted["device_map"] = {"": device}
    elif settings.adapter == "full":
        # Updates are smaller than what half precision can tell apart.
        wanted["dtype"] = torch.float32
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            name, use_safetensors=True, output_loading_info=True, **wanted
        )
    except _UNLOADABLE as error:
        raise StudentError(f"{name}: {error}", "The student cannot be loaded") from error
    model, report = cast(tuple[PreTrainedModel, dict[str, Any]], loaded)
    if missing := sorted(report["missing_keys"]):
        # transformers would make them up.
        raise StudentError(
            f"{name}: {len(missing)} weights are missing, {missing[0]} among them.",
            "The student cannot be loaded",
        )
    if settings.quantisation == "nf4":
        _keep_as_quantised(model)
    else:
        model.to(device)  # type: ignore[arg-type]  # its stub lost the argument
    return model


def _keep_as_quantised(model: PreTrainedModel) -> None:
    """Forbid bitsandbytes to repack the weights when the student is sampled from on a CPU.

    Repacked weights are rounded anew, so that what is trained is not what was sampled from, and
    no gradient passes through them any more, without a word.
    """
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def _load_tokenizer(place: Place) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(place.tokenizer)
    except _UNLOADABLE as error:
        raise StudentError(
            f"{place.tokenizer}: {error}", "The student's tokenizer cannot be loaded"
        ) from error
    return cast(PreTrainedTokenizerBase, tokenizer)


def _other_ends(model: PreTrainedModel) -> list[int]:
    """Return the ids that end a text by the model's own account."""
    configured = getattr(model.generation_config, "eos_token_id", None)
    if configured is None:
        return []
    return list(configured) if isinstance(configured, list | tuple) else [int(configured)]


def _check_vocabulary(
    name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    rows = cast(torch.Tensor, model.get_input_embeddings().weight).shape[0]
    if len(tokenizer) > rows:
        raise StudentError(
            f"{name}: its tokenizer has {len(tokenizer):,} tokens, the model {rows:,}. The "
            "tokenizer is another model's, or tokens were added to it without the model.",
            "Tokenizer and model do not belong together",
        )


def _with_adapter(model: PreTrainedModel, settings: StudentSettings) -> PeftModel:
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


def take_up_adapter(place: Place, model: PreTrainedModel) -> PeftModel:
    """Put the adapter of a place onto its model, to be trained further. Raises StudentError."""
    folder = place.adapter
    assert folder is not None
    try:
        adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    except _UNLOADABLE as error:
        raise StudentError(
            f"{folder}: it does not fit {place.model}: {error}",
            "The adapter is another model's",
        ) from error
    return adapted
