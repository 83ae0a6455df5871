"""The files of a model or an adapter, looked at without loading any of it.

What is told here would otherwise fail after minutes of loading, or in the middle of it, or run
code that came with the files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import StudentError

_CANNOT = "The student cannot be loaded"
_LONGEST_HEADER_BYTES = 100_000_000
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_GENERIC_TOKENIZERS = ("PreTrainedTokenizerFast", "TokenizersBackend")
_CAUSAL = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
_OF_A_LAYER = (".lora_A.weight", ".lora_B.weight")


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """An adapter's folder: ``base`` is the folder or hub id of its model, as it says itself."""

    folder: Path
    base: str


def check_model_folder(folder: Path) -> None:
    """Check that a folder holds a causal language model that can be loaded and trained.

    Raises StudentError, which says what is wrong and what to do.
    """
    config = _json(folder / "config.json")
    names = [n for n in config.get("architectures") or () if isinstance(n, str)]
    causal = any(name.endswith(_CAUSAL) for name in names) if names else True
    if config.get("is_encoder_decoder") is True or not causal:
        what = ", ".join(names) or str(config.get("model_type"))
        raise StudentError(
            f"{folder}: {what} is no causal language model: it does not continue texts. "
            "Choose one such as Qwen, Llama, Gemma, SmolLM or Phi.",
            _CANNOT,
        )
    if isinstance(quantised := config.get("quantization_config"), dict):
        method = quantised.get("quant_method", "unknown")
        if method != "bitsandbytes":
            raise StudentError(
                f"{folder}: its weights are quantised already ({method}), which cannot be trained "
                "here. Choose the model as it was published before that.",
                _CANNOT,
            )
    _check_weights(folder, "model")


def _check_weights(folder: Path, stem: str) -> None:
    """Check that the weights are there as safetensors, all of them."""
    if (folder / f"{stem}.safetensors").is_file():
        return
    index = folder / f"{stem}.safetensors.index.json"
    if index.is_file():
        shards = _json(index).get("weight_map")
        names = set(shards.values()) if isinstance(shards, dict) else {"weight_map"}
        missing = sorted(str(name) for name in names if not (folder / str(name)).is_file())
        if missing:
            raise StudentError(
                f"{folder}: {len(missing)} of {len(names)} files of weights are missing, "
                f"{missing[0]} among them. Fetch the model again.",
                _CANNOT,
            )
        return
    if pickles := sorted(path.name for path in folder.glob("*.bin") if "model" in path.name):
        raise StudentError(
            f"{folder}: its weights are a pickle ({pickles[0]}), and loading one can run any code "
            "that was put into it. Choose a copy with safetensors; for one that you trust, "
            "transformers' save_pretrained makes them.",
            "The student is a pickle",
        )
    others = sorted(path.name for path in folder.glob("*.gguf"))
    hint = f" A GGUF file such as {others[0]} cannot be trained." if others else ""
    raise StudentError(f"{folder}: there is no {stem}.safetensors.{hint}", _CANNOT)


def has_tokenizer(folder: Path) -> bool:
    """Tell whether a folder has the files of a tokenizer."""
    return any((folder / name).is_file() for name in _TOKENIZER_FILES)


def check_tokenizer_folder(folder: Path) -> None:
    """Check that there is a tokenizer, and that it has an end of text as far as can be seen.

    Raises:
        StudentError: there is none.
    """
    if not has_tokenizer(folder):
        raise StudentError(
            f"{folder}: there is no tokenizer: none of {', '.join(_TOKENIZER_FILES)}. Copy these "
            "files from where the model comes from.",
            "The student has no tokenizer",
        )
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return
    said = _json(path)
    special = folder / "special_tokens_map.json"
    more = _json(special) if special.is_file() else {}
    generic = said.get("tokenizer_class") in _GENERIC_TOKENIZERS
    silent = "eos_token" in said or generic
    if silent and not said.get("eos_token") and not more.get("eos_token"):
        raise StudentError(
            f"{path}: there is no eos_token, so that the student could never learn to stop. Name "
            "the token that ends its texts.",
            "The tokenizer has no end of text",
        )


def read_adapter(folder: Path) -> AdapterFiles:
    """Read what an adapter says of itself. Raises StudentError."""
    path = folder / "adapter_config.json"
    config = _json(path)
    if (kind := config.get("peft_type")) != "LORA":
        raise StudentError(f"{path}: peft_type is {kind!r}; only LORA can be trained on.", _CANNOT)
    base = config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise StudentError(
            f"{path}: base_model_name_or_path is missing: it does not say of which model it is.",
            _CANNOT,
        )
    _check_weights(folder, "adapter_model")
    return AdapterFiles(folder, base)


def check_adapter_fits(folder: Path, base: Path) -> None:
    """Check an adapter's shapes against the model that it names. Raises StudentError."""
    model = weight_shapes(base)
    found = 0
    for name, shape in weight_shapes(folder, "adapter_model").items():
        end = next((end for end in _OF_A_LAYER if name.endswith(end)), None)
        if end is None or len(shape) != 2:
            continue
        weight = f"{name.removeprefix('base_model.model.').removesuffix(end)}.weight"
        layer = model.get(weight)
        # The other side is the rank. Some models keep their layers transposed.
        side = shape[1] if end == _OF_A_LAYER[0] else shape[0]
        if layer is None:
            problem = f"it has no {weight}"
        elif side not in layer:
            problem = f"its {weight} is {' x '.join(map(str, layer))}, the adapter's {side}"
        else:
            found += 1
            continue
        if found or layer is not None:
            raise StudentError(
                f"{folder}: this adapter does not fit {base}: {problem}. It was trained on another "
                "model; its adapter_config.json names the one that it wants.",
                "The adapter is another model's",
            )


def weight_shapes(folder: Path, stem: str = "model") -> dict[str, tuple[int, ...]]:
    """Read names and shapes of all weights from the headers of safetensors files.

    Raises:
        StudentError: a file is damaged.
    """
    index = folder / f"{stem}.safetensors.index.json"
    names = {f"{stem}.safetensors"}
    if index.is_file():
        names = set(_json(index)["weight_map"].values())
    shapes: dict[str, tuple[int, ...]] = {}
    for name in sorted(names):
        header = _header(folder / name)
        shapes |= {
            key: tuple(entry["shape"])
            for key, entry in header.items()
            if isinstance(entry, dict) and isinstance(entry.get("shape"), list)
        }
    return shapes


def _header(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > _LONGEST_HEADER_BYTES:
                raise ValueError(f"a header of {size:,} bytes")
            header = json.loads(file.read(size))
    except (OSError, ValueError, RecursionError) as error:
        raise StudentError(f"{path}: {error}", "A file of weights is damaged") from error
    return header if isinstance(header, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise StudentError(f"{path}: {error}", _CANNOT) from error
    if not isinstance(found, dict):
        raise StudentError(f"{path}: this is no JSON object.", _CANNOT)
    return found
