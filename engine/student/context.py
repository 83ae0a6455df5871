"""How long a text a model can look at."""

from __future__ import annotations

from transformers import PreTrainedConfig

_ROPE_OF_THE_LONGEST = ("dynamic", "longrope")


def context_tokens(config: PreTrainedConfig) -> int | None:
    """Return how long a text can get while it is generated; None where nobody tells.

    Some models turn their positions by an angle (RoPE) that depends on the longest text of the
    batch, and so does not agree with the keys that are cached already. They are used up to the
    length at which that begins.
    """
    config = config.get_text_config(decoder=True)
    most: int | None = getattr(config, "max_position_embeddings", None)
    parameters = getattr(config, "rope_parameters", None) or {}
    # Models with several kinds of layers have parameters for each kind.
    kinds = [p for p in parameters.values() if isinstance(p, dict)] or [parameters]
    for rope in kinds:
        if rope.get("rope_type") in _ROPE_OF_THE_LONGEST:
            trained = rope.get("original_max_position_embeddings")
            most = min(filter(None, (most, trained)), default=None)
    return most or None
