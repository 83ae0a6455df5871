"""Errors of every kind, planted in gold rationales of multistep arithmetic."""

import random
import re
from collections.abc import Callable, Iterator

from planted_errors import (
    Plant,
    Planted,
    no_full_stop,
    renumbered,
    skipped_number,
    swapped_numbers,
    with_step,
)

from engine.expressions import ExpressionError, Op, evaluate, parse
from engine.trajectory import FINAL_RESPONSE, Attempt

WHOLE, CALCULATE, FINALLY = "This equation", "Let's calculate", "Then, the final"

_NUMBER = re.compile(r"-?\d+")
_OPERATOR = re.compile(r" ([+*-]) ")
_OPERAND = re.compile(r" [+*-] -?\d+(?=\))")


def steps_of(attempt: Attempt, *openings: str) -> list[int]:
    """Indexes of the steps that open so."""
    return [i for i, step in enumerate(attempt.steps) if step.text.startswith(openings)]


# --- a link of a calculation ------------------------------------------------------------------


def wrong_numbers(link: str) -> Iterator[str]:
    for found in _NUMBER.finditer(link):
        for by in (1, -1, 10):
            yield link[: found.start()] + str(int(found[0]) + by) + link[found.end() :]


def cut_numbers(link: str) -> Iterator[str]:
    """The first digits of the right number: a text that the right one contains."""
    if re.fullmatch(r"-?\d{2,}", link):
        yield link[:-1]


def wrong_signs(link: str) -> Iterator[str]:
    for found in _NUMBER.finditer(link):
        yield link[: found.start()] + str(-int(found[0])) + link[found.end() :]


def wrong_operators(link: str) -> Iterator[str]:
    for found in _OPERATOR.finditer(link):
        for operator in {"+", "-", "*"} - {found[1]}:
            yield f"{link[: found.start()]} {operator} {link[found.end() :]}"


def dropped_operands(link: str) -> Iterator[str]:
    for found in _OPERAND.finditer(link):
        yield link[: found.start()] + link[found.end() :]


def _value(link: str) -> int | None:
    try:
        return evaluate(parse(link))
    except ExpressionError:
        return None


def _chain(text: str) -> tuple[str, list[str], int]:
    """What stands before the calculation, its links, and the first that is calculated."""
    if text.startswith(CALCULATE):
        head, _, chain = text.partition(" = ")
        return f"{head} = ", chain.removesuffix(".").split(" = "), 1
    head = "Then, the final equation is "
    return head, text.removeprefix(head).removesuffix(".").split(" = "), 2


