"""Errors of every kind, planted in the patterns of clues and of what is combined."""

import random
import re
from collections.abc import Callable, Iterator

from planted_errors import Planted, with_step
from planted_logic_orders import (
    foreigner,
    is_clue,
    is_combination,
    left_by,
    names_of,
    orders_of,
    pattern_of,
    rests_on,
)

from engine.tasks.logic_clues import Story
from engine.trajectory import Attempt

Plant = Callable[[Story, Attempt, int, random.Random], Planted | None]


def _words(pattern: str) -> tuple[str, list[str], str]:
    front, rest = pattern.split(")", 1)
    body, back = rest.rsplit("(", 1)
    return f"{front})", body.split(), f"({back}"


def _joined(front: str, words: list[str], back: str) -> str:
    return " ".join([front, *words, back])


def reversed_patterns(story: Story, pattern: str) -> Iterator[str]:
    """What was before is behind."""
    front, words, back = _words(pattern)
    yield f"{back} {' '.join(words)} {front}"


def wrong_places(story: Story, pattern: str) -> Iterator[str]:
    """One more place somewhere, or one less."""
    front, words, back = _words(pattern)
    for at, word in enumerate(words):
        yield _joined(front, [*words[:at], "?", *words[at:]], back)
        if word == "?":
            yield _joined(front, [*words[:at], *words[at + 1 :]], back)


def closed_gaps(story: Story, pattern: str) -> Iterator[str]:
    """What was left open is settled."""
    front, words, back = _words(pattern)
    for at, word in enumerate(words):
        if word == "??":
            for settled in ([], ["?"]):
                yield _joined(front, [*words[:at], *settled, *words[at + 1 :]], back)


def opened_gaps(story: Story, pattern: str) -> Iterator[str]:
    """What was settled is left open."""
    front, words, back = _words(pattern)
    for at in range(len(words) + 1):
        open_ = [word for word in words[:at] if word != "?"], [w for w in words[at:] if w != "?"]
        yield _joined(front, [*open_[0], "??", *open_[1]], back)


def other_objects(story: Story, pattern: str) -> Iterator[str]:
    for name in names_of(story):
        for other in names_of(story):
            if re.search(rf"\b{name}\b", pattern) and not re.search(rf"\b{other}\b", pattern):
                yield re.sub(rf"\b{name}\b", other, pattern)


def swapped_objects(story: Story, pattern: str) -> Iterator[str]:
    there = [name for name in names_of(story) if re.search(rf"\b{name}\b", pattern)]
    for name in there:
        for other in there:
            if name < other:
                swap = {name: other, other: name}
                yield re.sub(rf"\b(?:{name}|{other})\b", lambda m: swap[m[0]], pattern)  # noqa: B023


def unreadable_patterns(story: Story, pattern: str) -> Iterator[str]:
    """An object is foreign, doubled or left out for good; an end is missing or unknown."""
    front, words, back = _words(pattern)
    for name in names_of(story):
        if re.search(rf"\b{name}\b", pattern):
            yield re.sub(rf"\b{name}\b", foreigner(story), pattern)
            yield _joined(front, [*words, name], back)
    yield _joined("", words, "").strip()
    yield _joined("(here)", words, back)
    yield _joined(front, words, front)
    yield _joined(front, [*words, "\x00"], back)
    yield _joined(front, ["?"] * (story.count + 1), back)
    yield f"{pattern} {words[-1]}"


def in_clue(ways: Callable[[Story, str], Iterator[str]], readable: bool = True) -> Plant:
    def plant(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not is_clue(step):
            return None
        right = pattern_of(step)
        orders = orders_of(story, right)
        choices = [
            wrong
            for wrong in sorted(set(ways(story, right)))
            if not readable or orders_of(story, wrong) != orders
        ]
        if not choices:
            return None
        wrong = rng.choice(choices)
        text = step.text.replace(right, wrong)
        return Planted(with_step(attempt, index, text), step.label, wrong)

    return plant


def in_combination(ways: Callable[[Story, str], Iterator[str]], readable: bool = True) -> Plant:
    """Plant what does not follow: the pattern is wrong if it is false, else the whole step."""

    def plant(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not is_combination(step):
            return None
        right = pattern_of(step)
        left = left_by(story, attempt, rests_on(attempt, index))
        choices = [
            wrong
            for wrong in sorted(set(ways(story, right)))
            if not readable or not left <= orders_of(story, wrong)
        ]
        if not choices:
            return None
        wrong = rng.choice(choices)
        text = step.text.replace(right, wrong)
        is_true = readable and _solution(story, attempt) <= orders_of(story, wrong)
        return Planted(with_step(attempt, index, text), step.label, text if is_true else wrong)

    return plant


def _solution(story: Story, attempt: Attempt) -> frozenset[str]:
    clues = {index for index, step in enumerate(attempt.steps) if is_clue(step)}
    return left_by(story, attempt, clues)


def whole_order_with_a_gap(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """An object of the whole order is left out."""
    step = attempt.steps[index]
    if not is_combination(step) or "?" in step.text:
        return None
    right = pattern_of(step)
    wrong = re.sub(rf" \b{rng.choice(names_of(story))}\b", "", right)
    return Planted(with_step(attempt, index, step.text.replace(right, wrong)), step.label, wrong)


def wrong_steps_named(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The ordering is right, but does not follow from the steps that are named."""
    step = attempt.steps[index]
    if not is_combination(step):
        return None
    orders = orders_of(story, pattern_of(step))
    rest = step.text.partition(" we get ")[2]
    choices = []
    for one in range(index):
        for other in range(one):
            clues = rests_on(attempt, one) | rests_on(attempt, other)
            if not left_by(story, attempt, clues) <= orders:
                choices.append(f"Combining ({other + 1}) and ({one + 1}) we get {rest}")
    if not choices:
        return None
    text = rng.choice(choices)
    return Planted(with_step(attempt, index, text), step.label, text)


def unknown_step_named(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """A step is named that comes later, or never."""
    step = attempt.steps[index]
    if not is_combination(step):
        return None
    label = rng.choice([step.label, str(index + 2), "0", "99", "01"])
    text = re.sub(r"and \([0-9]+\)", f"and ({label})", step.text, count=1)
    span = text.partition(" we get ")[0]
    return Planted(with_step(attempt, index, text), step.label, span)
