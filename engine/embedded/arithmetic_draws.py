"""Random calculations of the arithmetic student's schooling, and how hasty ones go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from engine.embedded.curriculum import Draw
from engine.expressions import Expr, Num, Op, Operator, evaluate, reduce_once, reductions, render

_OPERATORS: tuple[Operator, ...] = ("+", "-", "*")


def draw_number(rng: Draw) -> int:
    """Draw a number of 1 to 3 digits, short ones more often."""
    digits = rng.choices((1, 2, 3), weights=(8, 8 * rng.level, 2 * rng.level**2))[0]
    value = rng.randrange(0 if digits == 1 else 10 ** (digits - 1), 10**digits)
    return -value if rng.random() < 0.45 else value


def draw_leaf(rng: Draw) -> Num:
    """Draw a number of an expression, mostly of one digit."""
    return Num(draw_number(rng) if rng.random() < 0.2 * rng.level else rng.randint(-9, 9))


def draw_operator(rng: Draw) -> Operator:
    return rng.choice(_OPERATORS)


def join_leaves(rng: Draw, leaves: list[Expr]) -> Expr:
    """Combine expressions, in their order, by random operations."""
    if len(leaves) == 1:
        return leaves[0]
    cut = rng.randint(1, len(leaves) - 1)
    return Op(draw_operator(rng), join_leaves(rng, leaves[:cut]), join_leaves(rng, leaves[cut:]))


def draw_tree(rng: Draw, operations: int) -> Expr:
    """Draw an expression of so many operations, of any shape."""
    if operations == 0:
        return draw_leaf(rng)
    left = rng.randrange(operations)
    return Op(draw_operator(rng), draw_tree(rng, left), draw_tree(rng, operations - 1 - left))


def draw_flat(rng: Draw, operands: int) -> str:
    """Draw an expression without inner parentheses, as ``(1 - 8 * -6)``."""
    parts = [str(draw_leaf(rng).value)]
    for _ in range(operands - 1):
        parts += [draw_operator(rng), str(draw_leaf(rng).value)]
    return f"({' '.join(parts)})"


@dataclass
class Calculation:
    """A calculation link by link; ``span`` and ``reason`` of its error, if it has one."""

    links: list[str]
    checked: list[tuple[Expr, Expr]]
    span: str = ""
    reason: str = ""


def calculate(rng: Draw, start: str, expr: Expr, *, slip: bool) -> Calculation:
    """Calculate link by link; with a ``slip``, miscount once and go on from there."""
    made = Calculation([start], [])
    if render(expr) != start:
        made.links.append(render(expr))
    at = rng.randrange(len(reductions(expr)) - 1) if slip and isinstance(expr, Op) else -1
    while isinstance(expr, Op):
        after = reduce_once(expr)
        if at == 0:
            target = innermost(expr)
            value = evaluate(target)
            after = replace_first(expr, target, Num(miscount(value, rng)))
            made.reason = f"{render(target)} = {value}"
            made.span = f"{made.links[-1]} = {render(after)}"
        if at >= 0 or not slip:
            made.checked.append((expr, after))
        at -= 1
        expr = after
        made.links.append(render(expr))
    return made


def innermost(expr: Op) -> Op:
    """Return the operation that `reduce_once` computes."""
    if isinstance(expr.left, Op):
        return innermost(expr.left)
    return innermost(expr.right) if isinstance(expr.right, Op) else expr


def replace_first(expr: Expr, old: Op, new: Num) -> Expr:
    """Put ``new`` where the object ``old`` stands for the first time."""
    if expr is old:
        return new
    if isinstance(expr, Op):
        left = replace_first(expr.left, old, new)
        right = expr.right if left is not expr.left else replace_first(expr.right, old, new)
        return expr if left is expr.left and right is expr.right else Op(expr.operator, left, right)
    return expr


def miscount(right: int, rng: Draw) -> int:
    """Return a wrong value, wrong in the way that hasty arithmetic is."""
    while True:
        kind = rng.randrange(5)
        if kind == 0:
            wrong = right + rng.choice((-10, -2, -1, 1, 2, 10))
        elif kind == 1:
            wrong = -right
        elif kind <= 3:
            digits = list(str(abs(right)))
            digits[rng.randrange(len(digits))] = str(rng.randrange(10))
            wrong = int("".join(digits)) * (-1 if right < 0 else 1)
        else:
            wrong = right + rng.randint(-abs(right) // 4 - 5, abs(right) // 4 + 5)
        if wrong != right:
            return wrong
