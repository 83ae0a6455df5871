"""Gold rationales of multistep arithmetic, and their continuation from any right beginning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from engine.expressions import (
    Expr,
    ExpressionError,
    Num,
    evaluate,
    parse,
    reductions,
    render,
    substitute,
)
from engine.tasks.base import CannotImprove
from engine.trajectory import FINAL_RESPONSE, Attempt, Step

_GROUP = re.compile(r"\([^()]*\)")
_NAME = re.compile(r"[A-Z]")


@dataclass(slots=True)
class Established:
    """What the steps so far have settled."""

    form: Expr | None = None
    parts: dict[str, str] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    value: int | None = None
    steps: list[Step] = field(default_factory=list)

    def trees(self) -> dict[str, Expr]:
        return {name: parse(text) for name, text in self.parts.items()}

    def substituted(self) -> Expr:
        assert self.form is not None
        return substitute(self.form, {name: Num(v) for name, v in self.results.items()})


def _expression_of(question: str) -> str:
    return question.strip().removesuffix("=").strip()


def parse_question(question: str) -> Expr:
    """Read a question. Raises ExpressionError, also where it has names: those are for parts."""
    expr = parse(_expression_of(question))
    if _NAME.search(question):
        raise ExpressionError("the question has letters")
    return expr


def split_question(question: str) -> tuple[str, dict[str, str]]:
    """Name the innermost parentheses: return ``(A - B)`` and what each name stands for."""
    text = _expression_of(question)
    groups = _GROUP.findall(text)
    if not 1 <= len(groups) <= len(ascii_uppercase):
        raise ExpressionError("the question needs between 1 and 26 parentheses")
    letters = iter(ascii_uppercase)
    form = _GROUP.sub(lambda _: next(letters), text)
    return form, dict(zip(ascii_uppercase, groups, strict=False))


def join(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _chain(first: str, tree: Expr) -> str:
    """Write a calculation; ``first`` is how the expression stands in the question."""
    links = [first]
    for link in map(render, reductions(tree)):
        if link != links[-1]:
            links.append(link)
    return " = ".join(links)


def continue_rationale(established: Established, question: str) -> Attempt:
    """Write the right steps that are still to come after the established ones."""
    known, steps = established, list(established.steps)

    def add(text: str) -> None:
        steps.append(Step(str(len(steps) + 1), text))

    try:
        if known.form is None:
            parse_question(question)
            form, known.parts = split_question(question)
            known.form = parse(form)
            listed = join([f"{name} = {part}" for name, part in known.parts.items()])
            add(f'This equation can be written as "{form}", where {listed}.')
        trees = known.trees()
        for name, tree in trees.items():
            if name not in known.results:
                known.results[name] = evaluate(tree)
                add(f"Let's calculate {name} = {_chain(known.parts[name], tree)}.")
        if known.value is None:
            numbers = known.substituted()
            known.value = evaluate(numbers)
            add(
                f"Then, the final equation is {render(known.form)} = "
                f"{_chain(render(numbers), numbers)}."
            )
    except ExpressionError as error:
        raise CannotImprove(str(error)) from error
    steps.append(Step(FINAL_RESPONSE, f"So the answer is {known.value}."))
    return Attempt(tuple(steps))
