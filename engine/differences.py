"""What a text changes of another, by words."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import groupby

_WORD = re.compile(r"\s*(?:\d+|[^\W\d]+|[^\w\s]|_)|\s+")
"""With the space before it, as the tokens of most vocabularies have it."""


def changes(old: str, new: str) -> list[tuple[str, bool]]:
    """Return ``new`` in parts, each with whether ``old`` lacks it at that place.

    The parts together are ``new``; neighbours differ in kind. A word is a number, letters in a
    row, or a single other sign. What ``new`` leaves out leaves no trace.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    parts: list[tuple[str, bool]] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, _, _, start, end in matcher.get_opcodes():
        parts.extend((word, kind != "equal") for word in after[start:end])
    return [
        ("".join(word for word, _ in words), changed)
        for changed, words in groupby(parts, key=lambda part: part[1])
    ]
