"""Which test items a report shows as examples, chosen so that nobody can have picked them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from db.records import EvaluatedItem

SHOWN_OF_EACH = 2


class Fate(StrEnum):
    """What became of an item's first attempt."""

    FIXED = "fixed"
    SPOILED = "spoiled"
    NEEDLESS = "changed without need"
    UNFIXED = "tried, not fixed"
    OVERLOOKED = "overlooked"

    @property
    def told(self) -> str:
        """What it means, in words."""
        return {
            Fate.FIXED: "The first attempt is wrong, and the final answer is right.",
            Fate.SPOILED: "The first attempt is right, and the final answer is wrong.",
            Fate.NEEDLESS: "The first attempt is right, the student updates it all the same, and "
            "the final answer is right, too.",
            Fate.UNFIXED: "The first attempt is wrong, and so is the final answer after updates.",
            Fate.OVERLOOKED: "The first attempt is wrong, and the student does not update it.",
        }[self]


@dataclass(frozen=True, slots=True)
class ShownItems:
    """Items of one iteration's test by their fate, and how many there are of each."""

    iteration: int
    counts: Mapping[Fate, int]
    shown: Mapping[Fate, Sequence[EvaluatedItem]]


def fate_of(item: EvaluatedItem) -> Fate | None:
    """What became of it; None for what was right at once and stayed as it was."""
    if item.updates:
        return {
            (False, True): Fate.FIXED,
            (True, False): Fate.SPOILED,
            (True, True): Fate.NEEDLESS,
            (False, False): Fate.UNFIXED,
        }[item.first_correct, item.final_correct]
    return None if item.final_correct else Fate.OVERLOOKED


def shown_items(
    iteration: int, items: Sequence[EvaluatedItem], of_each: int = SHOWN_OF_EACH
) -> ShownItems:
    """Choose ``of_each`` items of each fate: those whose questions have the least SHA-256.

    So neither what they look like nor the order of the test decides.
    """
    by_fate: dict[Fate, list[EvaluatedItem]] = {fate: [] for fate in Fate}
    for item in items:
        fate = fate_of(item)
        if fate is not None:
            by_fate[fate].append(item)
    for found in by_fate.values():
        found.sort(key=_by_hash)
    return ShownItems(
        iteration,
        {fate: len(found) for fate, found in by_fate.items()},
        {fate: found[:of_each] for fate, found in by_fate.items()},
    )


def _by_hash(item: EvaluatedItem) -> bytes:
    return hashlib.sha256(item.question.encode("utf-8", "surrogatepass")).digest()
