"""Errors of every kind, planted in gold rationales of logical deduction.

What is wrong is decided here by matching patterns, as regular expressions, with orders written
as text: nothing is shared with the script that is tested but the reading of a question.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations

from engine.tasks.logic_clues import Story
from engine.trajectory import FINAL_RESPONSE, Attempt, Step

TOTAL, COMBINING, ACCORDING = "There are in total", "Combining", "According"

_PATTERN = re.compile(r'"(\(.*\))"')
_NAMED = re.compile(r"\(([0-9]+)\)")


@dataclass(frozen=True)
class Planted:
    """A wrong attempt, and the diagnosis that is right: step and span."""

    attempt: Attempt
    step: str
    span: str


Plant = Callable[[Story, Attempt, int, random.Random], Planted | None]
"""Spoils the step at an index; None where that step cannot have this error."""


def with_step(attempt: Attempt, index: int, text: str) -> Attempt:
    steps = list(attempt.steps)
    steps[index] = replace(steps[index], text=text)
    return Attempt(tuple(steps))


def renumbered(steps: list[Step]) -> Attempt:
    return Attempt(
        tuple(
            step if step.label == FINAL_RESPONSE else replace(step, label=str(number))
            for number, step in enumerate(steps, 1)
        )
    )


# --- what a pattern says -----------------------------------------------------------------------


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


def _is_clue(step: Step) -> bool:
    return '"' in step.text and not step.text.startswith(COMBINING)


def _is_combination(step: Step) -> bool:
    return step.text.startswith(COMBINING)


# --- the pattern of a clue or a combination ------------------------------------------------------


def _words(pattern: str) -> tuple[str, list[str], str]:
    front, rest = pattern.split(")", 1)
    body, back = rest.rsplit("(", 1)
    return f"{front})", body.split(), f"({back}"


def _joined(front: str, words: list[str], back: str) -> str:
    return " ".join([front, *words, back])


def _names(story: Story) -> list[str]:
    return [story.scene.short(name) for name in story.objects]


def _foreigner(story: Story) -> str:
    return next(s for s in ("Zed", "granite") if s not in _names(story))


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
    for name in _names(story):
        for other in _names(story):
            if re.search(rf"\b{name}\b", pattern) and not re.search(rf"\b{other}\b", pattern):
                yield re.sub(rf"\b{name}\b", other, pattern)


def swapped_objects(story: Story, pattern: str) -> Iterator[str]:
    there = [name for name in _names(story) if re.search(rf"\b{name}\b", pattern)]
    for name in there:
        for other in there:
            if name < other:
                swap = {name: other, other: name}
                yield re.sub(rf"\b(?:{name}|{other})\b", lambda m: swap[m[0]], pattern)  # noqa: B023


def unreadable_patterns(story: Story, pattern: str) -> Iterator[str]:
    """An object is foreign, doubled or left out for good; an end is missing or unknown."""
    front, words, back = _words(pattern)
    for name in _names(story):
        if re.search(rf"\b{name}\b", pattern):
            yield re.sub(rf"\b{name}\b", _foreigner(story), pattern)
            yield _joined(front, [*words, name], back)
    yield _joined("", words, "").strip()
    yield _joined("(here)", words, back)
    yield _joined(front, words, front)
    yield _joined(front, [*words, "\x00"], back)
    yield _joined(front, ["?"] * (story.count + 1), back)
    yield f"{pattern} {words[-1]}"


def _in_clue(ways: Callable[[Story, str], Iterator[str]], readable: bool = True) -> Plant:
    def plant(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not _is_clue(step):
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


def _in_combination(ways: Callable[[Story, str], Iterator[str]], readable: bool = True) -> Plant:
    """Plant what does not follow: the pattern is wrong if it is false, else the whole step."""

    def plant(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not _is_combination(step):
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
    clues = {index for index, step in enumerate(attempt.steps) if _is_clue(step)}
    return left_by(story, attempt, clues)


def whole_order_with_a_gap(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """An object of the whole order is left out."""
    step = attempt.steps[index]
    if not _is_combination(step) or "?" in step.text:
        return None
    right = pattern_of(step)
    wrong = re.sub(rf" \b{rng.choice(_names(story))}\b", "", right)
    return Planted(with_step(attempt, index, step.text.replace(right, wrong)), step.label, wrong)


def wrong_steps_named(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The ordering is right, but does not follow from the steps that are named."""
    step = attempt.steps[index]
    if not _is_combination(step):
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
    if not _is_combination(step):
        return None
    label = rng.choice([step.label, str(index + 2), "0", "99", "01"])
    text = re.sub(r"and \([0-9]+\)", f"and ({label})", step.text, count=1)
    span = text.partition(" we get ")[0]
    return Planted(with_step(attempt, index, text), step.label, span)


