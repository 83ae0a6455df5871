"""How a comparison of two models stands, as those see it who are not in its thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.records import Subtask
from engine.comparing import (
    SIGNIFICANT_BELOW,
    Crosstab,
    ItemOrder,
    Measure,
    Outcome,
    Pairs,
    outcome,
)
from tripost_tui.state.items_port import ItemPair, ItemRow
from tripost_tui.state.models import Model, names_of

NO_PAIRS = Pairs((), (), b"", b"", 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsView:
    """Two models, item by item. ``at`` is the place in ``places``, -1 where there are none.

    ``places`` are those in `pairs` that pass the filters, ``hidden`` counts the others.
    ``why_not`` says what keeps the two from being compared.
    """

    serial: int = 0
    first: Model | None = None
    second: Model | None = None
    pairs: Pairs = NO_PAIRS
    loaded: bool = False
    crosstab: Crosstab = field(default_factory=lambda: Crosstab(0, 0, 0, 0))
    p: float = 1.0
    measure: Measure = Measure.FINAL
    kind: Outcome | None = None
    subtask: Subtask | None = None
    order: ItemOrder = ItemOrder.CHANGES
    words: str = ""
    places: Sequence[int] = ()
    at: int = -1
    rows: Mapping[int, ItemRow] = field(default_factory=dict)
    item: ItemPair | None = None
    why_not: str = ""

    @property
    def hidden(self) -> int:
        return len(self.pairs) - len(self.places)

    @property
    def filtered(self) -> bool:
        return self.kind is not None or self.subtask is not None or bool(self.words)

    @property
    def place(self) -> int | None:
        """The pair that is chosen."""
        return self.places[self.at] if self.at >= 0 else None

    def outcome_at(self, place: int) -> Outcome:
        return self.pairs.outcome(place, self.measure)

    @property
    def names(self) -> tuple[str, str]:
        """The two models' names, as seen from each other."""
        if self.first is None or self.second is None:
            return "", ""
        return names_of(self.first, self.second)

    @property
    def sentence(self) -> str:
        """The outcome in words: whether B is better than A, as far as can be told."""
        if not self.crosstab.pairs:
            return "No item has been answered by both."
        said = outcome(self.crosstab.difference, self.p, "A")
        return f"B is {said}" if self.p < SIGNIFICANT_BELOW else f"B against A: {said}"
