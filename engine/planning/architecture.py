"""The shape of a decoder-only language model, and what can be counted from it.

Parameters are counted apart, because they are stored apart: NF4 quantises the weights of linear
layers, while embeddings, head, norms and biases stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer; its weight is (outputs, inputs)."""

    name: str
    inputs: int
    outputs: int
    bias: bool = False

    @property
    def weights(self) -> int:
        return self.inputs * self.outputs

    def lora_parameters(self, rank: int) -> int:
        """Parameters of a LoRA pair: A is (rank, inputs), B is (outputs, rank)."""
        return rank * (self.inputs + self.outputs)


class Norm(Enum):
    """How an RMS norm computes, which decides what it keeps for backward."""

    WEIGHT_AFTER = auto()
    """Llama: normalised in fp32, multiplied by the weight in the precision of the model."""
    WEIGHT_WITHIN = auto()
    """Gemma, OLMo: multiplied by the weight in fp32 too."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One model; all decoder layers are alike but for the window of their attention.

    Widths are numbers per token. ``linears`` are those of one decoder layer, which has
    ``layer_norms`` of ``hidden`` and, on queries and keys, ``head_norms`` of these widths; after
    the last layer comes one more. ``fused``: one linear layer gives queries, keys and values, one
    gate and up. ``windows`` has each layer's sliding window in tokens, or None where it sees
    everything. ``eager_attention``: scores of all pairs of tokens are held in memory. ``notes`` say
    what was assumed.
    """

    model_type: str
    vocabulary: int
    hidden: int
    feed_forward: int
    heads: int
    head_size: int
    key_value_heads: int
    linears: tuple[Linear, ...]
    windows: tuple[int | None, ...]
    tied: bool
    fused: bool = False
    layer_norms: int = 2
    head_norms: tuple[int, ...] = ()
    norm: Norm = Norm.WEIGHT_AFTER
    eager_attention: bool = False
    context_tokens: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        return len(self.windows)

    @property
    def query(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_size

    @property
    def key_value(self) -> int:
        """Width of all key heads together, which is that of the values too."""
        return self.key_value_heads * self.head_size

    @property
    def linear_parameters(self) -> int:
        """Weights of all linear layers but the head: those that NF4 quantises."""
        return self.layers * sum(linear.weights for linear in self.linears)

    @property
    def embedding_parameters(self) -> int:
        return self.vocabulary * self.hidden

    @property
    def head_parameters(self) -> int:
        """0 where the head is the embedding's transpose."""
        return 0 if self.tied else self.embedding_parameters

    @property
    def norm_parameters(self) -> int:
        return self.layers * sum(self._norms) + self.hidden

    @property
    def bias_parameters(self) -> int:
        return self.layers * sum(linear.outputs for linear in self.linears if linear.bias)

    @property
    def parameters(self) -> int:
        """All of them; a tied head counts once."""
        return self.linear_parameters + self.other_parameters

    @property
    def other_parameters(self) -> int:
        """What NF4 leaves as it is: embeddings, head, norms and biases."""
        return (
            self.embedding_parameters
            + self.head_parameters
            + self.norm_parameters
            + self.bias_parameters
        )

    @property
    def normed(self) -> int:
        """Width of all that the norms of one decoder layer take in."""
        on_heads = self.query + self.key_value if self.head_norms else 0
        return self.layer_norms * self.hidden + on_heads

    @property
    def _norms(self) -> tuple[int, ...]:
        return (self.hidden,) * self.layer_norms + self.head_norms

    @property
    def largest_linear(self) -> int:
        """Weights of the largest linear layer: what is dequantised at once."""
        return max(linear.weights for linear in self.linears)

    def lora_parameters(self, rank: int) -> int:
        """Parameters of a LoRA adapter of ``rank`` on all linear layers but the head."""
        return self.layers * sum(linear.lora_parameters(rank) for linear in self.linears)

    def lora_tensors(self, rank: int) -> list[int]:
        """Sizes of the adapter's tensors: optimizers treat small ones in another way."""
        pairs = [(rank * linear.inputs, rank * linear.outputs) for linear in self.linears]
        return [size for pair in pairs for size in pair] * self.layers

    def tensors(self) -> list[int]:
        """Sizes of the model's own tensors, a tied head once."""
        layer = [linear.weights for linear in self.linears]
        layer += [linear.outputs for linear in self.linears if linear.bias]
        layer += self._norms
        ends = [self.embedding_parameters, self.hidden]
        return layer * self.layers + ends + ([] if self.tied else [self.head_parameters])

    def cached_tokens(self, tokens: int) -> int:
        """Tokens that a KV cache holds, summed over layers, after a text of ``tokens``."""
        return sum(tokens if w is None else min(tokens, w) for w in self.windows)

    def kv_cache_bytes(self, tokens: int, bytes_per_number: int = 2) -> int:
        """Bytes of keys and values of one text of ``tokens``; a sliding layer keeps its window."""
        return 2 * self.key_value * bytes_per_number * self.cached_tokens(tokens)
