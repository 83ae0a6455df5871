"""Tokenizer of the embedded student: printable ASCII by characters, and whole fixed phrases.

Digits stand apart, so that arithmetic sees place values. The phrases are those that the
trajectory format and the task's rationales repeat; as single tokens they cost a small
student neither context nor capacity.
"""

from __future__ import annotations

import re
import string

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from engine.tasks.multistep_arithmetic import MultistepArithmetic

PAD, EOS, UNKNOWN = "<pad>", "</s>", "<unk>"

PHRASES = (
    "Q: ",
    "Answer:",
    "Updated Answer:",
    "Feedback:",
    " Let's think step by step.",
    MultistepArithmetic.hint,
    'This equation can be written as "',
    '", where ',
    "Let's calculate ",
    "Then, the final equation is ",
    "Final response",
    "So the answer is ",
    "Check (",
    "): ",
    "? ",
    ", so ",
    " is right.",
    " is wrong.",
    "In step (",
    ') the part "',
    '" is incorrect.',
    " This is because ",
    "Step (1) is correct.",
    "Steps (1) to (",
    ") are correct.",
    " The final response is also correct.",
    "List: ",
    "Task: ",
    "work out",
    "simplify",
    "copy",
    "replace",
    " by ",
    " and ",
    " is ",
    ", ",
    " = ",
    " + ",
    " - ",
    " * ",
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Make the tokenizer; decoding is plain concatenation, so that decode(encode(x)) is x."""
    characters = ["\n", *(c for c in string.printable if c.isprintable())]
    vocabulary = {
        token: index for index, token in enumerate([PAD, EOS, UNKNOWN, *PHRASES, *characters])
    }
    longest_first = sorted(PHRASES, key=len, reverse=True)
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
