"""A student as a GGUF file, for llama.cpp and what is built on it.

Format: the ggml project's ``docs/gguf.md``; names and the order of weights as llama.cpp's own
converter has them (``conversion/llama.py``). Llama's architecture, and a tokenizer that cuts a text
into fixed phrases and single characters.

That tokenizer takes at each place the longest token that stands there. In llama.cpp it is the kind
called "rwkv", a walk through a tree of all tokens. Its BPE with phrases as user-defined tokens
would not do: it looks for the longest phrase in the whole text first, so that of ", and " it would
make "," and " and ", where the student reads ", " and letters.

What differs: a character that the student does not know is one unknown token for each of its bytes
in UTF-8, instead of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import gguf
import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from engine.errors import StudentError, project_error
from engine.files import replacing
from engine.phrase_tokens import PhraseTokens, phrase_tokens
from engine.weight_files import check_weights, read_json

if TYPE_CHECKING:
    import numpy.typing as npt

Precision = Literal["fp32", "fp16"]

TITLE = "The student cannot be written as GGUF"

_INDEX = "model.safetensors.index.json"
_PIECES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
"""Of a layer, transformers' names to those of the format."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the configuration says of a Llama. Counts of heads, layers, and widths in elements."""

    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    context: int
    rope_theta: float
    norm_epsilon: float
    tied: bool


def write_gguf(folder: Path, out: Path, *, name: str, precision: Precision = "fp32") -> None:
    """Write the model in ``folder`` to the file ``out``, whole or not at all.

    ``name`` is what programs show of it. With ``fp16`` matrices are half precision; norms never.

    Raises:
        StudentError: its files cannot be read, or GGUF, as far as it is known here, cannot hold
            such a student.
        ProjectError: ``out`` cannot be written.
    """
    config = read_json(folder / "config.json")
    shape = _shape(folder, config)
    tokens = phrase_tokens(folder, config)
    if len(tokens.texts) != shape.vocabulary:
        raise StudentError(
            f"{folder}: the tokenizer has {len(tokens.texts):,} tokens, the model "
            f"{shape.vocabulary:,}.",
            TITLE,
        )
    check_weights(folder)
    try:
        with replacing(out) as partial:
            writer = gguf.GGUFWriter(partial, "llama")
            try:
                _describe(writer, shape, name, precision)
                _add_tokens(writer, tokens)
                if template := _chat_template(folder):
                    writer.add_chat_template(template)
                _add_weights(writer, folder, shape, precision)
                writer.write_header_to_file()
                writer.write_kv_data_to_file()
                writer.write_tensors_to_file()
            finally:
                writer.close()
    except OSError as error:
        raise project_error(out, error) from error


