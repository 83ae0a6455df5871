"""One operation worked out in small steps, as a teacher would on paper.

A gold rationale states ``(-24 * 17) = -408`` in one go. Where a student gets that wrong,
scripted feedback shows the way: signs first, then long multiplication.
"""

from __future__ import annotations

from engine.expressions import Num, Op, Operator, apply, render


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


def _sum(left: int, operator: Operator, right: int) -> list[str]:
    """Rewrite a sum or difference until both numbers are positive."""
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
