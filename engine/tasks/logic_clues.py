"""Clues of logical deduction, and stories made of them.

A clue says that one object stands before another, or how far from an end one stands. Whether
clues leave one order is found by looking at all orders.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from engine.tasks.logic_patterns import (
    ANY,
    END,
    Gap,
    Pattern,
    Space,
    all_orders,
    is_single,
    plain_pattern,
    plain_words,
    read_pattern,
    spaced,
)
from engine.tasks.logic_scenes import (
    MOST_OBJECTS,
    Scene,
    end_labels,
    end_marks,
    places,
    relations,
    spellings,
    verbs,
)

_SHARE_OF_PLACES = 0.35
"""Share of clues that name a place, before needless ones are left out."""


@dataclass(frozen=True, slots=True)
class Before:
    """One object stands anywhere before another; ``from_back`` is how it is said."""

    first: int
    second: int
    from_back: bool = False

    @property
    def pattern(self) -> Pattern:
        return _in_order(self.first, self.second)

    @property
    def space(self) -> Space:
        """All that it says."""
        return self.first, self.second, ANY

    def says(self, scene: Scene, objects: Sequence[str]) -> str:
        first, second = objects[self.first], objects[self.second]
        return scene.relation(first, second, from_back=self.from_back)


@dataclass(frozen=True, slots=True)
class Stands:
    """An object stands ``steps`` away from the front, or from the back."""

    index: int
    steps: int
    from_back: bool = False

    @property
    def pattern(self) -> Pattern:
        return _in_place(self.index, self.steps, self.from_back)

    @property
    def space(self) -> Space:
        """All that it says."""
        gap = Gap(self.steps, exact=True)
        return (self.index, END, gap) if self.from_back else (END, self.index, gap)

    def place(self, count: int) -> int:
        """Return its place among ``count`` objects, counted from the front."""
        return count - 1 - self.steps if self.from_back else self.steps

    def says(self, scene: Scene, objects: Sequence[str]) -> str:
        return scene.position(objects[self.index], self.steps, from_back=self.from_back)


Constraint = Before | Stands

# There are few of each, and to find one takes less time than to make it.
_before = lru_cache(maxsize=1 << 8)(Before)
_stands = lru_cache(maxsize=1 << 8)(Stands)


@lru_cache(maxsize=1 << 8)
def _in_order(first: int, second: int) -> Pattern:
    return Pattern((first, second), (ANY, ANY, ANY))


@lru_cache(maxsize=1 << 8)
def _in_place(index: int, steps: int, from_back: bool) -> Pattern:
    pattern = Pattern((index,), (Gap(steps, exact=True), ANY))
    return pattern.reversed() if from_back else pattern


class Names(NamedTuple):
    """How the objects of a story are called."""

    short: tuple[str, ...]
    """Of each object, inside an ordering."""
    index_of: Mapping[str, int]
    """Of each way to write a name."""
    plain: Mapping[str, int]
    """See `plain_words`."""


@dataclass(frozen=True)
class Story:
    """A question: what there is, what the clues say, and what may be the answer."""

    scene: Scene
    objects: tuple[str, ...]
    clues: tuple[Constraint, ...]
    options: tuple[Stands, ...] = ()
    told: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The clues in the words of the question, where it was read."""
    count: int = field(init=False, repr=False, compare=False)
    names: Names = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", len(self.objects))
        object.__setattr__(self, "names", _names_of(self.scene, self.objects))

    def orders_of(self, constraint: Constraint) -> int:
        return spaced(self.count, *constraint.space)

    @cached_property
    def clue_orders(self) -> tuple[int, ...]:
        """What each clue says, as a set of orders."""
        return tuple([spaced(self.count, *clue.space) for clue in self.clues])

    def orders(self, clues: int) -> int:
        """Return the orders that some clues leave; bit i of ``clues`` is the i-th."""
        left = all_orders(self.count).all
        for index, orders in enumerate(self.clue_orders):
            if clues >> index & 1:
                left &= orders
        return left

    @cached_property
    def solution(self) -> int:
        """The orders that all clues leave: one, in a story that was read."""
        return self.orders((1 << len(self.clues)) - 1)

    @cached_property
    def right(self) -> tuple[int, ...]:
        """Indexes of the options that are true in the solution: one, in a story that was read."""
        count, order = self.count, all_orders(self.count).first(self.solution)
        return tuple(
            i for i, one in enumerate(self.options) if order[one.place(count)] == one.index
        )

    @property
    def answer(self) -> Stands:
        return self.options[self.right[0]]

    def refer(self, index: int) -> str:
        return self.scene.refer(self.objects[index])

    def says(self, constraint: Constraint) -> str:
        """Say it inside a sentence."""
        return constraint.says(self.scene, self.objects)

    def states(self, constraint: Constraint) -> str:
        """Say it as a sentence, without its full stop."""
        said = self.says(constraint)
        return said[0].upper() + said[1:]

    def write(self, pattern: Pattern) -> str:
        """Write a pattern with the labels of its ends."""
        front, back = end_marks(self.scene)
        return f"{front}{_form(pattern).format(*self.names.short)}{back}"

    def read(self, text: str) -> Pattern:
        """Read a pattern. Raises `PatternError`."""
        front, back = end_marks(self.scene)
        if text.startswith(front) and text.endswith(back):
            # As rationales write it, which takes a third of the time.
            words = text[len(front) : -len(back)].split()
            pattern = plain_pattern(map(self.names.plain.get, words), self.count)
            if pattern is not None:
                return pattern
        ends = end_labels(self.scene, self.count)
        return read_pattern(text, self.count, self.names.index_of, ends)

    def read_statement(self, text: str) -> Constraint | None:
        """Read what a clue or an option says, without its full stop."""
        scene = self.scene
        for verb in verbs(scene):
            subject, found, said = text.partition(verb)
            index = self.find(subject) if found else None
            if index is None:
                continue
            said = said.removeprefix("the ")
            if place := places(scene, self.count).get(said):
                return _stands(index, *place)
            for phrase, from_back in relations(scene):
                if said.startswith(phrase):
                    other = self.find(said[len(phrase) :])
                    if other is not None and other != index:
                        return _before(other, index, True) if from_back else _before(index, other)
        return None

    def find(self, name: str) -> int | None:
        """Return the object that is called so, with its article or without."""
        return self.names.index_of.get(name.removeprefix("the ").removeprefix("The "))

    @property
    def key(self) -> str:
        """What the story is about: the same for every wording and order of clues and objects."""
        return "\n".join(
            [self.scene.plural, *sorted(self.objects), *sorted(map(self._key, self.clues))]
        )

    def _key(self, clue: Constraint) -> str:
        if isinstance(clue, Before):
            return f"{self.objects[clue.first]} < {self.objects[clue.second]}"
        return f"{self.objects[clue.index]} = {clue.place(self.count)}"