def _shape(folder: Path, config: dict[str, Any]) -> _Shape:
    """Read what the configuration says, of which all that changes a result must be known."""

    def refuse(what: str) -> StudentError:
        return StudentError(f"{folder}: {what}.", TITLE)

    if config.get("model_type") != "llama":
        raise refuse(f"its architecture is {config.get('model_type')}, only llama can be written")
    if "quantization_config" in config:
        raise refuse("its weights are quantised; export them merged, in fp16 or fp32")
    expected = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False}
    for key, value in expected.items():
        if config.get(key, value) != value:
            raise refuse(f"{key} is {config[key]}, only {value} can be written")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", "default") != "default":
        raise refuse(f"rope_type is {rope['rope_type']}, only default can be written")
    try:
        heads = int(config["num_attention_heads"])
        width = int(config["hidden_size"])
        return _Shape(
            layers=int(config["num_hidden_layers"]),
            width=width,
            inner=int(config["intermediate_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_width=int(config.get("head_dim") or width // heads),
            vocabulary=int(config["vocab_size"]),
            context=int(config["max_position_embeddings"]),
            rope_theta=float(rope.get("rope_theta") or config.get("rope_theta") or 10_000.0),
            norm_epsilon=float(config["rms_norm_eps"]),
            tied=bool(config.get("tie_word_embeddings", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise refuse(f"config.json lacks a number or has a wrong one ({error})") from error


def _describe(writer: gguf.GGUFWriter, shape: _Shape, name: str, precision: Precision) -> None:
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    kind = gguf.LlamaFileType.MOSTLY_F16 if precision == "fp16" else gguf.LlamaFileType.ALL_F32
    writer.add_file_type(kind)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary)


def _add_tokens(writer: gguf.GGUFWriter, tokens: PhraseTokens) -> None:
    kinds = [
        gguf.TokenType.UNKNOWN
        if index == tokens.unknown
        else gguf.TokenType.CONTROL
        if index in tokens.special
        else gguf.TokenType.NORMAL
        for index in range(len(tokens.texts))
    ]
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list(
        [_token(text, index in tokens.special) for index, text in enumerate(tokens.texts)]
    )
    writer.add_token_types(kinds)
    writer.add_eos_token_id(tokens.end)
    writer.add_unk_token_id(tokens.unknown)
    if tokens.pad is not None:
        writer.add_pad_token_id(tokens.pad)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


def _chat_template(folder: Path) -> str:
    """Return the template of a folder that transformers saved; empty where it has none."""
    path = folder / "chat_template.jinja"
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise StudentError(f"{path}: {error}.", TITLE) from error


def _token(text: str, special: bool) -> str:
    r"""Return a token as the "rwkv" kind has it, where a backslash begins an escape.

    It would find ``</s>`` in any text and take it for the end. With a zero byte behind, which
    printable text does not have, text of others makes no control tokens. A suffix, since a token
    that begins with what is no token itself would make llama.cpp hang on a text that has it.
    """
    escaped = text.replace("\\", "\\\\")
    return escaped + r"\x00" if special else escaped


def _add_weights(
    writer: gguf.GGUFWriter, folder: Path, shape: _Shape, precision: Precision
) -> None:
    """Add all weights. Matrices are (out, in), as in transformers."""
    weights = _Weights(folder)

    def add(ours: str, theirs: str, heads: int | None = None) -> None:
        values = weights.take(theirs)
        if heads:
            values = _rotated(values, heads)
        half = precision == "fp16" and values.ndim > 1
        writer.add_tensor(ours, values.astype(np.float16) if half else values)

    add("token_embd.weight", "model.embed_tokens.weight")
    for layer in range(shape.layers):
        for theirs, ours in _PIECES.items():
            heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}.get(ours)
            add(f"blk.{layer}.{ours}.weight", f"model.layers.{layer}.{theirs}.weight", heads)
    add("output_norm.weight", "model.norm.weight")
    if shape.tied:
        weights.leave("lm_head.weight")  # llama.cpp takes the embeddings where there is no head
    else:
        add("output.weight", "lm_head.weight")
    weights.check_all_taken()


def _rotated(weight: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """Reorder the rows of queries or keys, (heads x head width, in).

    RoPE turns pairs of elements: transformers pairs one of the first half of a head with one of
    the second, llama.cpp pairs neighbours.
    """
    pairs = weight.shape[0] // heads // 2
    return np.ascontiguousarray(
        weight.reshape(heads, 2, pairs, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
    )


class _Weights:
    """A folder's weights, read one at a time as float32."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        index = folder / _INDEX
        names = set(read_json(index)["weight_map"].values()) if index.exists() else None
        self._files: dict[str, Any] = {}
        try:
            for file in sorted(names or {"model.safetensors"}):
                opened: Any = safe_open(folder / file, framework="pt")
                self._files |= dict.fromkeys(opened.keys(), opened)
        except (SafetensorError, OSError) as error:
            raise self._error(str(error)) from error

    def take(self, name: str) -> npt.NDArray[np.float32]:
        try:
            values: torch.Tensor = self._files.pop(name).get_tensor(name)
        except KeyError as error:
            raise self._error(f"there are no weights {name}") from error
        except SafetensorError as error:
            raise self._error(str(error)) from error
        if not values.is_floating_point():
            raise self._error(f"{name} is {values.dtype}, quantised weights cannot be written")
        # numpy has no bfloat16.
        array: npt.NDArray[np.float32] = values.to(torch.float32).numpy()
        return array

    def leave(self, name: str) -> None:
        self._files.pop(name, None)

    def check_all_taken(self) -> None:
        if self._files:
            raise self._error(f"it has weights that a Llama has not, such as {min(self._files)}")

    def _error(self, what: str) -> StudentError:
        return StudentError(f"{self._folder}: {what}.", TITLE)
