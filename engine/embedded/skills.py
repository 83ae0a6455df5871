"""A small general education for the embedded student, beside the rationales.

The paper's student had been pretrained on everything and could be taught to judge and repair
by a few hundred trajectories. This corpus is the counterpart for a student trained from
scratch: arithmetic worked out, notes of calculations checked and corrected, text copied and
edited. None of it is a trajectory, an attempt or a question of a task.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from engine.expressions import (
    Expr,
    Num,
    Op,
    Operator,
    Var,
    evaluate,
    names,
    parse,
    reduce_once,
    reductions,
    render,
    substitute,
)
from engine.trajectory import FEEDBACK_PREFIX, UPDATE_PREFIX, incorrect
from engine.worked_arithmetic import check_link, check_value, render_check, worked

_OPERATORS: tuple[Operator, ...] = ("+", "-", "*")
_LARGEST = 999

Document = tuple[str, str]
"""A prompt and what is to be learned as its continuation."""


class Draw(random.Random):
    """Random numbers of a lesson; ``level`` from 0 to 1 is how long and large things may be."""

    level = 1.0

    def upto(self, low: int, high: int) -> int:
        """Draw between ``low`` and ``high``, the latter the nearer the level is to 1."""
        return self.randint(low, low + round((high - low) * self.level))

    def number(self) -> int:
        """Draw a number of 1 to 3 digits, short ones more often."""
        digits = self.choices((1, 2, 3), weights=(8, 8 * self.level, 2 * self.level**2))[0]
        value = self.randrange(0 if digits == 1 else 10 ** (digits - 1), 10**digits)
        return -value if self.random() < 0.45 else value

    def leaf(self) -> Num:
        """Draw a number of an expression, mostly of one digit."""
        return Num(self.number() if self.random() < 0.2 * self.level else self.randint(-9, 9))

    def operator(self) -> Operator:
        return self.choice(_OPERATORS)


def value(rng: Draw) -> Document:
    """Draw one operation and its value."""
    expr = Op(rng.operator(), Num(rng.number()), Num(rng.number()))
    return render(expr), f" = {evaluate(expr)}"


def compare(rng: Draw) -> Document:
    """Draw the end of a check: a claimed value and what it comes to, the same or not."""
    left, operator, right = rng.number(), rng.operator(), rng.number()
    value = evaluate(Op(operator, Num(left), Num(right)))
    claim = _miscount(value, rng) if rng.random() < 0.5 else value
    check = check_value("1", left, operator, right, claim)
    if rng.random() < 0.5:
        check = f"{claim}? {value}, so {check.rpartition(', so ')[2]}"
    start, is_, verdict = check.rpartition(" is ")
    return start, f"{is_}{verdict}"


def recheck(rng: Draw) -> Document:
    """Draw some operations with values, half of them wrong, and how each is worked out."""
    claims, checks = [], []
    for index in range(1, rng.upto(1, 5) + 1):
        left, operator, right = rng.number(), rng.operator(), rng.number()
        value = evaluate(Op(operator, Num(left), Num(right)))
        claim = _miscount(value, rng) if rng.random() < 0.5 else value
        claims.append(f"({index}) {render(Op(operator, Num(left), Num(right)))} = {claim}")
        checks.append(check_value(str(index), left, operator, right, claim))
    return f"Task: work out {', '.join(claims)}\n{FEEDBACK_PREFIX}", f" {' '.join(checks)}"


def simplify(rng: Draw) -> Document:
    """Draw an expression, with parentheses or without, and its calculation link by link."""
    if rng.random() < 0.4:
        links = [render(link) for link in reductions(_tree(rng, rng.upto(2, 5)))]
    else:
        text = _flat(rng, rng.upto(3, 6))
        links = _calculation(rng, text, parse(text), slip=False).links
    return f"Task: simplify {links[0]}\n", " = ".join(links)


def copy(rng: Draw) -> Document:
    """Draw a list to be copied; half the time with one line replaced."""
    lines = [
        " = ".join(render(_tree(rng, rng.upto(0, 3))) for _ in range(rng.upto(1, 3)))
        for _ in range(1, rng.upto(2, 6))
    ]
    text = _numbered(lines)
    if rng.random() < 0.5:
        return f"Task: copy\n{text}\n", text
    index = rng.randrange(len(lines))
    lines[index] = f"{render(_tree(rng, rng.randint(0, 2)))} = {rng.number()}"
    return f"Task: replace ({index + 1}) by {lines[index]}.\n{text}\n", _numbered(lines)


def notes(rng: Draw) -> Document:
    """Draw formulas, of which later ones may use earlier results, and calculate them."""
    task, lines = _notes(rng, most=5, slips=False)
    return task, _numbered([line.right for line in lines])


def check(rng: Draw) -> Document:
    """Draw a short calculation, wrong in one place or right, and feedback on it."""
    task, lines = _notes(rng, most=3, slips=rng.random() < 0.5)
    attempt = _numbered([line.text for line in lines])
    return f"{task}{attempt}\n", f"{FEEDBACK_PREFIX} {_verdict(lines)}"


def review(rng: Draw) -> Document:
    """Draw a calculation, wrong in one place or right: feedback on it, and its update."""
    task, lines = _notes(rng, most=5, slips=rng.random() < 0.75)
    attempt = _numbered([line.text for line in lines])
    right = _numbered([line.right for line in lines])
    update = "" if attempt == right else f"\n{UPDATE_PREFIX}\n{right}"
    return f"{task}{attempt}\n", f"{FEEDBACK_PREFIX} {_verdict(lines)}{update}"


def _verdict(lines: list[_Line]) -> str:
    """Say in the words of feedback which line is wrong, if one is, and show the working."""
    working: list[str] = []
    for index, line in enumerate(lines, 1):
        for before, link in line.checked:
            equation = f"{render(before)} = {render(link)}"
            working += check_link(str(index), before, link, equation)[0]
        if line.span:
            found = incorrect(str(index), line.span, line.reason)
            return replace(found, working=" ".join(working)).render()
    praise = (
        "Step (1) is correct." if len(lines) == 1 else f"Steps (1) to ({len(lines)}) are correct."
    )
    return " ".join([*working, praise])


def amend(rng: Draw) -> Document:
    """Draw a calculation with arbitrary results and feedback on one: the rest is copied.

    What the results should be cannot be calculated here, so that the update has to be read from
    the calculation and from the reason that feedback gives.
    """
    formulas, lines, operations = [], [], []
    for letter in rng.sample(ascii_uppercase, rng.upto(1, 5)):
        formula = _formula(rng, [])
        expr = parse(formula)
        links = [letter, formula]
        if render(expr) != formula:
            links.append(render(expr))
        while isinstance(expr, Op):
            operation = _innermost(expr)
            expr = _replace_first(expr, operation, Num(rng.number()))
            links.append(render(expr))
        formulas.append(f"{letter} = {formula}")
        lines.append(links)
        operations.append(operation)
    index = rng.randrange(len(lines))
    operation, (*_, before, value_) = operations[index], lines[index]
    assert isinstance(operation.left, Num)
    assert isinstance(operation.right, Num)
    new = value_
    while new == value_:
        new = str(_miscount(int(value_), rng) if rng.random() < 0.5 else rng.number())
    left, operator, right = operation.left.value, operation.operator, operation.right.value
    start, *links = worked(left, operator, right).split(" = ")
    working = render_check(str(index + 1), f"{start} = {value_}", [*links[:-1], new], value_)
    found = incorrect(str(index + 1), f"{before} = {value_}", f"{start} = {new}")
    feedback = replace(found, working=working).render()
    attempt = _numbered([" = ".join(links) for links in lines])
    lines[index][-1] = new
    update = _numbered([" = ".join(links) for links in lines])
    task = f"Task: work out {', '.join(formulas)}\n{attempt}\n{FEEDBACK_PREFIX} {feedback}\n"
    return task, f"{UPDATE_PREFIX}\n{update}"


@dataclass(frozen=True)
class _Line:
    """A calculation as it stands and as it should be; ``span`` and ``reason`` of its error.

    ``checked`` are the pairs of links that a look for the error comes past.
    """

    text: str
    right: str
    span: str = ""
    reason: str = ""
    checked: Sequence[tuple[Expr, Expr]] = ()


def _numbered(lines: list[str]) -> str:
    return "\n".join(f"({index}) {line}." for index, line in enumerate(lines, 1))


def _notes(rng: Draw, *, most: int, slips: bool) -> tuple[str, list[_Line]]:
    """Draw at most so many formulas and their calculation; with ``slips``, one goes wrong."""
    letters = rng.sample(ascii_uppercase, rng.upto(1, most))
    slip_at = rng.randrange(len(letters)) if slips else -1
    noted: dict[str, Expr] = {}
    right: dict[str, Expr] = {}
    formulas, lines = [], []
    for index, letter in enumerate(letters):
        while True:
            formula = _formula(rng, list(noted))
            line = _calculated(rng, letter, formula, noted, right, slip=index == slip_at)
            values = [int(text.rsplit(" = ", 1)[1]) for text in (line.text, line.right)]
            if max(map(abs, values)) <= _LARGEST:
                break
        noted[letter], right[letter] = map(Num, values)
        formulas.append(f"{letter} = {formula}")
        lines.append(line)
    return f"Task: work out {', '.join(formulas)}\n", lines


def _formula(rng: Draw, known: list[str]) -> str:
    """Draw an expression, mostly of earlier results where there are some."""
    if not known or rng.random() < 0.4:
        if rng.random() < 0.5:
            return _flat(rng, rng.upto(2, 5))
        return render(_tree(rng, rng.choices((1, 2, 3), weights=(2, 3, 3 * rng.level))[0]))
    used = rng.sample(known, min(len(known), rng.choice((1, 2, 2, 3, 4))))
    leaves: list[Expr] = [Var(name) for name in used]
    leaves += [rng.leaf() for _ in range(rng.randint(0 if len(used) > 1 else 1, 1))]
    rng.shuffle(leaves)
    return render(_joined(rng, leaves))


def _joined(rng: Draw, leaves: list[Expr]) -> Expr:
    if len(leaves) == 1:
        return leaves[0]
    cut = rng.randint(1, len(leaves) - 1)
    return Op(rng.operator(), _joined(rng, leaves[:cut]), _joined(rng, leaves[cut:]))


def _calculated(
    rng: Draw,
    letter: str,
    formula: str,
    noted: dict[str, Expr],
    right: dict[str, Expr],
    *,
    slip: bool,
) -> _Line:
    """Calculate a formula from the results noted, with a slip or without, and from the right."""
    tree = parse(formula)
    used = sorted(set(names(tree)))
    named = f"{letter} = {formula}" if used else letter
    numbers, span, reason = substitute(tree, noted), "", ""
    if slip and used and rng.random() < 0.1:
        # A result miscopied, not miscounted.
        name = rng.choice(used)
        wrong = Num(_miscount(evaluate(noted[name]), rng))
        reason = f"{formula} = {render(numbers)}"
        numbers = substitute(tree, noted | {name: wrong})
        span = f"{formula} = {render(numbers)}"
        slip = False
    made = _calculation(rng, render(numbers) if used else formula, numbers, slip=slip)
    numbers = substitute(tree, right)
    corrected = _calculation(rng, render(numbers) if used else formula, numbers, slip=False)
    return _Line(
        " = ".join([named, *made.links]),
        " = ".join([named, *corrected.links]),
        span or made.span,
        reason or made.reason,
        () if span else made.checked,
    )


def _tree(rng: Draw, operations: int) -> Expr:
    """Draw an expression of so many operations, of any shape."""
    if operations == 0:
        return rng.leaf()
    left = rng.randrange(operations)
    return Op(rng.operator(), _tree(rng, left), _tree(rng, operations - 1 - left))


def _flat(rng: Draw, operands: int) -> str:
    """Draw an expression without inner parentheses, as ``(1 - 8 * -6)``."""
    parts = [str(rng.leaf().value)]
    for _ in range(operands - 1):
        parts += [rng.operator(), str(rng.leaf().value)]
    return f"({' '.join(parts)})"


@dataclass
class _Calculation:
    """A calculation link by link; ``span`` and ``reason`` of its error, if it has one."""

    links: list[str]
    checked: list[tuple[Expr, Expr]]
    span: str = ""
    reason: str = ""


def _calculation(rng: Draw, start: str, expr: Expr, *, slip: bool) -> _Calculation:
    """Calculate link by link; with a ``slip``, miscount once and go on from there."""
    made = _Calculation([start], [])
    if render(expr) != start:
        made.links.append(render(expr))
    at = rng.randrange(len(reductions(expr)) - 1) if slip and isinstance(expr, Op) else -1
    while isinstance(expr, Op):
        after = reduce_once(expr)
        if at == 0:
            target = _innermost(expr)
            value = evaluate(target)
            after = _replace_first(expr, target, Num(_miscount(value, rng)))
            made.reason = f"{render(target)} = {value}"
            made.span = f"{made.links[-1]} = {render(after)}"
        if at >= 0 or not slip:
            made.checked.append((expr, after))
        at -= 1
        expr = after
        made.links.append(render(expr))
    return made


def _innermost(expr: Op) -> Op:
    """Return the operation that `reduce_once` computes."""
    if isinstance(expr.left, Op):
        return _innermost(expr.left)
    return _innermost(expr.right) if isinstance(expr.right, Op) else expr


def _replace_first(expr: Expr, old: Op, new: Num) -> Expr:
    if expr is old:
        return new
    if isinstance(expr, Op):
        left = _replace_first(expr.left, old, new)
        right = expr.right if left is not expr.left else _replace_first(expr.right, old, new)
        return expr if left is expr.left and right is expr.right else Op(expr.operator, left, right)
    return expr


def _miscount(right: int, rng: Draw) -> int:
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


Skill = tuple[Callable[[Draw], Document], float]
"""A kind of documents and its share of the text of all skills."""

SKILLS: tuple[Skill, ...] = (
    (value, 0.05),
    (compare, 0.10),
    (recheck, 0.14),
    (simplify, 0.08),
    (copy, 0.04),
    (amend, 0.13),
    (notes, 0.06),
    (check, 0.22),
    (review, 0.18),
)
"""The usual shares; a lesson may have others."""