@lru_cache(maxsize=1 << 10)
def _form(pattern: Pattern) -> str:
    """Return how a pattern is written, with ``{0}`` for the name of the first object."""
    return pattern.render([f"{{{index}}}" for index in range(MOST_OBJECTS)])


@lru_cache(maxsize=256)
def _names_of(scene: Scene, objects: tuple[str, ...]) -> Names:
    index_of = {name: index for index, name in enumerate(objects)}
    short: list[str] = []
    for index, name in enumerate(objects):
        ways = spellings(scene, name)
        short.append(ways[1])
        for spelling in ways:
            index_of.setdefault(spelling, index)
    return Names(tuple(short), index_of, plain_words(index_of))


def draw_clues(count: int, rng: random.Random) -> tuple[Constraint, ...]:
    """Draw clues that leave exactly one order, none of them needless."""
    order = rng.sample(range(count), count)
    clues: list[Constraint] = []
    left = all_orders(count).all
    while not is_single(left):
        clue = _draw_clue(order, rng)
        narrowed = left & spaced(count, *clue.space)
        if narrowed != left:
            clues.append(clue)
            left = narrowed
    for clue in rng.sample(clues, len(clues)):
        others = [other for other in clues if other is not clue]
        if is_single(_orders(count, others)):
            clues = others
    return tuple(clues)


def _orders(count: int, clues: Sequence[Constraint]) -> int:
    left = all_orders(count).all
    for clue in clues:
        left &= spaced(count, *clue.space)
    return left


def _draw_clue(order: Sequence[int], rng: random.Random) -> Constraint:
    if rng.random() < _SHARE_OF_PLACES:
        return draw_place(order, rng.randrange(len(order)), rng)
    first, second = sorted(rng.sample(range(len(order)), 2))
    return Before(order[first], order[second], rng.random() < 0.5)


def draw_place(order: Sequence[int], place: int, rng: random.Random) -> Stands:
    """Say who stands at a place, counting from the nearer end."""
    behind = len(order) - 1 - place
    from_back = rng.random() < 0.5 if place == behind else place > behind
    return Stands(order[place], behind if from_back else place, from_back)
