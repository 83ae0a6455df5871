"""Two models compared item by item: the list, its filters, and which item one is at.

Belongs to one thread, since stores do: others see it as an `ItemsView`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from db.records import EvaluatedItem, Subtask
from engine.comparing import Crosstab, ItemOrder, Measure, NotComparable, Outcome, Pairs
from tripost_tui.state.items_port import ItemPair, ItemRow, ItemsPort
from tripost_tui.state.items_view import NO_PAIRS, ItemsView
from tripost_tui.state.models import Model

PAGE = 100
_MOST_ROWS = 2_000

_WORD = re.compile(r'"([^"]+)"|(\S+)')

T = TypeVar("T", bound=StrEnum)


class ItemDesk:
    """What a person does with the items. `view` tells how it stands after that.

    All that reads raises TripostError and StoreError, and leaves what was there.
    """

    def __init__(self, port: ItemsPort) -> None:
        self._port = port
        self._first: Model | None = None
        self._second: Model | None = None
        self._pairs = NO_PAIRS
        self._loaded = False
        self._why_not = ""
        self._measure = Measure.FINAL
        self._kind: Outcome | None = None
        self._subtask: Subtask | None = None
        self._order = ItemOrder.CHANGES
        self._words = ""
        self._crosstab = Crosstab(0, 0, 0, 0)
        self._p = 1.0
        self._places: Sequence[int] = ()
        self._at = -1
        self._rows: dict[int, ItemRow] = {}
        self._item: ItemPair | None = None
        self._serial = 0

    def view(self) -> ItemsView:
        """What others may see."""
        self._serial += 1
        return ItemsView(
            serial=self._serial,
            first=self._first,
            second=self._second,
            pairs=self._pairs,
            loaded=self._loaded,
            crosstab=self._crosstab,
            p=self._p,
            measure=self._measure,
            kind=self._kind,
            subtask=self._subtask,
            order=self._order,
            words=self._words,
            places=self._places,
            at=self._at,
            rows=self._rows.copy(),
            item=self._item,
            why_not=self._why_not,
        )

    def close(self) -> None:
        self._port.close()

    # --- the two models --------------------------------------------------------------------

    def compare(self, first: Model, second: Model) -> None:
        """Compare these two. Where they cannot be, the view says why, and has no items."""
        kept = self._item_id()
        try:
            pairs, why_not = self._port.pairs(first, second), ""
        except NotComparable as error:
            pairs, why_not = NO_PAIRS, error.message
        self._first, self._second = first, second
        self._pairs, self._why_not, self._loaded = pairs, why_not, True
        self._arrange(kept)

    def refresh(self) -> None:
        """Take in what has been evaluated since; one stays at the item one is at."""
        if self._first is not None and self._second is not None:
            self.compare(self._first, self._second)

    def swap(self) -> None:
        """The other way round."""
        if self._first is not None and self._second is not None:
            self.compare(self._second, self._first)

    # --- which items -----------------------------------------------------------------------

    def choose_measure(self, measure: Measure) -> None:
        """Which answer counts, and how it is read."""
        self._measure = measure
        self._arrange(self._item_id())

    def choose_kind(self, kind: Outcome | None) -> None:
        """Only items of this outcome, or all; the one that is chosen already is let go."""
        self._kind = None if kind is self._kind else kind
        self._arrange(self._item_id())

    def turn_kind(self) -> None:
        self._kind = _after(Outcome, self._kind)
        self._arrange(self._item_id())

    def turn_subtask(self) -> None:
        self._subtask = _after(Subtask, self._subtask)
        self._arrange(self._item_id())

    def turn_order(self) -> None:
        orders = list(ItemOrder)
        self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        self._arrange(None)

    def find(self, words: str) -> None:
        """Only items in which all of these words stand; empty for all."""
        before, self._words = self._words, words.strip()
        try:
            self._arrange(self._item_id())
        except BaseException:
            self._words = before
            raise

    def clear(self) -> None:
        """Take the filters away."""
        self._kind = self._subtask = None
        self._words = ""
        self._arrange(self._item_id())

    def _arrange(self, kept: int | None) -> None:
        """Make the list anew, at the item ``kept`` where that is still in it."""
        places = self._pairs.places(self._measure, self._kind, self._subtask, self._order)
        if self._words:
            assert self._first is not None
            assert self._second is not None
            models = (self._first, self._second)
            found = with_words(self._port, self._pairs, models, self._words)
            places = [place for place in places if place in found]
        crosstab = self._pairs.crosstab(self._measure, self._subtask)
        if crosstab != self._crosstab:
            self._crosstab, self._p = crosstab, crosstab.p()
        self._places, self._rows = places, {}
        self._at = 0 if places else -1
        if kept is not None:
            ids = self._pairs.first_ids
            self._at = next((at for at, place in enumerate(places) if ids[place] == kept), self._at)
        self._show()

    # --- where one is ----------------------------------------------------------------------

    def move(self, by: int) -> None:
        self.go(self._at + by)

    def go(self, at: int) -> None:
        """To a place in the list, or to the end that is nearest."""
        if self._places:
            self._at = min(max(at, 0), len(self._places) - 1)
            self._show()

    def look(self, first: int, count: int) -> None:
        """Have the lines at hand that came into sight."""
        if self._first is None or self._second is None:
            return
        if all(place in self._rows for place in self._places[first : first + count]):
            return
        wanted = self._places[max(0, first - PAGE // 2) : first + count + PAGE // 2]
        missing = [place for place in wanted if place not in self._rows]
        if len(self._rows) + len(missing) > _MOST_ROWS:
            self._rows = {}
            missing = list(wanted)
        first_ids, second_ids = self._pairs.first_ids, self._pairs.second_ids
        before = self._port.evaluated(self._first, [first_ids[place] for place in missing])
        after = self._port.evaluated(self._second, [second_ids[place] for place in missing])
        for place in missing:
            one, two = before.get(first_ids[place]), after.get(second_ids[place])
            if one is not None and two is not None:
                said = (self._said(one), self._said(two))
                self._rows[place] = ItemRow(one.question[:400], said)

    def _said(self, item: EvaluatedItem) -> str | None:
        said = item.first_answer if self._measure.first else item.final_answer
        return None if said is None else said[:100]

    def _item_id(self) -> int | None:
        return self._item.first.item_id if self._item is not None else None

    def _show(self) -> None:
        """Read the item one is at, and the lines around it."""
        self._item = None
        if self._at < 0 or self._first is None or self._second is None:
            return
        place = self._places[self._at]
        key, other = self._pairs.first_ids[place], self._pairs.second_ids[place]
        one = self._port.evaluated(self._first, [key]).get(key)
        two = self._port.evaluated(self._second, [other]).get(other)
        if one is not None and two is not None:
            hint = self._port.hint(self._first)
            self._item = ItemPair(one.question, one.answer, one.subtask, one, two, hint)
        self.look(self._at, 1)


def with_words(port: ItemsPort, pairs: Pairs, models: tuple[Model, Model], words: str) -> set[int]:
    """Places of pairs in which each of the words stands, in whichever of the two texts.

    Words in quotes are looked for as they stand there.
    """
    found: set[int] | None = None
    for quoted, plain in _WORD.findall(words):
        word = quoted or plain
        # What was asked is the same for both.
        one = port.with_words(models[0], word) | port.asked_with(models[0], word)
        two = port.with_words(models[1], word)
        ids = zip(pairs.first_ids, pairs.second_ids, strict=True)
        having = {at for at, (key, other) in enumerate(ids) if key in one or other in two}
        found = having if found is None else found & having
    return found if found is not None else set(range(len(pairs)))


def _after(kind: type[T], now: T | None) -> T | None:
    """The next one: none, each, none again."""
    turns: list[T | None] = [None, *kind]
    return turns[(turns.index(now) + 1) % len(turns)]
