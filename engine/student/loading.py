"""Loading a student: a causal language model with its tokenizer, ready to be trained.

Of a model in 4 bits nothing but the adapter is fp32. peft's `prepare_model_for_kbit_training`
would make embeddings, norms and head fp32 as well, which costs 2 GB with a model of 8 billion
parameters and gains nothing: autocast calculates in fp32 what has to be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from bitsandbytes.nn.modules import Linear4bit
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from engine.errors import StudentError
from engine.known_architectures import TEXT_PARTS
from engine.settings import StudentSettings
from engine.student.adapter import UNLOADABLE, add_adapter, check_head_is_frozen, take_up
from engine.student.device import calculates_in_bf16, choose_device
from engine.student.evaluating import evaluating
from engine.student.head import find_head
from engine.student.model import Student
from engine.student.text_format import TextFormat
from engine.student_choices import without_autos
from engine.student_files import is_all_in_tokenizer_json
from engine.student_place import Place, fetch_student

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_CANNOT = "The student cannot be loaded"

_TEXT_WEIGHTS = {
    r"^language_model\.lm_head\.": "lm_head.",
    r"^(?:model\.language_model|language_model\.model)\.": "model.",
}
"""Names of the weights of a text part among those of images, and by itself."""


def load_student(settings: StudentSettings, task: str, seed: int = 0) -> Student:
    """Load the student that training starts from, ready to be trained for the task.

    ``seed`` is that of a new adapter's weights: a run that is taken up begins with the same.

    Raises:
        StudentError: there is no such model, or it is not one that can be trained here.
    """
    place = fetch_student(settings, task)
    device = choose_device(settings.device)
    settings = without_autos(
        settings, on_accelerator=device.type != "cpu", has_bf16=calculates_in_bf16(device)
    )
    if settings.threads:
        torch.set_num_threads(settings.threads)
    form = load_form(place, settings)
    model = load_model(place.model, settings, device)
    _check_vocabulary(place, model, form)
    _check_causal(place.name, model)
    head = find_head(model)
    dtype = _DTYPES[settings.precision]
    if settings.adapter == "full":
        return Student(model, form, head, dtype)
    model.requires_grad_(False)
    torch.manual_seed(seed)
    adapted = take_up(place, model) if place.adapter else add_adapter(model, settings)
    # An adapter says of which model it is, wherever this machine has that.
    adapted.peft_config["default"].base_model_name_or_path = place.name
    check_head_is_frozen(adapted, head)
    return Student(adapted, form, head, dtype)


def load_form(place: Place, settings: StudentSettings) -> TextFormat:
    """Load how texts become tokens, without the model.

    Raises:
        StudentError: it cannot be loaded, or is of no use.
    """
    # A tokenizer reads the model's configuration, too: what is wrong with that is told as such.
    ends = _other_ends(place.model, _read_config(place.model))
    return TextFormat(_load_tokenizer(place), settings.prompting, ends)


def load_model(name: str, settings: StudentSettings, device: torch.device) -> PreTrainedModel:
    """Load a model without adapter; ``settings`` have no ``auto`` but the device's.

    Raises:
        StudentError: it cannot be loaded.
    """
    dtype = _DTYPES[settings.precision]
    wanted: dict[str, Any] = {"dtype": dtype}
    config = _read_config(name)
    in_4_bits = getattr(config, "quantization_config", None) is not None
    if settings.quantisation == "nf4" and not in_4_bits:
        wanted["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
        in_4_bits = True
    if in_4_bits:
        wanted["device_map"] = {"": device}
    elif settings.adapter == "full":
        # Updates are smaller than what half precision can tell apart.
        wanted["dtype"] = torch.float32
    try:
        model, missing = _load_weights(name, config, wanted)
    except UNLOADABLE as error:
        raise StudentError(f"{name}: {error}", _CANNOT) from error
    if missing:
        # transformers would make them up.
        raise StudentError(
            f"{name}: {len(missing)} weights are missing, {missing[0]} among them.", _CANNOT
        )
    if in_4_bits:
        _keep_as_quantised(model, dtype)
    else:
        model.to(device)  # type: ignore[arg-type]  # its stub lost the argument
    return model


def _read_config(name: str) -> PreTrainedConfig:
    try:
        return cast(PreTrainedConfig, AutoConfig.from_pretrained(name))
    except UNLOADABLE as error:
        raise StudentError(f"{name}: {error}", _CANNOT) from error


def _load_weights(
    name: str, config: PreTrainedConfig, wanted: dict[str, Any]
) -> tuple[PreTrainedModel, list[str]]:
    """Load a model, or the text part of one that also sees images; tell which weights it lacks."""
    loads: type[Any] = AutoModelForCausalLM
    text = config.get_text_config()
    by_kind = cast(Mapping[type[Any], type[Any]], MODEL_FOR_CAUSAL_LM_MAPPING)
    if config.model_type in TEXT_PARTS:
        loads, wanted = by_kind[type(text)], {**wanted, "key_mapping": _TEXT_WEIGHTS}
        if (quantised := getattr(config, "quantization_config", None)) is not None:
            text.quantization_config = quantised
        config = text
    loaded = loads.from_pretrained(
        name, config=config, use_safetensors=True, output_loading_info=True, **wanted
    )
    model, report = cast(tuple[PreTrainedModel, dict[str, Any]], loaded)
    return model, sorted(report["missing_keys"])


def _keep_as_quantised(model: PreTrainedModel, dtype: torch.dtype) -> None:
    """Have 4-bit layers calculate in ``dtype``, whatever they were stored for; keep their weights.

    On a CPU bitsandbytes would repack them to sample from. Repacked weights are rounded anew, so
    that what is trained is not what was sampled from, and no gradient passes through them any
    more, without a word.
    """
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
            module.compute_dtype = dtype
            module.compute_type_is_set = True


def _load_tokenizer(place: Place) -> PreTrainedTokenizerBase:
    # For some kinds of models, such as Qwen2, AutoTokenizer takes the kind's own class even where
    # tokenizer.json is all there is to it, and splits texts otherwise than that says.
    as_it_is = is_all_in_tokenizer_json(Path(place.tokenizer))
    try:
        made = PreTrainedTokenizerFast if as_it_is else AutoTokenizer
        tokenizer = made.from_pretrained(place.tokenizer)
    except UNLOADABLE as error:
        raise StudentError(
            f"{place.tokenizer}: {error}", "The student's tokenizer cannot be loaded"
        ) from error
    return cast(PreTrainedTokenizerBase, tokenizer)


def _other_ends(name: str, config: PreTrainedConfig) -> list[int]:
    """Return the ids that end a text by the model's own account."""
    said: GenerationConfig | PreTrainedConfig = config.get_text_config()
    # Without the file, or with a damaged one, the model's configuration tells.
    with contextlib.suppress(*UNLOADABLE):
        said = GenerationConfig.from_pretrained(name)
    found = getattr(said, "eos_token_id", None)
    ends = found if isinstance(found, list) else [found]
    return [index for index in ends if type(index) is int]


