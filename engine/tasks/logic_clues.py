"""Clues of logical deduction, and stories made of them.

A clue says that one object stands before another, or how far from an end one stands. Whether
clues leave one order is found by looking at all orders.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from engine.tasks.logic_patterns import (
    ANY,
    END,
    Gap,
    Pattern,
    Space,
    all_orders,
    is_single,
    read_pattern,
    spaced,
)
from engine.tasks.logic_scenes import (
    Scene,
    end_labels,
    places,
    relations,
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
        return Pattern((self.first, self.second), (ANY, ANY, ANY))

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
        pattern = Pattern((self.index,), (Gap(self.steps, exact=True), ANY))
        return pattern.reversed() if self.from_back else pattern

    @property
    def space(self) -> Space:
        """All that it says."""
        gap = Gap(self.steps, exact=True)
        return (self.index, END, gap) if self.from_back else (END, self.index, gap)

    def says(self, scene: Scene, objects: Sequence[str]) -> str:
        return scene.position(objects[self.index], self.steps, from_back=self.from_back)


Constraint = Before | Stands


@dataclass(frozen=True)
class Story:
    """A question: what there is, what the clues say, and what may be the answer."""

    scene: Scene
    objects: tuple[str, ...]
    clues: tuple[Constraint, ...]
    options: tuple[Stands, ...] = ()

    @cached_property
    def count(self) -> int:
        return len(self.objects)

    @cached_property
    def names(self) -> Mapping[str, int]:
        """Each way to write the name of an object."""
        return _names(self.scene, self.objects)

    @cached_property
    def _short_names(self) -> Sequence[str]:
        return [self.scene.short(name) for name in self.objects]

    def orders_of(self, constraint: Constraint) -> int:
        return spaced(self.count, *constraint.space)

    @cached_property
    def clue_orders(self) -> tuple[int, ...]:
        """What each clue says, as a set of orders."""
        return tuple(map(self.orders_of, self.clues))

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
        """Indexes of the options that are true: one, in a story that was read."""
        return tuple(i for i, one in enumerate(self.options) if self.orders_of(one) & self.solution)

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
        body = pattern.render(self._short_names)
        return f"({self.scene.front.label}) {body} ({self.scene.back.label})"

    def read(self, text: str) -> Pattern:
        """Read a pattern. Raises `PatternError`."""
        return read_pattern(text, self.count, self.names, end_labels(self.scene, self.count))

    def read_statement(self, text: str) -> Constraint | None:
        """Read what a clue or an option says, without its full stop."""
        for verb in self.scene.verbs:
            subject, found, said = text.partition(f" {verb} ")
            index = self.find(subject) if found else None
            if index is None:
                continue
            said = said.removeprefix("the ")
            if place := places(self.scene, self.count).get(said):
                return Stands(index, *place)
            for phrase, from_back in relations(self.scene):
                other = self.find(said[len(phrase) :]) if said.startswith(phrase) else None
                if other is not None and other != index:
                    return Before(other, index, True) if from_back else Before(index, other)
        return None

    def find(self, name: str) -> int | None:
        """Return the object that is called so, with its article or without."""
        return self.names.get(name.removeprefix("the ").removeprefix("The "))

    @property
    def key(self) -> str:
        """What the story is about: the same for every wording and order of clues and objects."""
        return "\n".join(
            [self.scene.plural, *sorted(self.objects), *sorted(map(self._key, self.clues))]
        )

    def _key(self, clue: Constraint) -> str:
        if isinstance(clue, Before):
            return f"{self.objects[clue.first]} < {self.objects[clue.second]}"
        place = self.count - 1 - clue.steps if clue.from_back else clue.steps
        return f"{self.objects[clue.index]} = {place}"


@lru_cache(maxsize=256)
def _names(scene: Scene, objects: tuple[str, ...]) -> Mapping[str, int]:
    ways = [scene.spellings(name) for name in objects]
    names = {spellings[0]: index for index, spellings in enumerate(ways)}
    for index, spellings in enumerate(ways):
        for spelling in spellings[1:]:
            names.setdefault(spelling, index)
    return names


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
