"""What steps of logical deduction say, told by matching their patterns with orders written as text.

The patterns are matched as regular expressions: nothing is shared with the script that is tested
but the reading of a question.
"""

import re
from functools import cache
from itertools import permutations

from engine.tasks.logic_clues import Story
from engine.trajectory import Attempt, Step

TOTAL, COMBINING, ACCORDING = "There are in total", "Combining", "According"

_PATTERN = re.compile(r'"(\(.*\))"')
_NAMED = re.compile(r"\(([0-9]+)\)")


def names_of(story: Story) -> list[str]:
    return [story.scene.short(name) for name in story.objects]


def foreigner(story: Story) -> str:
    return next(s for s in ("Zed", "granite") if s not in names_of(story))


@cache
def _orders(count: int) -> tuple[str, ...]:
    return tuple("".join(map(str, order)) for order in permutations(range(count)))


def orders_of(story: Story, pattern: str) -> frozenset[str]:
    """The orders that a pattern with both labels matches; each object is a digit."""
    body = pattern.split(")", 1)[1].rsplit("(", 1)[0]
    for index in sorted(range(story.count), key=lambda i: -len(story.objects[i])):
        name = story.scene.short(story.objects[index])
        body = re.sub(rf"\b{name}\b", str(index), body)
    words = [{"?": "[0-9]", "??": "[0-9]*"}.get(word, word) for word in body.split()]
    if not pattern.startswith(f"({story.scene.front.label})"):
        words.reverse()
    shape = re.compile("".join(words))
    return frozenset(order for order in _orders(story.count) if shape.fullmatch(order))


def pattern_of(step: Step) -> str:
    match = _PATTERN.search(step.text)
    assert match is not None
    return match[1]


def rests_on(attempt: Attempt, index: int) -> set[int]:
    """The indexes of the clue steps that a step rests on."""
    step = attempt.steps[index]
    if step.text.startswith(TOTAL):
        return set()
    if not step.text.startswith(COMBINING):
        return {index}
    named = _NAMED.findall(step.text.partition(" we get ")[0])
    return set().union(*(rests_on(attempt, int(label) - 1) for label in named))


def left_by(story: Story, attempt: Attempt, steps: set[int]) -> frozenset[str]:
    """The orders that some clue steps leave."""
    left = frozenset(_orders(story.count))
    for index in steps:
        left &= orders_of(story, pattern_of(attempt.steps[index]))
    return left


def is_clue(step: Step) -> bool:
    return '"' in step.text and not step.text.startswith(COMBINING)


def is_combination(step: Step) -> bool:
    return step.text.startswith(COMBINING)
