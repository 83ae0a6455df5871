"""Patterns such as ``?? brown ? orange ??``, and the orders of a few objects that they match.

A set of orders is an int with one bit for each of the n! orders, so that "and" is ``&`` and
"follows from" is `entails`: all that is said about an order is one such int.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, permutations
from typing import NamedTuple

_WORD = re.compile(r"\([^()]*\)|[^\s()]+|[()]")
_ONE, _MANY = -1, -2
_GAP_WORDS = {"?": _ONE, "??": _MANY}
_LONGEST_NAME_WORDS = 3


class PatternError(Exception):
    """A text is no pattern of the objects; the reason is for people."""


class Gap(NamedTuple):
    """How many objects stand between two others: so many exactly, or at least so many."""

    least: int
    exact: bool

    def allows(self, size: int) -> bool:
        return size == self.least if self.exact else size >= self.least

    def render(self) -> str:
        return " ".join(["?"] * self.least + ["??"] * (not self.exact))


ANY = Gap(0, exact=False)
NONE = Gap(0, exact=True)
_NO_PLACE = frozenset((ANY, NONE))
_GAPS = tuple(tuple(Gap(least, exact) for least in range(8)) for exact in (False, True))
"""Each gap that there can be among a few objects, by whether it is exact and by its least."""

END = -1

Space = tuple[int, int, Gap]
"""A gap between two objects; `END` stands for either end."""


class Pattern(NamedTuple):
    """Objects in their order; the gaps are before, between and after them."""

    objects: tuple[int, ...]
    gaps: tuple[Gap, ...]

    def reversed(self) -> Pattern:
        return Pattern(self.objects[::-1], self.gaps[::-1])

    def render(self, names: Sequence[str]) -> str:
        """Write the pattern without the labels of its ends."""
        parts = [self.gaps[0].render()]
        for index, gap in zip(self.objects, self.gaps[1:], strict=True):
            parts += [names[index], gap.render()]
        return " ".join(filter(None, parts))

    @property
    def spaces(self) -> tuple[Space, ...]:
        """Each gap with what bounds it."""
        bounds = pairwise((END, *self.objects, END))
        return tuple((*pair, gap) for pair, gap in zip(bounds, self.gaps, strict=True))

    def with_gap(self, at: int, gap: Gap) -> Pattern:
        return self._replace(gaps=(*self.gaps[:at], gap, *self.gaps[at + 1 :]))


class Orders:
    """All orders of ``count`` objects."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.each = tuple(permutations(range(count)))
        self.all = (1 << len(self.each)) - 1
        self._numbers = {order: number for number, order in enumerate(self.each)}
        self._at = [[0] * count for _ in range(count)]
        for number, order in enumerate(self.each):
            for place, index in enumerate(order):
                self._at[index][place] |= 1 << number

    def places(self, index: int) -> Sequence[int]:
        """Return, for each place, the orders that have an object there."""
        return self._at[index]

    def only(self, order: tuple[int, ...]) -> int:
        """Return the set that has one order alone."""
        return 1 << self._numbers[order]

    def first(self, orders: int) -> tuple[int, ...]:
        """Return one of a set of orders, which must not be empty."""
        return self.each[(orders & -orders).bit_length() - 1]


@lru_cache(maxsize=8)
def all_orders(count: int) -> Orders:
    """Return the orders of ``count`` objects; there are 5,040 of seven."""
    return Orders(count)


def entails(premise: int, conclusion: int) -> bool:
    """Tell whether each order of the one set is in the other."""
    return premise & conclusion == premise


def is_single(orders: int) -> bool:
    """Tell whether a set of orders has exactly one."""
    return orders != 0 and not orders & (orders - 1)


@lru_cache(maxsize=1 << 12)
def spaced(count: int, left: int, right: int, gap: Gap) -> int:
    """Return the orders of ``count`` objects that have such a gap between two objects, or `END`."""
    table = all_orders(count)
    # An end is where it is in all orders.
    starts = [(-1, table.all)] if left == END else enumerate(table.places(left))
    ends = [(count, table.all)] if right == END else list(enumerate(table.places(right)))
    found = 0
    for start, orders in starts:
        for end, others in ends:
            if start < end and gap.allows(end - start - 1):
                found |= orders & others
    return found


def matching(count: int, pattern: Pattern) -> int:
    """Return the orders of ``count`` objects that a pattern matches: all its gaps are there."""
    objects, gaps = pattern
    if len(objects) == count and _NO_PLACE.issuperset(gaps):
        return all_orders(count).only(objects)
    orders = all_orders(count).all
    left = END
    for right, gap in zip((*objects, END), gaps, strict=True):
        # An open gap at an end says nothing.
        if gap != ANY or (left != END and right != END):
            orders &= spaced(count, left, right, gap)
        left = right
    return orders


def before(count: int, first: int, second: int) -> int:
    """Return the orders that have one object anywhere before another."""
    return spaced(count, first, second, ANY)


