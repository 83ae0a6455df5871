"""What distinguishes the families of models that are planned exactly.

Source: the model classes of transformers, against which the tests count. ``defaults`` are those of
their configuration classes, which a config.json may leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Family:
    """How the decoder layers of a ``model_type`` are built.

    ``fused``: queries, keys and values are one linear layer, and so are gate and up.
    ``layer_norms`` are of the hidden width; ``head_norms`` are on queries and keys, of each head or
    of all together.
    ``windows``: which layers see a sliding window, where config.json does not list them.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    fused: bool = False
    attention_bias: Literal["config", "inputs", "never"] = "config"
    mlp_bias: bool = False
    layer_norms: int = 2
    head_norms: Literal["none", "each", "all"] = "none"
    norms_in_fp32: bool = False
    windows: Literal["none", "all", "pattern", "later"] = "none"
    pattern: int = 1
    eager_attention: bool = False


LIKE_LLAMA = Family(mlp_bias=True)
"""For a ``model_type`` that is not known, if its keys suffice."""

_GEMMA: Mapping[str, Any] = {
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "sliding_window": 4096,
    "tie_word_embeddings": True,
}

FAMILIES: Mapping[str, Family] = {
    "llama": Family(mlp_bias=True),
    "granite": Family(mlp_bias=True),
    "mistral": Family(
        {"num_key_value_heads": 8, "sliding_window": 4096}, attention_bias="never", windows="all"
    ),
    "qwen2": Family(attention_bias="inputs", windows="later"),
    "qwen3": Family({"head_dim": 128}, head_norms="each", windows="later"),
    "phi3": Family(fused=True, attention_bias="never", windows="all"),
    "smollm3": Family({"num_key_value_heads": 4, "tie_word_embeddings": True}, mlp_bias=True),
    "olmo2": Family(head_norms="all", norms_in_fp32=True),
    "gemma2": Family(
        {**_GEMMA, "vocab_size": 256000},
        layer_norms=4,
        norms_in_fp32=True,
        windows="pattern",
        pattern=2,
        eager_attention=True,
    ),
    "gemma3_text": Family(
        {**_GEMMA, "vocab_size": 262_208},
        layer_norms=4,
        head_norms="each",
        norms_in_fp32=True,
        windows="pattern",
        pattern=6,
    ),
}
