"""Common students: where they are, and the facts of their config.json, so that planning needs no
network.

Source: the config.json on the hub. What each must add up to is in the tests.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.planning.architecture import Architecture
from engine.planning.model_config import architecture_of
from engine.planning.names import UnknownName, matching


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A student of the catalogue. ``gated`` names the licence to accept on the hub first."""

    name: str
    hub_id: str
    config: Mapping[str, Any]
    gated: str = ""

    @property
    def architecture(self) -> Architecture:
        return architecture_of(self.config, self.name)


_SIZES = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
    "max_position_embeddings",
)


def _config(model_type: str, *sizes: int, tied: bool, **more: int) -> Mapping[str, Any]:
    named = dict(zip(_SIZES, sizes, strict=True))
    return {"model_type": model_type, **named, "tie_word_embeddings": tied, **more}


def _qwen2(*sizes: int, vocabulary: int = 151936, tied: bool = True) -> Mapping[str, Any]:
    return _config("qwen2", *sizes, vocabulary, 32768, tied=tied)


def _qwen3(*sizes: int, tied: bool = True) -> Mapping[str, Any]:
    return _config("qwen3", *sizes, 151936, 40960, tied=tied, head_dim=128)


def _llama3(*sizes: int, tied: bool = True) -> Mapping[str, Any]:
    return _config("llama", *sizes, 128256, 131072, tied=tied)


def _smollm2(*sizes: int) -> Mapping[str, Any]:
    return _config("llama", *sizes, 49152, 8192, tied=True)


def _gemma2(*sizes: int) -> Mapping[str, Any]:
    return _config("gemma2", *sizes, 256000, 8192, tied=True, head_dim=256, sliding_window=4096)


def _gemma3(*sizes: int, window: int) -> Mapping[str, Any]:
    return _config("gemma3_text", *sizes, tied=True, head_dim=256, sliding_window=window)


def _phi3(*sizes: int, tied: bool) -> Mapping[str, Any]:
    return _config("phi3", *sizes, 131072, tied=tied, sliding_window=262144)


_LLAMA_31, _LLAMA_32 = "Llama 3.1 Community License", "Llama 3.2 Community License"
_GEMMA = "Gemma Terms of Use"

# hidden, feed-forward, layers, heads, key and value heads (, vocabulary, context)
MODELS: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        "SmolLM2 135M", "HuggingFaceTB/SmolLM2-135M-Instruct", _smollm2(576, 1536, 30, 9, 3)
    ),
    CatalogueModel(
        "SmolLM2 360M", "HuggingFaceTB/SmolLM2-360M-Instruct", _smollm2(960, 2560, 32, 15, 5)
    ),
    CatalogueModel(
        "SmolLM2 1.7B", "HuggingFaceTB/SmolLM2-1.7B-Instruct", _smollm2(2048, 8192, 24, 32, 32)
    ),
    CatalogueModel(
        "SmolLM3 3B",
        "HuggingFaceTB/SmolLM3-3B",
        _config("smollm3", 2048, 11008, 36, 16, 4, 128256, 65536, tied=True),
    ),
    CatalogueModel("Qwen2.5 0.5B", "Qwen/Qwen2.5-0.5B-Instruct", _qwen2(896, 4864, 24, 14, 2)),
    CatalogueModel("Qwen2.5 1.5B", "Qwen/Qwen2.5-1.5B-Instruct", _qwen2(1536, 8960, 28, 12, 2)),
    CatalogueModel("Qwen2.5 3B", "Qwen/Qwen2.5-3B-Instruct", _qwen2(2048, 11008, 36, 16, 2)),
    CatalogueModel(
        "Qwen2.5 7B",
        "Qwen/Qwen2.5-7B-Instruct",
        _qwen2(3584, 18944, 28, 28, 4, vocabulary=152064, tied=False),
    ),
    CatalogueModel("Qwen3 0.6B", "Qwen/Qwen3-0.6B", _qwen3(1024, 3072, 28, 16, 8)),
    CatalogueModel("Qwen3 1.7B", "Qwen/Qwen3-1.7B", _qwen3(2048, 6144, 28, 16, 8)),
    CatalogueModel("Qwen3 4B", "Qwen/Qwen3-4B", _qwen3(2560, 9728, 36, 32, 8)),
    CatalogueModel("Qwen3 8B", "Qwen/Qwen3-8B", _qwen3(4096, 12288, 36, 32, 8, tied=False)),
    CatalogueModel(
        "Llama 3.2 1B",
        "meta-llama/Llama-3.2-1B-Instruct",
        _llama3(2048, 8192, 16, 32, 8),
        _LLAMA_32,
    ),
    CatalogueModel(
        "Llama 3.2 3B",
        "meta-llama/Llama-3.2-3B-Instruct",
        _llama3(3072, 8192, 28, 24, 8),
        _LLAMA_32,
    ),
    CatalogueModel(
        "Llama 3.1 8B",
        "meta-llama/Llama-3.1-8B-Instruct",
        _llama3(4096, 14336, 32, 32, 8, tied=False),
        _LLAMA_31,
    ),
    CatalogueModel("Gemma 2 2B", "google/gemma-2-2b-it", _gemma2(2304, 9216, 26, 8, 4), _GEMMA),
    CatalogueModel("Gemma 2 9B", "google/gemma-2-9b-it", _gemma2(3584, 14336, 42, 16, 8), _GEMMA),
    CatalogueModel(
        "Gemma 3 1B",
        "google/gemma-3-1b-it",
        _gemma3(1152, 6912, 26, 4, 1, 262144, 32768, window=512),
        _GEMMA,
    ),
    CatalogueModel(
        "Gemma 3 4B",
        "google/gemma-3-4b-it",
        _gemma3(2560, 10240, 34, 8, 4, 262208, 131072, window=1024),
        _GEMMA,
    ),
    CatalogueModel(
        "Phi-3.5 mini",
        "microsoft/Phi-3.5-mini-instruct",
        _phi3(3072, 8192, 32, 32, 32, 32064, tied=False),
    ),
    CatalogueModel(
        "Phi-4 mini",
        "microsoft/Phi-4-mini-instruct",
        _phi3(3072, 8192, 32, 24, 8, 200064, tied=True),
    ),
)


def find_model(said: str) -> CatalogueModel | None:
    """Return the catalogue's model that a person means, or None if it has none by that name.

    Raises:
        UnknownName: several could be meant.
    """
    for model in MODELS:
        if said.lower() == model.hub_id.lower():
            return model
    found = matching(said, [model.name for model in MODELS])
    if len(found) > 1:
        raise UnknownName(
            f"{said!r} could be {', '.join(found)}. Name one of them.",
            "Several models by that name",
            found,
        )
    return next((model for model in MODELS if [model.name] == found), None)


def near_models(said: str) -> list[str]:
    """Names of the catalogue that resemble what a person wrote."""
    names = {model.name.lower(): model.name for model in MODELS}
    return [names[name] for name in difflib.get_close_matches(said.lower(), names, cutoff=0.5)]
