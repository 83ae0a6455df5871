"""One operation worked out in small steps, as a teacher would on paper.

A gold rationale states ``(-24 * 17) = -408`` in one go. Scripted feedback shows the way: signs
first, then long multiplication.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.expressions import Expr, Num, Op, Operator, apply, evaluate, render

_HARD = 10
"""Operations of smaller numbers alone are known by heart, and not worked out again."""


def worked(left: int, operator: Operator, right: int) -> str:
    """Return the calculation as a chain of equalities that starts with the operation.

    ``worked(-24, "*", 17)`` is ``(-24 * 17) = -(24 * 10 + 24 * 7) = -(240 + 168) = -408``.

    Raises:
        ExpressionError: a value is too large.
    """
    start = render(Op(operator, Num(left), Num(right)))
    result = apply(operator, left, right)
    between = _product(left, right) if operator == "*" else _sum(left, operator, right)
    links = [start]
    for link in [*between, str(result)]:
        if link != links[-1]:
            links.append(link)
    return " = ".join(links)


def check_value(label: str, left: int, operator: Operator, right: int, claim: int) -> str:
    """Check the value that step ``label`` claims for an operation.

    ``check_value("2", -24, "*", 17, -398)`` is
    ``Check (2): (-24 * 17) = -398? -(24 * 10 + 24 * 7) = -(240 + 168) = -408, so -398 is wrong.``
    """
    operation, *links = worked(left, operator, right).split(" = ")
    return render_check(label, f"{operation} = {claim}", links, str(claim))


def render_check(label: str, equation: str, links: Sequence[str], claim: str) -> str:
    """Write a check: the equation in question, what it comes to link by link, and whether it does.

    The claim is repeated, since two numbers side by side are the easiest to compare.
    """
    verdict = "right" if links[-1] == claim else "wrong"
    return f"Check ({label}): {equation}? {' = '.join(links)}, so {claim} is {verdict}."


def check_link(label: str, before: Expr, link: Expr, equation: str) -> tuple[list[str], Op | None]:
    """Do the operations again that ``link`` states the values of, up to the first wrong one.

    ``equation`` is how ``before = link`` is written. It is quoted whole: to copy what stands there
    is easier than to take an operation out of one link and its value out of the next, and the end
    of one quotation says where the next begins.

    Returns the checks, and the operation whose value is wrong.
    """
    checks = []
    for operation, claim in _stated(before, link):
        left, right = evaluate(operation.left), evaluate(operation.right)
        value = apply(operation.operator, left, right)
        if value != claim or max(abs(left), abs(right)) >= _HARD:
            links = worked(left, operation.operator, right).split(" = ")
            if operation is before:
                links = links[1:]
            checks.append(render_check(label, equation, links, str(claim)))
        if value != claim:
            return checks, operation
    return checks, None


def _stated(before: Expr, link: Expr) -> Iterator[tuple[Op, int]]:
    """Yield the operations of two numbers in ``before`` for which ``link`` has a number."""
    if isinstance(before, Op) and isinstance(link, Op) and before.operator == link.operator:
        yield from _stated(before.left, link.left)
        yield from _stated(before.right, link.right)
    elif (
        isinstance(before, Op)
        and isinstance(link, Num)
        and isinstance(before.left, Num)
        and isinstance(before.right, Num)
    ):
        yield before, link.value


def _sum(left: int, operator: Operator, right: int) -> list[str]:
    """Rewrite a sum or difference until both numbers are positive, then take place by place."""
    if left == 0 or right == 0:
        return []
    signed = right if operator == "+" else -right
    links = []
    if right < 0:
        links.append(f"({left} {'-' if signed < 0 else '+'} {abs(right)})")
    if left < 0 and signed < 0:
        links.append(f"-({-left} + {-signed})")
    elif left < 0 < signed:
        links.append(f"({signed} - {-left})")
        left, signed = signed, left
    if left > 0 > signed and left < -signed:
        links.append(f"-({-signed} - {left})")
        return [*links, *_place_by_place("-", -signed, "-", left)]
    sign = "-" if left < 0 else ""
    return [
        *links,
        *_place_by_place(sign, abs(left), "+" if signed * left > 0 else "-", abs(signed)),
    ]


def _place_by_place(sign: str, left: int, operator: Operator, right: int) -> list[str]:
    """Add or take away hundreds, tens and ones in turn, where both numbers have several digits."""
    places = _places(right)
    if len(places) < 2 or left < 10:
        return []
    links = []
    while places:
        links.append(f"{sign}({f' {operator} '.join(map(str, [left, *places]))})")
        left = apply(operator, left, places.pop(0))
    return links


def _product(left: int, right: int) -> list[str]:
    """Split one factor by its decimal places, and add the partial products."""
    large, small = abs(left), abs(right)
    if large < small:
        large, small = small, large
    if large < 10 or small < 2:
        return []
    if len(_places(small)) > 1:
        terms = [(large, place) for place in _places(small)]
    else:
        terms = [(place, small) for place in _places(large)]
    negative = (left < 0) != (right < 0)
    if len(terms) < 2:
        return []
    links = [" + ".join(f"{a} * {b}" for a, b in terms)]
    partial = [a * b for a, b in terms]
    while len(partial) > 1:
        links.append(" + ".join(map(str, partial)))
        partial = [partial[0] + partial[1], *partial[2:]]
    return [f"{'-' if negative else ''}({link})" for link in links]


def _places(number: int) -> list[int]:
    """Split a positive number by its decimal places: 407 is 400 and 7."""
    digits = str(number)
    return [
        int(digit) * 10 ** (len(digits) - 1 - index)
        for index, digit in enumerate(digits)
        if digit != "0"
    ]
