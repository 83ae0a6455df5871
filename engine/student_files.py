"""The files of a model, looked at without loading any of it.

What is told here would otherwise fail after minutes of loading, or in the middle of it, or run
code that came with the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import StudentError
from engine.known_architectures import TEXT_PARTS, causal_models
from engine.weight_files import FilesMissing, check_weights, read_json

_CANNOT = "The student cannot be loaded"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_GENERIC_TOKENIZERS = ("PreTrainedTokenizerFast", "TokenizersBackend")
_CAUSAL = ("ForCausalLM", "LMHeadModel")
_CHOOSE = "Choose one such as Qwen, Llama, Gemma, SmolLM or Phi."


def check_model_folder(folder: Path, adapter: str = "auto") -> None:
    """Check that a folder holds a causal language model that can be loaded and trained.

    ``adapter`` is the setting ``student.adapter``.

    Raises:
        FilesMissing: weights are not there.
        StudentError: it holds none; the message says what is wrong and what to do.
    """
    config = read_json(folder / "config.json")
    check_config(config, str(folder))
    check_weights(folder)
    if adapter == "full" and is_quantised(config):
        raise StudentError(
            f'{folder}: its weights are in 4 bits, and student.adapter is "full". Set it to '
            '"lora", or choose the model as it was published before it was quantised.',
            _CANNOT,
        )


def check_config(config: Mapping[str, Any], where: str) -> None:
    """Check by its configuration that a model is a causal one that can be trained here.

    ``where`` is where the model is, for people.

    Raises:
        StudentError: it is not.
    """
    kind, names = config.get("model_type"), config.get("architectures") or []
    if not isinstance(kind, str) or not kind:
        raise StudentError(f"{where}: its config.json has no model_type.", _CANNOT)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StudentError(f"{where}: architectures in its config.json is no list.", _CANNOT)
    known = causal_models()
    if known and kind not in TEXT_PARTS:
        if kind not in known:
            raise _unknown(config, where, kind, names)
        ours = known[kind]
        causal = any(name == ours or name.endswith(_CAUSAL) for name in names or [ours])
        if config.get("is_encoder_decoder") is True or not causal:
            raise _not_causal(where, ", ".join(names) or kind)
        if ours.endswith("ForConditionalGeneration"):
            raise _sees_images(where, kind)
    _check_quantisation(config, where)


def _unknown(config: Mapping[str, Any], where: str, kind: str, names: list[str]) -> StudentError:
    """Say why transformers has no causal model of a kind."""
    if config.get("auto_map"):
        return StudentError(
            f"{where}: {kind} comes with Python code of its own (auto_map in config.json), which "
            f"is never run here: it could do anything. {_CHOOSE}",
            "The student needs its own code",
        )
    if "vision_config" in config:
        return _sees_images(where, kind)
    if config.get("is_encoder_decoder") is True or not any(n.endswith(_CAUSAL) for n in names):
        return _not_causal(where, ", ".join(names) or kind)
    return StudentError(
        f"{where}: the installed transformers has no {kind}. A newer one may: "
        f"pip install -U transformers. {_CHOOSE}",
        _CANNOT,
    )


def _not_causal(where: str, what: str) -> StudentError:
    return StudentError(
        f"{where}: {what} is no causal language model: it does not continue texts. {_CHOOSE}",
        _CANNOT,
    )


def _sees_images(where: str, kind: str) -> StudentError:
    return StudentError(
        f"{where}: {kind} also sees images or hears, and its text part cannot be loaded by itself. "
        f"Choose a model for text alone, or one of {', '.join(sorted(TEXT_PARTS))}.",
        _CANNOT,
    )


def _check_quantisation(config: Mapping[str, Any], where: str) -> None:
    quantised = config.get("quantization_config")
    if quantised is None or is_quantised(config):
        return
    method = quantised.get("quant_method") if isinstance(quantised, dict) else None
    what = "bitsandbytes, 8 bits" if method == "bitsandbytes" else str(method or "unknown")[:40]
    raise StudentError(
        f"{where}: its weights are quantised already ({what}), which cannot be trained here. "
        "Choose the model as it was published before that.",
        _CANNOT,
    )


def is_quantised(config: Mapping[str, Any]) -> bool:
    """Tell whether weights are stored in the 4 bits of bitsandbytes, which can be trained on."""
    quantised = config.get("quantization_config")
    if not isinstance(quantised, dict):
        return False
    in_4_bits = quantised.get("load_in_4bit", quantised.get("_load_in_4bit"))
    return quantised.get("quant_method") == "bitsandbytes" and in_4_bits is True


def has_tokenizer(folder: Path) -> bool:
    """Tell whether a folder has the files of a tokenizer."""
    return any((folder / name).is_file() for name in _TOKENIZER_FILES)


def is_all_in_tokenizer_json(folder: Path) -> bool:
    """Tell whether a folder's tokenizer says that it is what its tokenizer.json describes.

    Raises:
        StudentError: its tokenizer_config.json cannot be read.
    """
    path = folder / "tokenizer_config.json"
    if not (path.is_file() and (folder / "tokenizer.json").is_file()):
        return False
    return read_json(path).get("tokenizer_class") in _GENERIC_TOKENIZERS


def check_tokenizer_folder(folder: Path) -> None:
    """Check that there is a tokenizer, and that it has an end of text as far as can be seen.

    Raises:
        FilesMissing: there is none.
        StudentError: it has no end of text.
    """
    if not has_tokenizer(folder):
        raise FilesMissing(
            f"{folder}: there is no tokenizer: none of {', '.join(_TOKENIZER_FILES)}. Copy these "
            "files from where the model comes from.",
            "The student has no tokenizer",
        )
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return
    said = read_json(path)
    special = folder / "special_tokens_map.json"
    more = read_json(special) if special.is_file() else {}
    # Other classes have an end of text of their own, where the files name none.
    generic = said.get("tokenizer_class") in _GENERIC_TOKENIZERS
    silent = "eos_token" in said or generic
    if silent and not said.get("eos_token") and not more.get("eos_token"):
        raise StudentError(
            f"{path}: there is no eos_token, so that the student could never learn to stop. Name "
            "the token that ends its texts.",
            "The tokenizer has no end of text",
        )
