"""A small general education for the embedded student, before it sees any rationale.

The paper's student had been pretrained on everything and could be taught to judge and repair
by a few hundred trajectories. This corpus is the counterpart for a student trained from
scratch: arithmetic worked out, equalities judged with the reason, lists searched for an
error, text copied and edited. None of it is a trajectory, an attempt or a question of a task.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.expressions import Expr, Num, Op, Operator, evaluate, reduce_once, render
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


def _equality(rng: Draw, wrong: bool) -> tuple[str, str]:
    """Return an equality and, if it is wrong, the working that shows it."""
    operations = rng.choices((1, 2, 3, 4), weights=(4, 3, 2 * rng.level, rng.level))[0]
    expr = _tree(rng, operations)
    assert isinstance(expr, Op)
    target: Op = expr
    while isinstance(target.left, Op) or isinstance(target.right, Op):
        inner = target.left if isinstance(target.left, Op) else target.right
        assert isinstance(inner, Op)
        target = inner
    value = evaluate(target)
    shown = _miscount(value, rng) if wrong else value
    before = render(expr)
    after = before.replace(render(target), str(shown), 1)
    assert isinstance(target.left, Num) and isinstance(target.right, Num)
    reason = worked(target.left.value, target.operator, target.right.value)
    return f"{before} = {after}", reason


def _judge(rng: Draw) -> Document:
    wrong = rng.random() < 0.5
    equality, reason = _equality(rng, wrong)
    return f"Task: judge {equality}\n", f"Wrong: {reason}" if wrong else "Right."


def _find_error(rng: Draw) -> Document:
    """A list of equalities with at most a few wrong ones: the first of them, and why."""
    count = rng.upto(2, 9)
    rate = rng.choice((0.0, 0.1, 0.25))
    lines, answer = [], "None."
    for index in range(1, count + 1):
        wrong = rng.random() < rate
        equality, reason = _equality(rng, wrong)
        lines.append(f"({index}) {equality}.")
        if wrong and answer == "None.":
            answer = f"({index}) {equality} is wrong: {reason}"
    return "Task: find the error\n" + "\n".join(lines) + "\n", answer


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
    _copy,
    _replace,
)
_WEIGHTS = (2, 8, 4, 1, 1)