def express(count: int, orders: int, objects: Iterable[int]) -> Pattern | None:
    """Write a set of orders as the pattern of these objects that matches it and no other order.

    Its gaps are as tight as they can be. None where no such pattern exists.
    """
    sample = all_orders(count).first(orders)
    chain = tuple(sorted(objects, key=sample.index))
    if not all(entails(orders, before(count, a, b)) for a, b in pairwise(chain)):
        return None
    pattern = Pattern(chain, (ANY,) * (len(chain) + 1))
    bounds = (-1, *map(sample.index, chain), count)
    for at, (left, right) in enumerate(pairwise(bounds)):
        pattern = pattern.with_gap(at, _tightest(count, orders, pattern, at, right - left - 1))
    return pattern if matching(count, pattern) == orders else None


def loosened(count: int, pattern: Pattern, stated: Collection[Space] = ()) -> Pattern:
    """Return the pattern with as many open gaps as it can have and still match the same orders.

    What is ``stated`` of a gap is kept.
    """
    orders = matching(count, pattern)
    inner = range(1, len(pattern.objects))
    # The widest gap says least by being exact, and the middle less than an end.
    ranks = [(-gap.least, at not in inner, at) for at, gap in enumerate(pattern.gaps)]
    for *_, at in sorted(ranks):
        looser = pattern.with_gap(at, ANY)
        if pattern.spaces[at] not in stated and matching(count, looser) == orders:
            pattern = looser
    return pattern


def _tightest(count: int, orders: int, pattern: Pattern, at: int, size: int) -> Gap:
    """Return what all the orders have in common about one gap; ``size`` is that of one order."""
    for gap in (Gap(size, exact=True), *(Gap(least, exact=False) for least in range(size, 0, -1))):
        if entails(orders, matching(count, pattern.with_gap(at, gap))):
            return gap
    return ANY


def read_pattern(
    text: str, count: int, names: Mapping[str, int], ends: Mapping[str, bool]
) -> Pattern:
    """Read ``(left) ?? brown ?? (right)``, in either direction; one label may be missing.

    ``names`` are the names of the ``count`` objects, ``ends`` the labels: True for the back.

    Raises:
        PatternError: there is something else than an order of the objects.
    """
    words = _WORD.findall(text)
    front = _end(words.pop(0), ends) if words and _is_label(words[0]) else None
    back = _end(words.pop(), ends) if words and _is_label(words[-1]) else None
    if front is None and back is None:
        raise PatternError("it does not say which end is which")
    if front is not None and front == back:
        raise PatternError("both ends are the same")
    pattern = _read_words(words, names)
    places = len(pattern.objects) + words.count("?")
    if places > count:
        raise PatternError(f"it has {places} places for {count} objects")
    if places < count and "??" not in words:
        raise PatternError(f"it has places for {places} of {count} objects only")
    return pattern.reversed() if front or back is False else pattern


def plain_words(names: Mapping[str, int]) -> Mapping[str, int]:
    """Return what each word of a pattern means by itself: an object, or a part of a gap.

    Words that may go on a name of several words are not among them.
    """
    words = {name: index for name, index in names.items() if " " not in name}
    for name in names:
        if " " in name:
            for word in name.split()[1:]:
                words.pop(word, None)
    return words | _GAP_WORDS


def plain_pattern(meanings: Iterable[int | None], count: int) -> Pattern | None:
    """Return the pattern of words that have these meanings, None where it takes a closer look."""
    objects: list[int] = []
    gaps: list[Gap] = []
    places, least, exact, open_ = 0, 0, True, False
    for meaning in meanings:
        if meaning == _MANY:
            exact, open_ = False, True
        elif meaning is None or places == count:
            return None
        else:
            places += 1
            if meaning == _ONE:
                least += 1
            elif meaning in objects:
                return None
            else:
                objects.append(meaning)
                gaps.append(_GAPS[exact][least])
                least, exact = 0, True
    if places < count and not open_:
        return None
    gaps.append(_GAPS[exact][least])
    return Pattern(tuple(objects), tuple(gaps))


def _is_label(word: str) -> bool:
    return word.startswith("(")


def _end(label: str, ends: Mapping[str, bool]) -> bool:
    end = ends.get(label[1:-1])
    if end is None:
        raise PatternError(f"{_quoted(label)} is no end of the order")
    return end


def _read_words(words: Sequence[str], names: Mapping[str, int]) -> Pattern:
    objects: list[int] = []
    gaps: list[Gap] = []
    least, exact, at = 0, True, 0
    while at < len(words):
        word = words[at]
        if word == "??":
            exact, at = False, at + 1
        elif word == "?":
            least, at = least + 1, at + 1
        else:
            index, at = _read_name(words, at, names)
            if index in objects:
                raise PatternError(f"{words[at - 1]} is there twice")
            objects.append(index)
            gaps.append(Gap(least, exact))
            least, exact = 0, True
    return Pattern(tuple(objects), (*gaps, Gap(least, exact)))


def _read_name(words: Sequence[str], at: int, names: Mapping[str, int]) -> tuple[int, int]:
    """Return the object with the longest name that starts here, and where the name ends."""
    end = at + 1
    while end < at + _LONGEST_NAME_WORDS and end < len(words) and words[end] not in _GAP_WORDS:
        end += 1
    while end > at:
        index = names.get(" ".join(words[at:end]))
        if index is not None:
            return index, end
        end -= 1
    raise PatternError(f"{_quoted(words[at])} is not one of the objects")


def _quoted(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:40]}…"
