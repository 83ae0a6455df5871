"""Errors planted in gold rationales: what all tasks share of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.trajectory import FINAL_RESPONSE, Attempt, Step


@dataclass(frozen=True)
class Planted:
    """A wrong attempt, and the diagnosis that is right: step and span."""

    attempt: Attempt
    step: str
    span: str


Plant = Callable[[Attempt, int, random.Random], Planted | None]
"""Spoils the step at an index; None where that step cannot have this error."""

PlantOfQuestion = Callable[..., Planted | None]
"""The same, with the question as its task reads it before the attempt."""


def of_any_question(plant: Plant) -> PlantOfQuestion:
    """Plant what does not depend on the question."""
    return lambda question, attempt, index, rng: plant(attempt, index, rng)


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


def no_full_stop(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    step = attempt.steps[index]
    text = step.text.removesuffix(".")
    return Planted(with_step(attempt, index, text), step.label, text)


def skipped_number(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    """A step is left out, and so is its number."""
    if index >= len(attempt.steps) - 2:
        return None
    shorter = Attempt((*attempt.steps[:index], *attempt.steps[index + 1 :]))
    label = shorter.steps[index].label
    return Planted(shorter, label, f"({label})")


def swapped_numbers(attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
    if index >= len(attempt.steps) - 2:
        return None
    steps = list(attempt.steps)
    a, b = steps[index], steps[index + 1]
    steps[index], steps[index + 1] = replace(a, label=b.label), replace(b, label=a.label)
    return Planted(Attempt(tuple(steps)), b.label, f"({b.label})")
