"""Architectures small enough to be built, and the real classes of large ones, without weights."""

from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from engine.planning.architecture import Architecture
from engine.planning.model_config import architecture_of

_TINY = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
TINY: Mapping[str, Mapping[str, Any]] = {
    "llama": {**_TINY, "attention_bias": True, "mlp_bias": True},
    "granite": {**_TINY, "attention_bias": True},
    "mistral": {**_TINY, "sliding_window": 16},
    "qwen2": {**_TINY, "use_sliding_window": True, "sliding_window": 16, "max_window_layers": 2},
    "qwen3": {**_TINY, "attention_bias": True, "head_dim": 24},
    "phi3": {**_TINY, "tie_word_embeddings": True},
    "smollm3": {**_TINY, "mlp_bias": True},
    "olmo2": _TINY,
    "gemma2": {**_TINY, "head_dim": 24, "sliding_window": 16},
    "gemma3_text": {**_TINY, "head_dim": 24, "sliding_window": 16},
}


def tiny(model_type: str, **more: object) -> dict[str, Any]:
    """A config.json of a family, as transformers writes it."""
    config = AutoConfig.for_model(model_type, **{**TINY[model_type], **more})
    return {**config.to_dict(), "model_type": model_type}


def architecture(model_type: str, **more: object) -> Architecture:
    return architecture_of(tiny(model_type, **more), model_type)


def without_weights(config: Mapping[str, Any]) -> PreTrainedModel:
    """The class that transformers makes of a config.json, with shapes and nothing in them."""
    values = {name: value for name, value in config.items() if name != "model_type"}
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(
            AutoConfig.for_model(config["model_type"], **values)
        )
