"""Tokenizer of the package's students: printable ASCII by characters, and whole fixed phrases.

Digits stand apart, so that arithmetic sees place values. The phrases are those that the
trajectory format and a task's rationales repeat; as single tokens they cost a small student
neither context nor capacity. Where a task is about words, frequent pieces of them are tokens too:
letter by letter, a word is long to copy, and goes astray where another begins alike.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
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


_WORD = r"[a-z]+(?:['&-][a-z]+)*|[0-9]+"
"""A word or number: one token if it is known as a whole, else pieces."""

Merges = Sequence[tuple[str, str]]
"""Pairs of tokens that make one, the most frequent first."""


def learn_merges(words: Sequence[str], count: int) -> Merges:
    """Return the merges of a byte pair encoding (arXiv 1508.07909) of words, each taken once."""
    backend = Tokenizer(models.BPE())
    letters = len(set("".join(words)))
    trainer = trainers.BpeTrainer(vocab_size=letters + count, show_progress=False)
    backend.train_from_iterator(words, trainer)
    return [(first, second) for first, second in json.loads(backend.to_str())["model"]["merges"]]


def build_tokenizer(
    phrases: Sequence[str], words: Sequence[str] = (), merges: Merges = ()
) -> PreTrainedTokenizerFast:
    """Make the tokenizer; decoding is plain concatenation, so that decode(encode(x)) is x.

    Each of ``phrases`` is a token wherever it stands, each of ``words`` where it stands alone; they
    must have more than one character, and no phrase may come twice. What else is a word falls into
    pieces by ``merges``, and the rest into characters. Raises ValueError.
    """
    characters = ["\n", *(c for c in string.printable if c.isprintable())]
    fixed = [PAD, EOS, UNKNOWN, *phrases, *characters]
    if len(set(fixed)) < len(fixed):
        raise ValueError("a phrase comes twice, or is a single character")
    tokens = dict.fromkeys([*fixed, *words, *map("".join, merges)])
    vocabulary = {token: index for index, token in enumerate(tokens)}
    longest_first = sorted(phrases, key=len, reverse=True)
    patterns = [*map(re.escape, longest_first), *([_WORD] if words or merges else []), r"[\s\S]"]
    # What a pattern finds is one token if it is known as a whole.
    backend = Tokenizer(models.BPE(vocabulary, [*merges], unk_token=UNKNOWN, ignore_merges=True))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("|".join(patterns)), behavior="isolated")
    backend.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
