"""Tokenizer of the package's students: printable ASCII by characters, and whole fixed phrases.

Digits stand apart, so that arithmetic sees place values. The phrases are those that the
trajectory format and a task's rationales repeat; as single tokens they cost a small student
neither context nor capacity.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

PAD, EOS, UNKNOWN = "<pad>", "</s>", "<unk>"

FORMAT = ("Q: ", "Answer:", "Updated Answer:", "Feedback:", " Let's think step by step.")
"""The phrases of any trajectory."""

FEEDBACK = (
    "In step (",
    ') the part "',
    '" is incorrect.',
    " This is because ",
    "Step (1) is correct.",
    "Steps (1) to (",
    ") are correct.",
    " The final response is also correct.",
)
"""The phrases of feedback."""


def build_tokenizer(phrases: Sequence[str]) -> PreTrainedTokenizerFast:
    """Make the tokenizer; decoding is plain concatenation, so that decode(encode(x)) is x.

    Each of ``phrases`` is a token; they must have more than one character, and none twice.
    """
    characters = ["\n", *(c for c in string.printable if c.isprintable())]
    tokens = [PAD, EOS, UNKNOWN, *phrases, *characters]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    if len(vocabulary) < len(tokens):
        raise ValueError("a phrase comes twice, or is a single character")
    longest_first = sorted(phrases, key=len, reverse=True)
    pattern = "|".join([*map(re.escape, longest_first), r"[\s\S]"])
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    backend.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