# --- the clue, the total, what is read off, the final response -----------------------------------


def wrong_clue(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """Another object, relation or place than in the question, or none that there is."""
    step = attempt.steps[index]
    if not _is_clue(step):
        return None
    said, _, rest = step.text.partition(": ")
    subject, _, told = said.partition(f" {story.scene.verb} ")
    ways = [f"{_subject(story, i)} {story.scene.verb} {told}" for i in range(story.count)]
    ways += [f"{subject} {story.scene.verb} {other}" for other in ("blue", "not there", "")]
    wrong = rng.choice([way for way in ways if not _is_said(story, way)])
    return Planted(with_step(attempt, index, f"{wrong}: {rest}"), step.label, wrong)


def _is_said(story: Story, text: str) -> bool:
    """Tell whether a clue says so, perhaps in other words."""
    statement = story.read_statement(text)
    return statement is not None and story.orders_of(statement) in story.clue_orders


def _subject(story: Story, index: int) -> str:
    subject = story.refer(index)
    return subject[0].upper() + subject[1:]


def _in_total(ways: Callable[[Story, list[str], random.Random], list[str]]) -> Plant:
    def plant(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not step.text.startswith(TOTAL):
            return None
        head = step.text.partition(": ")[0]
        mentioned = [story.scene.mention(name) for name in story.objects]
        names = ways(story, mentioned, rng)
        wrong = ", and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        return Planted(with_step(attempt, index, f"{head}: {wrong}."), step.label, wrong)

    return plant


def one_left_out(story: Story, names: list[str], rng: random.Random) -> list[str]:
    names.remove(rng.choice(names))
    return names


def one_doubled(story: Story, names: list[str], rng: random.Random) -> list[str]:
    return [*names, rng.choice(names)]


def one_replaced(story: Story, names: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(names))
    others = [_foreigner(story), "", *names[:at], *names[at + 1 :]]
    names[at] = rng.choice(others)
    return names


def wrong_number(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith(TOTAL):
        return None
    number = step.text.removeprefix(f"{TOTAL} ").split()[0]
    others = {"two", "three", "five", "seven", "eight", "2", "no"} - {number}
    wrong = f"{rng.choice(sorted(others))} {story.scene.plural}"
    text = step.text.replace(f"{number} {story.scene.plural}", wrong)
    return Planted(with_step(attempt, index, text), step.label, wrong)


def _others(story: Story) -> list[str]:
    return [story.refer(i) for i in range(story.count) if i != story.answer.index]


def wrong_reading(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """Another object stands there, or no object, or nowhere."""
    step = attempt.steps[index]
    if not step.text.startswith(ACCORDING):
        return None
    remark = step.text.removeprefix("According to this ordering, ").removesuffix(".")
    described = remark.rpartition(" is ")[0]
    ways = [f"{described} is {other}" for other in (*_others(story), _foreigner(story), "")]
    ways += ["the newt is the eldest", f"it is {story.refer(story.answer.index)}"]
    wrong = rng.choice(ways)
    text = step.text.replace(remark, wrong)
    return Planted(with_step(attempt, index, text), step.label, wrong)


def _final(story: Story, index: int) -> str:
    return story.states(replace(story.answer, index=index))


def wrong_sentence(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The final sentence names another object; its letter may agree with it."""
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    other = rng.choice([i for i in range(story.count) if i != story.answer.index])
    answer = step.text.partition(". ")[2]
    wrong = _final(story, other)
    letter = "ABCDEFG"[[option.index for option in story.options].index(other)]
    answer = rng.choice([answer, f"So the answer is ({letter})."])
    return Planted(with_step(attempt, index, f"{wrong}. {answer}"), FINAL_RESPONSE, wrong)


def wrong_letter(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    right = step.text[-3]
    wrong = f"So the answer is ({rng.choice([x for x in 'ABCDEFG' if x != right])})"
    text = f"{step.text.partition('. ')[0]}. {wrong}."
    return Planted(with_step(attempt, index, text), FINAL_RESPONSE, wrong)


def no_answer(story: Story, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    text = rng.choice(["I do not know.", step.text[:-1], step.text[:-5], "(A)", f"{step.text} A"])
    return Planted(with_step(attempt, index, text), FINAL_RESPONSE, text)


def another_sentence(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    step = attempt.steps[index]
    text = rng.choice(["I do not know.", f"{step.text}\nI see.", 'In "A" we trust.', "Combining."])
    return Planted(with_step(attempt, index, text), step.label, text)


# --- whole steps ---------------------------------------------------------------------------------


def skipped_number(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """A step is left out, and so is its number."""
    if index >= len(attempt.steps) - 2:
        return None
    shorter = Attempt((*attempt.steps[:index], *attempt.steps[index + 1 :]))
    label = shorter.steps[index].label
    return Planted(shorter, label, f"({label})")


def repeated_number(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """A step has the number of the step before it."""
    if index == 0 or index >= len(attempt.steps) - 1:
        return None
    steps = list(attempt.steps)
    steps[index] = replace(steps[index], label=steps[index - 1].label)
    label = steps[index].label
    return Planted(Attempt(tuple(steps)), label, f"({label})")


def swapped_numbers(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    if index >= len(attempt.steps) - 2:
        return None
    steps = list(attempt.steps)
    a, b = steps[index], steps[index + 1]
    steps[index], steps[index + 1] = replace(a, label=b.label), replace(b, label=a.label)
    return Planted(Attempt(tuple(steps)), b.label, f"({b.label})")


def nothing_combined(
    story: Story, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """From the clues at once to what is read off, or to the final response."""
    if not attempt.steps[index].text.startswith(ACCORDING):
        return None
    kept = [step for step in attempt.steps[:index] if not _is_combination(step)]
    last = max(i for i, step in enumerate(kept) if _is_clue(step))
    place = story.count - 1 - story.answer.steps if story.answer.from_back else story.answer.steps
    left = orders_of(story, pattern_of(kept[last]))
    if all(order[place] == str(story.answer.index) for order in left):
        return None
    rest = list(attempt.steps[index + rng.randrange(2) :])
    shorter = renumbered([*kept, *rest])
    wrong = shorter.steps[len(kept)]
    remark = wrong.text.removeprefix("According to this ordering, ").removesuffix(".")
    span = remark.partition(". ")[0] if wrong.label == FINAL_RESPONSE else remark
    return Planted(shorter, wrong.label, span)


PLANTS: dict[str, Plant] = {
    "clue: pattern reversed": _in_clue(reversed_patterns),
    "clue: wrong place": _in_clue(wrong_places),
    "clue: gap closed": _in_clue(closed_gaps),
    "clue: gap opened": _in_clue(opened_gaps),
    "clue: wrong object": _in_clue(other_objects),
    "clue: objects swapped": _in_clue(swapped_objects),
    "clue: unreadable pattern": _in_clue(unreadable_patterns, readable=False),
    "clue: not in the question": wrong_clue,
    "total: object missing": _in_total(one_left_out),
    "total: object doubled": _in_total(one_doubled),
    "total: object replaced": _in_total(one_replaced),
    "total: wrong number": wrong_number,
    "combination: reversed": _in_combination(reversed_patterns),
    "combination: wrong place": _in_combination(wrong_places),
    "combination: gap closed": _in_combination(closed_gaps),
    "combination: wrong object": _in_combination(other_objects),
    "combination: objects swapped": _in_combination(swapped_objects),
    "combination: unreadable pattern": _in_combination(unreadable_patterns, readable=False),
    "combination: object of the whole order missing": whole_order_with_a_gap,
    "combination: wrong steps named": wrong_steps_named,
    "combination: unknown step named": unknown_step_named,
    "wrong reading of the order": wrong_reading,
    "final: wrong sentence": wrong_sentence,
    "final: wrong letter": wrong_letter,
    "final: no answer": no_answer,
    "another sentence": another_sentence,
    "skipped number": skipped_number,
    "repeated number": repeated_number,
    "swapped numbers": swapped_numbers,
    "nothing combined": nothing_combined,
}
