"""Tiny models of the real classes: random weights, the embedded student's tokenizer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tiny_students import arithmetic_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

_COMMON = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
}

ARCHITECTURES: Mapping[str, Mapping[str, Any]] = {
    "llama": {"tie_word_embeddings": False},
    "llama tied": {"model_type": "llama", "tie_word_embeddings": True},
    "qwen2": {"tie_word_embeddings": True},
    "qwen3": {"tie_word_embeddings": True},
    "gemma2": {"sliding_window": 32, "query_pre_attn_scalar": 16},
    "gemma3_text": {"sliding_window": 32, "query_pre_attn_scalar": 16, "num_hidden_layers": 6},
    "phi3": {"tie_word_embeddings": False},
    "phi3 longrope": {
        "model_type": "phi3",
        "original_max_position_embeddings": 256,
        "rope_parameters": {
            "rope_type": "longrope",
            "rope_theta": 10000.0,
            "original_max_position_embeddings": 256,
            "short_factor": [1.0] * 8,
            "long_factor": [2.0] * 8,
            "partial_rotary_factor": 1.0,
        },
    },
    "phi": {"tie_word_embeddings": False},
    "smollm3": {"tie_word_embeddings": True, "num_hidden_layers": 4},
    "granite": {"logits_scaling": 4.0, "embedding_multiplier": 6.0, "tie_word_embeddings": True},
    "mistral": {"sliding_window": None},
    "olmo2": {},
    "cohere": {"logit_scale": 0.25},
    "gemma4_text": {"sliding_window": 32},
    "qwen3_5_text": {
        "num_hidden_layers": 4,
        "layer_types": ["linear_attention"] * 3 + ["full_attention"],
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 16,
    },
    "lfm2": {"num_hidden_layers": 4, "layer_types": ["conv", "full_attention"] * 2},
}
"""What each architecture is called, and what differs from the common sizes."""

MIX_PACKED_ROWS = ("qwen3_5_text", "lfm2")
"""Architectures with layers that carry on from one row to the next whatever the positions say."""

OTHERS: Mapping[str, Mapping[str, Any]] = {
    "gpt2": {"tie_word_embeddings": True},
    "llama wide": {"model_type": "llama", "hidden_size": 128, "tie_word_embeddings": False},
}
"""Of no interest but for the shapes and names of their weights."""


def tiny_model(name: str, seed: int = 0) -> PreTrainedModel:
    """A model of the real class whose logits are uneven enough to be worth comparing."""
    values = dict({**ARCHITECTURES, **OTHERS}[name])
    kind = values.pop("model_type", name)
    config = AutoConfig.for_model(
        kind, **{**_COMMON, "vocab_size": len(arithmetic_tokenizer()), **values}
    )
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
            else:
                parameter.add_(torch.rand_like(parameter) / 4)
    return model


def save_tiny(name: str, folder: Path, seed: int = 0) -> Path:
    """A folder with such a model and its tokenizer."""
    tiny_model(name, seed).save_pretrained(str(folder))
    arithmetic_tokenizer().save_pretrained(str(folder))
    return folder
