"""Two models compared item by item: the list, its filters, and which item one is at.

Belongs to one thread, since stores do: others see it as an `ItemsView`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from itertools import compress
from typing import TypeVar

from db.records import EvaluatedItem, Subtask
from engine.comparing import Crosstab, ItemOrder, Measure, NotComparable, Outcome, Pairs
from tripost_tui.state.items_port import ItemPair, ItemRow, ItemsPort
from tripost_tui.state.items_view import NO_PAIRS, ItemsView
from tripost_tui.state.models import Model

PAGE = 100
_MOST_ROWS = 2_000

_WORD = re.compile(r'"([^"]+)"|(\S+)')

_NOT = bytes([1, 0]) + bytes(254)
_FEW = 5
"""One in so many items: what is left of a test is then read by itself."""

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
        self._found: tuple[Pairs, str, AbstractSet[int]] | None = None
        self._measured: tuple[Pairs, Mapping[int, int]] | None = None
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
        places = self._pairs.places(
            self._measure, self._kind, self._subtask, self._order, self._lengths()
        )
        if self._words:
            found = self._having()
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

    def _lengths(self) -> Mapping[int, int]:
        """Of the questions, where the list is in the order of them."""
        if self._order is not ItemOrder.SHORTEST or self._first is None:
            return {}
        if self._measured is None or self._measured[0] is not self._pairs:
            self._measured = (self._pairs, self._port.lengths(self._first))
        return self._measured[1]

    def _having(self) -> AbstractSet[int]:
        """Places of the pairs that have the words: looked for once."""
        assert self._first is not None
        assert self._second is not None
        known = self._found
        if known is None or known[0] is not self._pairs or known[1] != self._words:
            models = (self._first, self._second)
            places = with_words(self._port, self._pairs, models, self._words)
            self._found = known = (self._pairs, self._words, places)
        return known[2]

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
    left = list(range(len(pairs)))
    for quoted, plain in _WORD.findall(words):
        left = _with_word(port, pairs, models, quoted or plain, left)
    return set(left)


def _with_word(
    port: ItemsPort, pairs: Pairs, models: tuple[Model, Model], word: str, places: list[int]
) -> list[int]:
    """Those of the places in which the word stands. What is looked at later is looked at only
    where the word has not been found before."""
    having: list[int] = []

    def take(ids: Sequence[int], found: AbstractSet[int]) -> list[int]:
        """Note those found; return the other places."""
        if not found:
            return places
        here = bytes(map(found.__contains__, map(ids.__getitem__, places)))
        having.extend(compress(places, here))
        return list(compress(places, here.translate(_NOT)))

    def look(model: Model, ids: Sequence[int]) -> AbstractSet[int]:
        few = _FEW * len(places) < len(pairs)
        return port.with_words(model, word, [ids[place] for place in places] if few else None)

    places = take(pairs.first_ids, look(models[0], pairs.first_ids))
    if places:
        # What was asked is the same for both.
        places = take(pairs.first_ids, port.asked_with(models[0], word))
    if places:
        take(pairs.second_ids, look(models[1], pairs.second_ids))
    return having


def _after(kind: type[T], now: T | None) -> T | None:
    """The next one: none, each, none again."""
    turns: list[T | None] = [None, *kind]
    return turns[(turns.index(now) + 1) % len(turns)]
