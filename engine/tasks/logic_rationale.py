"""Gold rationales of logical deduction, and their continuation from any right beginning.

Each clue becomes a pattern; then two steps at a time are combined into a pattern that says
exactly what both say. Not every two can be: "B is to the left of C" and "A is the second" leave
orders that no single pattern describes. But there is a way to combine all that is needed in
pairs, whatever the clues are; it is searched for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from string import ascii_uppercase
from typing import NamedTuple

from engine.tasks.logic_clues import Constraint, Story
from engine.tasks.logic_patterns import (
    ANY,
    NONE,
    Pattern,
    all_orders,
    express,
    is_single,
    loosened,
    matching,
)
from engine.tasks.logic_questions import enumerate_objects
from engine.tasks.logic_scenes import NUMBER_WORDS
from engine.trajectory import FINAL_RESPONSE, Attempt, Step


class Fact(NamedTuple):
    """What a step has settled: a pattern, and what it rests on."""

    pattern: Pattern
    clues: int
    """The clues that it rests on; bit i is the i-th."""
    left: int
    """The orders that these clues leave."""


@dataclass(slots=True)
class Established:
    """What the steps so far have settled."""

    facts: dict[str, Fact] = field(default_factory=dict)
    """By the label of their step."""
    total: str | None = None
    """Label of the first step that lists the objects; it is a fact that rests on no clue."""
    latest: str | None = None
    """Label of the latest ordering."""
    read_off: list[Constraint] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def next_label(self) -> str:
        return str(len(self.steps) + 1)

    def learn(self, fact: Fact) -> None:
        """Take up what the next step says."""
        self.latest = label = str(len(self.steps) + 1)
        self.facts[label] = fact

    def learn_total(self, count: int) -> None:
        """Take up that the next step lists the objects, so many."""
        self.total = self.total or self.next_label
        self.facts[self.next_label] = Fact(Pattern((), (ANY,)), 0, all_orders(count).all)


def clue_step(story: Story, clue: Constraint) -> str:
    """Write the step that states a clue."""
    return f'{story.states(clue)}: "{story.write(clue.pattern)}".'


def continue_rationale(known: Established, story: Story) -> Attempt:
    """Write the right steps that are still to come after the established ones."""
    if known.steps and known.steps[-1].label == FINAL_RESPONSE:
        return Attempt(tuple(known.steps))
    writer = _Writer(known, story)
    if not writer.is_ordered():
        writer.order()
    if not any(story.orders_of(one) == story.orders_of(story.answer) for one in known.read_off):
        writer.add(f"According to this ordering, {read_off(story)}.")
    final = f"{story.states(story.answer)}. So the answer is ({ascii_uppercase[story.right[0]]})."
    return Attempt((*known.steps, Step(FINAL_RESPONSE, final)))


def read_off(story: Story) -> str:
    """Write what is read off the whole order."""
    answer = story.answer
    whoever = story.scene.whoever(answer.steps, from_back=answer.from_back)
    return f"{whoever} is {story.refer(answer.index)}"


class _Writer:
    def __init__(self, known: Established, story: Story) -> None:
        self.known = known
        self.story = story

    def add(self, text: str) -> None:
        self.known.steps.append(Step(self.known.next_label, text))

    def is_ordered(self) -> bool:
        """Tell whether the latest ordering is the whole order, with nothing left open."""
        if self.known.latest is None:
            return False
        latest = self.known.facts[self.known.latest].pattern
        return len(latest.objects) == self.story.count and set(latest.gaps) == {NONE}

    def order(self) -> None:
        """State what is not stated yet, and combine it until the order is known."""
        label = self._solved_in()
        if label is None:
            self._state_clues()
        if self.known.total is None:
            self._state_total()
        if label is None:
            label = self._combine()
        self._close(label)

    def _solved_in(self) -> str | None:
        """Return the label of a step whose pattern leaves one order."""
        for label, fact in self.known.facts.items():
            if matching(self.story.count, fact.pattern) == self.story.solution:
                return label
        return None

    def _state_clues(self) -> None:
        stated = {fact.clues for fact in self.known.facts.values()}
        for index, clue in enumerate(self.story.clues):
            if 1 << index not in stated:
                self.known.learn(Fact(clue.pattern, 1 << index, self.story.clue_orders[index]))
                self.add(clue_step(self.story, clue))

    def _state_total(self) -> None:
        self.known.learn_total(self.story.count)
        number, plural = NUMBER_WORDS[self.story.count], self.story.scene.plural
        self.add(f"There are in total {number} {plural}: {enumerate_objects(self.story)}.")

    def _combine(self) -> str:
        """Combine steps until one order is left; return the label of the step that says so."""
        count = self.story.count
        # A pattern that says less than its clues do would lose what they say.
        labels = {
            fact.clues: label
            for label, fact in reversed(self.known.facts.items())
            if matching(count, fact.pattern) == fact.left
        }
        for one, other in _plan(self.story, labels):
            named = sorted((labels[one], labels[other]), key=int)
            labels[one | other] = self.known.next_label
            self._write_combination(named, one | other)
        assert self.known.latest is not None
        return self.known.latest

    def _write_combination(self, named: list[str], clues: int) -> None:
        count = self.story.count
        tight = _pattern(self.story, clues)
        assert tight is not None
        left = self.story.orders(clues)
        stated = {space for label in named for space in self.known.facts[label].pattern.spaces}
        self._write_ordering(named, Fact(loosened(count, tight, stated), clues, left))

    def _close(self, label: str) -> None:
        """Combine the number of objects with a pattern that leaves one order."""
        assert self.known.total is not None
        fact = self.known.facts[label]
        everything = range(self.story.count)
        whole = express(self.story.count, self.story.solution, everything)
        assert whole is not None
        named = sorted((label, self.known.total), key=int)
        self._write_ordering(named, fact._replace(pattern=whole))

    def _write_ordering(self, named: list[str], fact: Fact) -> None:
        steps = " and ".join(f"({label})" for label in named)
        ordering = self.story.write(fact.pattern)
        self.known.learn(fact)
        self.add(f'Combining {steps} we get the following ordering: "{ordering}".')


def _pattern(story: Story, clues: int) -> Pattern | None:
    """Write what some clues say, and nothing else, as a pattern of the objects they name."""
    named = {
        index
        for number, clue in enumerate(story.clues)
        if clues >> number & 1
        for index in clue.pattern.objects
    }
    return express(story.count, story.orders(clues), named)


def _plan(story: Story, facts: Collection[int]) -> list[tuple[int, int]]:
    """Find the fewest pairs of facts to combine, one after the other, until one order is left.

    A fact is known by the clues that it rests on, and each clue is a fact. To combine two
    combinations costs double, so that an ordering grows clue by clue where it can.
    """
    cost = dict.fromkeys(facts, 0)
    made_of: dict[int, tuple[int, int]] = {}
    settled: list[int] = []
    queue = [(0, number, clues) for number, clues in enumerate(sorted(facts))]
    while queue:
        _, _, clues = heappop(queue)
        if clues in settled:
            continue
        if is_single(story.orders(clues)):
            return _unfold(clues, made_of)
        settled.append(clues)
        for other in settled:
            union = clues | other
            price = cost[clues] + cost[other] + 1 + (clues in made_of and other in made_of)
            if price < cost.get(union, price + 1) and _pattern(story, union) is not None:
                cost[union], made_of[union] = price, (other, clues)
                heappush(queue, (price, len(facts) + len(made_of), union))
    raise AssertionError("clues that leave one order can be combined in pairs")


def _unfold(clues: int, made_of: Mapping[int, tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is combined to come to some clues, in order."""
    if clues not in made_of:
        return []
    one, other = made_of[clues]
    earlier = _unfold(one, made_of)
    return [*earlier, *(x for x in _unfold(other, made_of) if x not in earlier), (one, other)]
