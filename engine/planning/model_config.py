"""A model's config.json, read as an `Architecture`.

A file on disk may be anything. What is not understood is refused with a reason: a wrong plan
would cost a person hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import StudentError
from engine.planning.architecture import Architecture, Linear, Norm
from engine.planning.families import FAMILIES, LIKE_LLAMA, Family

_Width = Annotated[int, Field(ge=1, le=2**20)]
_Count = Annotated[int, Field(ge=1, le=4096)]
_Layers = Annotated[int, Field(ge=1, le=1000)]
_Window = Annotated[int, Field(ge=1, le=2**40)]
_LayerType = Annotated[str, Field(max_length=64)]

_WINDOWED = {"full_attention": False, "sliding_attention": True}
_NOT_DENSE: Mapping[str, tuple[str, ...]] = {
    "it is a mixture of experts": (
        "num_experts",
        "num_local_experts",
        "n_routed_experts",
        "num_experts_per_tok",
        "moe_intermediate_size",
        "moe_num_experts",
    ),
    "it has state-space or recurrent layers": (
        "state_size",
        "ssm_cfg",
        "mamba_d_state",
        "mamba_d_ssm",
        "attention_hidden_size",
        "lru_width",
        "linear_num_key_heads",
        "conv_L_cache",
    ),
    "its attention is compressed (MLA)": ("kv_lora_rank",),
    "its layers are not all alike": (
        "block_configs",
        "num_kv_shared_layers",
        "hidden_size_per_layer_input",
        "altup_num_inputs",
    ),
}


class _Config(BaseModel):
    """The keys that matter. Each may be missing for a family that has a default."""

    model_config = ConfigDict(strict=True, extra="ignore")

    model_type: Annotated[str, Field(max_length=64)]
    vocab_size: Annotated[int, Field(ge=1, le=2**24)]
    hidden_size: _Width
    intermediate_size: _Width
    num_hidden_layers: _Layers
    num_attention_heads: _Count
    num_key_value_heads: _Count | None = None
    head_dim: Annotated[int, Field(ge=1, le=65536)] | None = None
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    max_position_embeddings: Annotated[int, Field(ge=1, le=2**40)] | None = None
    sliding_window: _Window | None = None
    use_sliding_window: bool = False
    max_window_layers: Annotated[int, Field(ge=0, le=1000)] = 0
    sliding_window_pattern: Annotated[int, Field(ge=1, le=1000)] | None = None
    layer_types: Annotated[list[_LayerType], Field(max_length=1000)] | None = None


def architecture_of(config: Mapping[str, Any], name: str) -> Architecture:
    """Read a config.json that is already parsed; ``name`` is what messages call the model.

    Raises:
        StudentError: it is no dense decoder-only model, or a key is missing or out of bounds.
    """
    text, notes = _text_config(config)
    model_type = text.get("model_type")
    family = FAMILIES.get(model_type) if isinstance(model_type, str) else None
    _refuse_others(text, config, name)
    if family is None:
        family = LIKE_LLAMA
        notes.append(
            f"The architecture {_quoted(model_type)} is not known: it is planned as if it were "
            "built like Llama."
        )
    read = _read({**family.defaults, **text}, name)
    _check_heads(read, name)
    if isinstance(quantised := config.get("quantization_config"), Mapping):
        notes.append(
            f"Its weights are stored quantised ({_quoted(quantised.get('quant_method'))}); "
            "planned as if they were not."
        )
    return _build(read, family, name, tuple(notes))


def _text_config(config: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """The language model's own keys, which a model of several media has in a part of their own."""
    text = config.get("text_config")
    if not isinstance(text, Mapping):
        return config, []
    outer: dict[str, Any] = {"model_type": f"{config.get('model_type')}_text"}
    if "tie_word_embeddings" in config:
        outer["tie_word_embeddings"] = config["tie_word_embeddings"]
    note = "Only its language model is counted: load it without the parts for other media."
    return {**text, **outer} if "model_type" not in text else {**outer, **text}, [note]


def _refuse_others(text: Mapping[str, Any], config: Mapping[str, Any], name: str) -> None:
    if config.get("is_encoder_decoder") is True or text.get("is_encoder_decoder") is True:
        raise _refused(name, "it is an encoder-decoder model")
    for reason, keys in _NOT_DENSE.items():
        # Dense siblings of a mixture say so by 0 or null.
        if found := [key for key in keys if text.get(key)]:
            raise _refused(name, f"{reason} ({found[0]})")


