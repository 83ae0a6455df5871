"""Embeddings that a student of word pieces begins with: each piece is made of its letters.

Drawn at random, hundreds of vectors have to be told apart, and their letters learned, piece by
piece. As sums of the vectors of their letters at their places (in the manner of fastText, arXiv
1607.04606) they have their spelling from the start; training moves them on from there.
"""

from __future__ import annotations

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

_SPREAD = 0.25
"""Standard deviation of an embedding's entries."""
_FADE = 0.8
"""What a letter counts, set against the one before it: the first ones decide the order."""
_OWN = 1.2
"""What is a piece's own, set against its first letter."""
_END = "."


def begin_with_letters(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Set the embeddings of a student, those of small letters by the letters."""
    embeddings = model.model.embed_tokens.weight
    size = embeddings.shape[1]
    vectors = torch.randn(embeddings.shape)
    letters: dict[tuple[int, str], torch.Tensor] = {}
    for piece, index in sorted(tokenizer.get_vocab().items()):
        if not (piece.isalpha() and piece.islower()):
            continue
        vector = _OWN * torch.randn(size)
        for place, letter in enumerate(piece + _END):
            if (place, letter) not in letters:
                letters[place, letter] = torch.randn(size)
            vector += _FADE**place * letters[place, letter]
        vectors[index] = vector / vector.std()
    with torch.no_grad():
        embeddings.copy_(_SPREAD * vectors)
