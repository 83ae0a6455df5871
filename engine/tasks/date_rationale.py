"""Gold rationales of date understanding, and their continuation from any right beginning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.tasks.base import CannotImprove
from engine.tasks.date_question import NoQuestion, Problem
from engine.tasks.date_words import long_form, slashes
from engine.trajectory import FINAL_RESPONSE, Attempt, Step


@dataclass(slots=True)
class Established:
    """What the steps so far have settled."""

    steps: list[Step] = field(default_factory=list)
    days: set[date] = field(default_factory=set)
    """The days that they have stated, rightly."""


def gold_steps(problem: Problem) -> Iterator[tuple[str, date]]:
    """Write the steps to the date that is asked for, each with the day that it states."""
    *before, last = problem.solution.deductions
    for deduction in before:
        yield f"{deduction}.", deduction.day
    if problem.asked.text == "today":
        yield f"{last}, that is {slashes(last.day)}.", last.day
        return
    yield f"{last}.", last.day
    target = problem.target
    yield (
        f"The date {problem.asked.text} is {long_form(target)}, that is {slashes(target)}.",
        target,
    )


def continue_rationale(established: Established, problem: Problem) -> Attempt:
    """Write the right steps that are still to come after the established ones.

    Raises:
        CannotImprove: no option of the question is right.
    """
    try:
        letter = problem.right_letter()
    except NoQuestion as error:
        raise CannotImprove(str(error)) from error
    steps = list(established.steps)
    if steps and steps[-1].label == FINAL_RESPONSE:
        return Attempt(tuple(steps))
    for text in _still_to_come(list(gold_steps(problem)), established.days):
        steps.append(Step(str(len(steps) + 1), text))
    steps.append(Step(FINAL_RESPONSE, f"So the answer is ({letter})."))
    return Attempt(tuple(steps))


def _still_to_come(gold: Sequence[tuple[str, date]], stated: Collection[date]) -> list[str]:
    """Leave out what was stated, and all that only leads there."""
    done = [place for place, (_, day) in enumerate(gold, 1) if day in stated]
    return [text for text, _ in gold[max(done, default=0) :]]
