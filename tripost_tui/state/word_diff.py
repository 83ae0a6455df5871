"""What an update changed, word by word, in a time that does not depend on what the texts are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import chain

MOST_PAIRS = 250_000
"""Words of one text times words of the other, after what both begin and end with; beyond that the
middle counts as replaced. So many take some hundredths of a second."""

_WORD = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")


class Change(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that stands in both, in the first alone, or in the second alone. Never empty."""

    change: Change
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The way from one text to the other: without what was added it is ``old``, and without what
    was removed ``new``."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    parts = [
        [Piece(Change.SAME, "".join(before[:start]))],
        _middle(before[start : len(before) - end], after[start : len(after) - end]),
        [Piece(Change.SAME, "".join(before[len(before) - end :]))],
    ]
    return [piece for piece in chain(*parts) if piece.text]


def removed_ranges(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Where in the first text the removed pieces stand."""
    return _ranges(pieces, Change.REMOVED, Change.ADDED)


def added_ranges(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Where in the second text the added pieces stand."""
    return _ranges(pieces, Change.ADDED, Change.REMOVED)


def _ranges(pieces: Sequence[Piece], wanted: Change, absent: Change) -> list[tuple[int, int]]:
    found, at = [], 0
    for piece in pieces:
        if piece.change is absent:
            continue
        if piece.change is wanted:
            found.append((at, at + len(piece.text)))
        at += len(piece.text)
    return found


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words both begin with."""
    shorter = min(len(first), len(second))
    return next((at for at in range(shorter) if first[at] != second[at]), shorter)


def _middle(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    if len(before) * len(after) > MOST_PAIRS:
        return _replaced(before, after)
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece(Change.SAME, "".join(before[i1:i2])))
        else:
            pieces += _replaced(before[i1:i2], after[j1:j2])
    return pieces


def _replaced(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    return [Piece(Change.REMOVED, "".join(before)), Piece(Change.ADDED, "".join(after))]