def _read(values: Mapping[str, Any], name: str) -> _Config:
    try:
        return _Config.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = problem["loc"][0]
        if problem["type"] == "missing":
            raise _refused(name, f"its config.json has no {key}") from None
        what = problem["msg"][:1].lower() + problem["msg"][1:]
        raise _refused(name, f"{key} is {_quoted(values[str(key)])}: {what}") from None


def _check_heads(read: _Config, name: str) -> None:
    heads, groups = read.num_attention_heads, read.num_key_value_heads or 1
    if heads % groups:
        raise _refused(name, f"{heads} attention heads do not share {groups} key and value heads")
    if read.head_dim is None and read.hidden_size % heads:
        raise _refused(name, f"hidden_size {read.hidden_size} is not a multiple of {heads} heads")


def _build(read: _Config, family: Family, name: str, notes: tuple[str, ...]) -> Architecture:
    size = read.head_dim or read.hidden_size // read.num_attention_heads
    groups = read.num_key_value_heads or read.num_attention_heads
    query, key_value = read.num_attention_heads * size, groups * size
    hidden = read.hidden_size
    head_norms = {"none": (), "each": (size, size), "all": (query, key_value)}[family.head_norms]
    return Architecture(
        model_type=read.model_type,
        vocabulary=read.vocab_size,
        hidden=hidden,
        feed_forward=read.intermediate_size,
        heads=read.num_attention_heads,
        head_size=size,
        key_value_heads=groups,
        linears=_linears(read, family, query, key_value),
        windows=_windows(read, family, name),
        tied=read.tie_word_embeddings,
        fused=family.fused,
        layer_norms=family.layer_norms,
        head_norms=head_norms,
        norm=Norm.WEIGHT_WITHIN if family.norms_in_fp32 else Norm.WEIGHT_AFTER,
        eager_attention=family.eager_attention,
        context_tokens=read.max_position_embeddings,
        notes=notes,
    )


def _linears(read: _Config, family: Family, query: int, key_value: int) -> tuple[Linear, ...]:
    hidden, inner = read.hidden_size, read.intermediate_size
    if family.fused:
        return (
            Linear("qkv_proj", hidden, query + 2 * key_value),
            Linear("o_proj", query, hidden),
            Linear("gate_up_proj", hidden, 2 * inner),
            Linear("down_proj", inner, hidden),
        )
    inputs, output = {
        "never": (False, False),
        "inputs": (True, False),
        "config": (read.attention_bias, read.attention_bias),
    }[family.attention_bias]
    inner_bias = read.mlp_bias and family.mlp_bias
    return (
        Linear("q_proj", hidden, query, inputs),
        Linear("k_proj", hidden, key_value, inputs),
        Linear("v_proj", hidden, key_value, inputs),
        Linear("o_proj", query, hidden, output),
        Linear("gate_proj", hidden, inner, inner_bias),
        Linear("up_proj", hidden, inner, inner_bias),
        Linear("down_proj", inner, hidden, inner_bias),
    )


def _windows(read: _Config, family: Family, name: str) -> tuple[int | None, ...]:
    layers, window = range(read.num_hidden_layers), read.sliding_window
    if family.windows == "all":
        slides = [True for _ in layers]
    elif read.layer_types is not None:
        if unknown := [kind for kind in read.layer_types if kind not in _WINDOWED]:
            raise _refused(name, f"layer_types has {_quoted(unknown[0])}")
        if len(read.layer_types) != len(layers):
            raise _refused(
                name, f"layer_types has {len(read.layer_types)} entries for {len(layers)} layers"
            )
        slides = [_WINDOWED[kind] for kind in read.layer_types]
    elif family.windows == "pattern":
        pattern = read.sliding_window_pattern or family.pattern
        slides = [bool((layer + 1) % pattern) for layer in layers]
    elif family.windows == "later" and read.use_sliding_window:
        slides = [layer >= read.max_window_layers for layer in layers]
    else:
        slides = [False for _ in layers]
    return tuple(window if slide else None for slide in slides)


def _refused(name: str, why: str) -> StudentError:
    return StudentError(f"{name} cannot be planned: {why}.", "This model cannot be planned")


def _quoted(value: object) -> str:
    """A value of the file in a few characters; repr of an absurd number may raise."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of absurd size"
    return text if len(text) <= 40 else f"{text[:39]}…"
