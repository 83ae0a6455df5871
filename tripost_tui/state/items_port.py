"""What comparing two models item by item asks of the stores: small enough to be played by a
test."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from db.records import EvaluatedItem, Subtask
from engine.comparing import Pairs
from tripost_tui.state.models import Model


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What a line of the list shows of an item; ``said`` are the two models' answers as the
    measure has them, None where one stated none."""

    question: str
    said: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class ItemPair:
    """One item, and what both models wrote. ``hint`` follows the question in prompts; None where
    the task is unknown here, so that texts cannot be taken apart."""

    question: str
    answer: str
    subtask: Subtask
    first: EvaluatedItem
    second: EvaluatedItem
    hint: str | None = None


class ItemsPort(Protocol):
    """Two models' items. All methods raise TripostError and StoreError."""

    def pairs(self, first: Model, second: Model) -> Pairs:
        """Pair up their items anew. Raises NotComparable."""

    def evaluated(self, model: Model, item_ids: Sequence[int]) -> dict[int, EvaluatedItem]:
        """A model's evaluations of some items, by the items' ids."""

    def hint(self, model: Model) -> str | None:
        """What follows the question in the prompts of a model's task."""

    def lengths(self, model: Model) -> Mapping[int, int]:
        """How many characters the questions of a model's test have, by the items' ids."""

    def with_words(
        self, model: Model, words: str, among: Sequence[int] | None = None
    ) -> AbstractSet[int]:
        """Items with these words in what the model wrote, of ``among`` where that is given."""

    def asked_with(self, model: Model, words: str) -> AbstractSet[int]:
        """Items with these words in the question or the reference answer."""

    def close(self) -> None: ...
