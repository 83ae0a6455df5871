"""A small general education for the arithmetic student, beside the rationales.

The paper's student had been pretrained on everything and could be taught to judge and repair
by a few hundred trajectories. This corpus is the counterpart for a student trained from
scratch: arithmetic worked out, notes of calculations checked and corrected, text copied and
edited. None of it is a trajectory, an attempt or a question of a task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from engine.embedded.arithmetic_draws import (
    calculate,
    draw_flat,
    draw_leaf,
    draw_number,
    draw_operator,
    draw_tree,
    innermost,
    join_leaves,
    miscount,
    replace_first,
)
from engine.embedded.curriculum import Document, Draw, Skill
from engine.expressions import (
    Expr,
    Num,
    Op,
    Var,
    evaluate,
    names,
    parse,
    reductions,
    render,
    substitute,
)
from engine.trajectory import FEEDBACK_PREFIX, UPDATE_PREFIX, incorrect
from engine.worked_arithmetic import check_link, check_value, render_check, worked

_LARGEST = 999


def value(rng: Draw) -> Document:
    """Draw one operation and its value."""
    expr = Op(draw_operator(rng), Num(draw_number(rng)), Num(draw_number(rng)))
    return render(expr), f" = {evaluate(expr)}"


def compare(rng: Draw) -> Document:
    """Draw the end of a check: a claimed value and what it comes to, the same or not."""
    left, operator, right = draw_number(rng), draw_operator(rng), draw_number(rng)
    value = evaluate(Op(operator, Num(left), Num(right)))
    claim = miscount(value, rng) if rng.random() < 0.5 else value
    check = check_value("1", left, operator, right, claim)
    if rng.random() < 0.5:
        check = f"{claim}? {value}, so {check.rpartition(', so ')[2]}"
    start, is_, verdict = check.rpartition(" is ")
    return start, f"{is_}{verdict}"


def recheck(rng: Draw) -> Document:
    """Draw some operations with values, half of them wrong, and how each is worked out."""
    claims, checks = [], []
    for index in range(1, rng.upto(1, 5) + 1):
        left, operator, right = draw_number(rng), draw_operator(rng), draw_number(rng)
        value = evaluate(Op(operator, Num(left), Num(right)))
        claim = miscount(value, rng) if rng.random() < 0.5 else value
        claims.append(f"({index}) {render(Op(operator, Num(left), Num(right)))} = {claim}")
        checks.append(check_value(str(index), left, operator, right, claim))
    return f"Task: work out {', '.join(claims)}\n{FEEDBACK_PREFIX}", f" {' '.join(checks)}"


def simplify(rng: Draw) -> Document:
    """Draw an expression, with parentheses or without, and its calculation link by link."""
    if rng.random() < 0.4:
        links = [render(link) for link in reductions(draw_tree(rng, rng.upto(2, 5)))]
    else:
        text = draw_flat(rng, rng.upto(3, 6))
        links = calculate(rng, text, parse(text), slip=False).links
    return f"Task: simplify {links[0]}\n", " = ".join(links)


def copy(rng: Draw) -> Document:
    """Draw a list to be copied; half the time with one line replaced."""
    lines = [
        " = ".join(render(draw_tree(rng, rng.upto(0, 3))) for _ in range(rng.upto(1, 3)))
        for _ in range(1, rng.upto(2, 6))
    ]
    text = _numbered(lines)
    if rng.random() < 0.5:
        return f"Task: copy\n{text}\n", text
    index = rng.randrange(len(lines))
    lines[index] = f"{render(draw_tree(rng, rng.randint(0, 2)))} = {draw_number(rng)}"
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
            operation = innermost(expr)
            expr = replace_first(expr, operation, Num(draw_number(rng)))
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
        new = str(miscount(int(value_), rng) if rng.random() < 0.5 else draw_number(rng))
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
            return draw_flat(rng, rng.upto(2, 5))
        return render(draw_tree(rng, rng.choices((1, 2, 3), weights=(2, 3, 3 * rng.level))[0]))
    used = rng.sample(known, min(len(known), rng.choice((1, 2, 2, 3, 4))))
    leaves: list[Expr] = [Var(name) for name in used]
    leaves += [draw_leaf(rng) for _ in range(rng.randint(0 if len(used) > 1 else 1, 1))]
    rng.shuffle(leaves)
    return render(join_leaves(rng, leaves))


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
        wrong = Num(miscount(evaluate(noted[name]), rng))
        reason = f"{formula} = {render(numbers)}"
        numbers = substitute(tree, noted | {name: wrong})
        span = f"{formula} = {render(numbers)}"
        slip = False
    made = calculate(rng, render(numbers) if used else formula, numbers, slip=slip)
    numbers = substitute(tree, right)
    corrected = calculate(rng, render(numbers) if used else formula, numbers, slip=False)
    return _Line(
        " = ".join([named, *made.links]),
        " = ".join([named, *corrected.links]),
        span or made.span,
        reason or made.reason,
        () if span else made.checked,
    )


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