def _in_link(ways: Callable[[str], Iterator[str]], unreadable: bool = False) -> Plant:
    def plant(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        step = attempt.steps[index]
        if not step.text.startswith((CALCULATE, FINALLY)):
            return None
        head, links, first = _chain(step.text)
        choices = [
            (at, wrong)
            for at in range(first, len(links))
            for wrong in sorted(ways(links[at]))
            if unreadable or _value(wrong) != _value(links[at])
        ]
        if not choices:
            return None
        at, wrong = rng.choice(choices)
        spoiled = [*links[:at], wrong, *links[at + 1 :]]
        text = f"{head}{' = '.join(spoiled)}."
        return Planted(with_step(attempt, index, text), step.label, f"{links[at - 1]} = {wrong}")

    return plant


def unreadable_links(link: str) -> Iterator[str]:
    yield from ("", "?", "eight", "2 ** 3", "(A + 1)", "9" * 60, link[:-1] + "(", f"{link}\x00")
    if link.endswith(")"):
        yield link[:-1]


def unfinished(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith((CALCULATE, FINALLY)):
        return None
    head, links, first = _chain(step.text)
    ends = [at for at in range(first, len(links)) if isinstance(parse(links[at - 1]), Op)]
    at = rng.choice(ends)
    text = f"{head}{' = '.join(links[:at])}."
    return Planted(with_step(attempt, index, text), step.label, links[at - 1])


# --- the parts, the form, the final equation and response --------------------------------------


def wrong_copy_of_a_part(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """In the step that names the parts, or in the one that calculates a part."""
    step = attempt.steps[index]
    parts = re.findall(r"[A-Z] = \([^()]*\)", step.text)
    if not parts or step.text.startswith(FINALLY):
        return None
    part = rng.choice(parts[:1] if step.text.startswith(CALCULATE) else parts)
    ways = [*wrong_numbers(part), *wrong_operators(part), *dropped_operands(part)]
    wrong = rng.choice(sorted(ways))
    text = step.text.replace(part, wrong, 1)
    return Planted(with_step(attempt, index, text), step.label, wrong)


def part_left_out(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith(WHOLE):
        return None
    parts = re.findall(r"[A-Z] = \([^()]*\)", step.text)
    parts.remove(rng.choice(parts))
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    head = step.text.split(", where ")[0]
    text = f"{head}, where {listed}."
    return Planted(with_step(attempt, index, text), step.label, f"where {listed}")


def wrong_form(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """Another operator or name, a branch alone or an open parenthesis, as the text in quotes."""
    step = attempt.steps[index]
    if not step.text.startswith(WHOLE):
        return None
    form = step.text.split('"')[1]
    others = [form[:-1], "(A - B", "", "(A - 2)", form.replace("A", "Z"), form.replace("A", "B")]
    swapped = form.translate(str.maketrans("AB", "BA"))
    wrong = rng.choice([*sorted(wrong_operators(form)), *others, swapped])
    text = step.text.replace(f'"{form}"', f'"{wrong}"', 1)
    return Planted(with_step(attempt, index, text), step.label, wrong or text)


def wrong_final_form(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith(FINALLY):
        return None
    head, links, _ = _chain(step.text)
    wrong = rng.choice(sorted(wrong_operators(links[0])))
    text = f"{head}{' = '.join([wrong, *links[1:]])}."
    return Planted(with_step(attempt, index, text), step.label, wrong)


def wrong_substitution(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if not step.text.startswith(FINALLY):
        return None
    head, links, _ = _chain(step.text)
    wrong = rng.choice(sorted({*wrong_numbers(links[1]), *wrong_operators(links[1])}))
    text = f"{head}{' = '.join([links[0], wrong, *links[2:]])}."
    return Planted(with_step(attempt, index, text), step.label, f"{links[0]} = {wrong}")


def wrong_final_response(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    if step.label != FINAL_RESPONSE:
        return None
    right = _NUMBER.findall(step.text)[0]
    number = rng.choice([*wrong_numbers(right), f"{right}0", "eight", f"{right}.0", ""])
    wrong = f"So the answer is {number}."
    if number.lstrip("-0") == right.lstrip("-0"):
        return None
    return Planted(with_step(attempt, index, wrong), FINAL_RESPONSE, wrong)


def another_sentence(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    text = rng.choice(["I do not know.", "", "So A = 3.", "Let's calculate.", 'In "A" we trust.'])
    return Planted(with_step(attempt, index, text), attempt.steps[index].label, text)


# --- whole steps -------------------------------------------------------------------------------


def missing_step(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """The others are numbered as if nothing were missing."""
    if attempt.steps[index].label == FINAL_RESPONSE:
        return None
    shorter = renumbered([*attempt.steps[:index], *attempt.steps[index + 1 :]])
    if steps_of(attempt, WHOLE) == [index]:
        return Planted(shorter, "1", shorter.steps[0].text)
    if steps_of(attempt, FINALLY) == [index]:
        return Planted(shorter, FINAL_RESPONSE, shorter.steps[-1].text)
    final = shorter.steps[-2]
    return Planted(shorter, final.label, _chain(final.text)[1][0])


def repeated_step(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """A calculation that was done is done again, as the next step."""
    step = attempt.steps[index]
    if not step.text.startswith(CALCULATE):
        return None
    longer = renumbered([*attempt.steps[: index + 1], *attempt.steps[index:]])
    name = step.text.removeprefix(f"{CALCULATE} ")[0]
    return Planted(longer, longer.steps[index + 1].label, f"calculate {name}")


PLANTS: dict[str, Plant] = {
    "wrong number": _in_link(wrong_numbers),
    "number cut short": _in_link(cut_numbers),
    "wrong sign": _in_link(wrong_signs),
    "wrong operator": _in_link(wrong_operators),
    "dropped operand": _in_link(dropped_operands),
    "unreadable link": _in_link(unreadable_links, unreadable=True),
    "unfinished calculation": unfinished,
    "wrong copy of a part": wrong_copy_of_a_part,
    "part left out": part_left_out,
    "wrong form": wrong_form,
    "wrong final form": wrong_final_form,
    "wrong substitution": wrong_substitution,
    "wrong final response": wrong_final_response,
    "another sentence": another_sentence,
    "no full stop": no_full_stop,
    "missing step": missing_step,
    "skipped number": skipped_number,
    "swapped labels": swapped_numbers,
    "repeated step": repeated_step,
}