def _check_vocabulary(place: Place, model: PreTrainedModel, form: TextFormat) -> None:
    """Check that the model knows each token that a text can have.

    Some tokenizers have a token more, for images, that no text is made of: Gemma 3's.
    """
    rows = _rows(model)
    beyond = {t for t in form.tokenizer.get_vocab().values() if t >= rows} - form.unused_ids
    if beyond:
        raise StudentError(
            f"{place.tokenizer}: its tokenizer has tokens up to {max(beyond):,}, the model "
            f"{place.name} has {rows:,} in all. The tokenizer is another model's, or tokens were "
            "added to it without the model.",
            "Tokenizer and model do not belong together",
        )


@torch.no_grad()
def _check_causal(name: str, model: PreTrainedModel) -> None:
    """Check that a model does not see what is still to come, as BERT and its like do."""
    with evaluating(model):
        ids = torch.arange(1, 9, device=model.device)[None] % _rows(model)
        first = model(input_ids=ids[:, :4], use_cache=False).logits.float()
        of_all = model(input_ids=ids, use_cache=False).logits[:, :4].float()
    # Half precision rounds otherwise in another shape; logits that are no numbers tell nothing.
    apart = float((first - of_all).nan_to_num().abs().max())
    if apart > 0.1 * float(of_all.nan_to_num().abs().max()):
        raise StudentError(
            f"{name}: {type(model).__name__} is no causal language model: what it makes of a text "
            "depends on what follows.",
            _CANNOT,
        )


def _rows(model: PreTrainedModel) -> int:
    """Return how many tokens a model knows."""
    return int(cast(torch.Tensor, model.get_input_embeddings().weight).shape[0])
