"""A small general education for the embedded student, before it sees any rationale.

The paper's student had been pretrained on everything and could be taught to judge and repair
by a few hundred trajectories. This corpus is the counterpart for a student trained from
scratch: arithmetic worked out, equalities judged with the reason, lists searched for an
error, text copied and edited. None of it is a trajectory, an attempt or a question of a task.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from engine.expressions import Expr, Num, Op, Operator, evaluate, reduce_once, reductions, render
from engine.trajectory import incorrect
from engine.worked_arithmetic import worked

_OPERATORS: tuple[Operator, ...] = ("+", "-", "*")

Document = tuple[str, str]
"""A prompt and what is to be learned as its continuation."""


class Draw(random.Random):
    """Random numbers of a lesson; ``level`` from 0 to 1 is how long and large things may be."""

    level = 1.0

    def upto(self, low: int, high: int) -> int:
        """Draw between ``low`` and ``high``, the latter the nearer the level is to 1."""
        return self.randint(low, low + round((high - low) * self.level))


def fact(rng: Draw) -> Document:
    """Draw one operation: its value, or how it is worked out."""
    return rng.choice((_value, _value, _work_out))(rng)


def skill(rng: Draw) -> Document:
    """Draw one document of the longer kinds."""
    return rng.choices(_KINDS, weights=_WEIGHTS)[0](rng)


def _number(rng: Draw) -> int:
    """Draw a number of 1 to 3 digits, short ones much more often."""
    digits = rng.choices((1, 2, 3), weights=(8, 8 * rng.level, 1.5 * rng.level**2))[0]
    value = rng.randrange(0 if digits == 1 else 10 ** (digits - 1), 10**digits)
    return -value if rng.random() < 0.45 else value


def _tree(rng: Draw, operations: int) -> Expr:
    if operations == 0:
        return Num(_number(rng) if rng.random() < 0.4 else rng.randint(-9, 9))
    left = rng.randrange(operations)
    return Op(rng.choice(_OPERATORS), _tree(rng, left), _tree(rng, operations - 1 - left))


def _operation(rng: Draw) -> tuple[int, Operator, int]:
    return _number(rng), rng.choice(_OPERATORS), _number(rng)


def _work_out(rng: Draw) -> Document:
    left, operator, right = _operation(rng)
    chain = worked(left, operator, right)
    start = chain.split(" = ", 1)[0]
    return f"Task: work out {start}\n", chain


def _value(rng: Draw) -> Document:
    left, operator, right = _operation(rng)
    expr = Op(operator, Num(left), Num(right))
    return f"{render(expr)}", f" = {evaluate(expr)}"


def _simplify(rng: Draw) -> Document:
    expr = _tree(rng, rng.upto(2, 4))
    links = [render(expr)]
    while isinstance(expr, Op):
        expr = reduce_once(expr)
        links.append(render(expr))
    return f"Task: simplify {links[0]}\n", " = ".join(links)


def _miscount(value: int, rng: Draw) -> int:
    """Return a wrong value, wrong in the way that hasty arithmetic is."""
    while True:
        kind = rng.randrange(4)
        if kind == 0:
            wrong = value + rng.choice((-10, -2, -1, 1, 2, 10))
        elif kind == 1:
            wrong = -value
        elif kind == 2:
            digits = list(str(abs(value)))
            digits[rng.randrange(len(digits))] = str(rng.randrange(10))
            wrong = int("".join(digits)) * (-1 if value < 0 else 1)
        else:
            wrong = value + rng.randint(-abs(value) // 4 - 5, abs(value) // 4 + 5)
        if wrong != value:
            return wrong


@dataclass(frozen=True)
class _Line:
    """A chain of equalities; ``span`` and ``reason`` are of its only wrong link, if it has one."""

    text: str
    repaired: str
    span: str = ""
    reason: str = ""


def _line(rng: Draw, wrong: bool) -> _Line:
    """Draw a calculation link by link; a wrong one miscounts once and goes on from there."""
    expr = _tree(rng, rng.choices((1, 2, 3, 4), weights=(4, 3, 2 * rng.level, rng.level))[0])
    right = [render(link) for link in reductions(expr)]
    links = [right[0]]
    slip = rng.randrange(len(right) - 1) if wrong else -1
    span = reason = ""
    while isinstance(expr, Op):
        after = reduce_once(expr)
        if len(links) - 1 == slip:
            target = innermost(expr)
            assert isinstance(target.left, Num)
            assert isinstance(target.right, Num)
            reason = worked(target.left.value, target.operator, target.right.value)
            after = _replace_first(expr, target, Num(_miscount(evaluate(target), rng)))
            span = f"{render(expr)} = {render(after)}"
        expr = after
        links.append(render(expr))
    return _Line(" = ".join(links), " = ".join(right), span, reason)


def innermost(expr: Op) -> Op:
    """Return the operation that `reduce_once` computes."""
    if isinstance(expr.left, Op):
        return innermost(expr.left)
    return innermost(expr.right) if isinstance(expr.right, Op) else expr


def _replace_first(expr: Expr, old: Op, new: Num) -> Expr:
    if expr is old:
        return new
    if isinstance(expr, Op):
        left = _replace_first(expr.left, old, new)
        right = expr.right if left is not expr.left else _replace_first(expr.right, old, new)
        return expr if left is expr.left and right is expr.right else Op(expr.operator, left, right)
    return expr


def _judge(rng: Draw) -> Document:
    line = _line(rng, wrong := rng.random() < 0.5)
    return f"Task: judge {line.text}\n", f"Wrong: {line.reason}" if wrong else "Right."


def _verdict(lines: list[_Line]) -> str:
    """Say in the words that feedback uses which line is the first wrong one."""
    for index, line in enumerate(lines, 1):
        if line.span:
            return incorrect(str(index), line.span, line.reason).render()
    return f"Steps (1) to ({len(lines)}) are correct."


def _list(rng: Draw, most: int) -> tuple[list[_Line], str]:
    """Draw lines of which some or none are wrong, and write them down."""
    rate = rng.choice((0.0, 0.15, 0.3))
    lines = [_line(rng, rng.random() < rate) for _ in range(rng.upto(2, most))]
    return lines, "\n".join(f"({i}) {line.text}." for i, line in enumerate(lines, 1))


def _find_error(rng: Draw) -> Document:
    """A list of calculations: the first wrong one, and why."""
    lines, text = _list(rng, 7)
    return f"Task: find the error\n{text}\n", _verdict(lines)


def _repair(rng: Draw) -> Document:
    """A list of calculations and what is wrong with it: the list put right."""
    lines, text = _list(rng, 5)
    right = "\n".join(f"({i}) {line.repaired}." for i, line in enumerate(lines, 1))
    return f"Task: replace\n{text}\n{_verdict(lines)}\n", right


def _lines(rng: Draw) -> list[str]:
    return [
        f"({index}) "
        + " = ".join(render(_tree(rng, rng.upto(0, 3))) for _ in range(rng.upto(1, 3)))
        + "."
        for index in range(1, rng.upto(2, 6))
    ]


def _copy(rng: Draw) -> Document:
    text = "\n".join(_lines(rng))
    return f"Task: copy\n{text}\n", text


def _replace(rng: Draw) -> Document:
    """Copy a list, but one line is replaced by another."""
    lines = _lines(rng)
    index = rng.randrange(len(lines))
    new = f"{render(_tree(rng, rng.randint(0, 2)))} = {_number(rng)}."
    document = "\n".join(lines)
    lines[index] = f"({index + 1}) {new}"
    return f"Task: replace ({index + 1}) by {new}\n{document}\n", "\n".join(lines)


_KINDS: tuple[Callable[[Draw], Document], ...] = (
    _simplify,
    _judge,
    _find_error,
    _repair,
    _copy,
    _replace,
)
_WEIGHTS = (2, 8, 5, 2, 1, 1)
