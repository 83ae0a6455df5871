"""Integer arithmetic with ``+``, ``-``, ``*``, parentheses and named parts.

Model text is never handed to ``eval``: this parser knows nothing but integers, three
operators and single capital letters, and bounds the size of all it reads and computes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

MAX_CHARS = 2_000
MAX_TOKENS = 400
MAX_DEPTH = 40
MAX_DIGITS = 40
"""Longest number read or computed; the task's own values have at most about 20 digits."""

Operator = Literal["+", "-", "*"]

_KNOWN = re.compile(r"[\s0-9A-Z()+*-]*")
_TOKEN = re.compile(r"[0-9]+|[A-Z()+*-]")
_INNERMOST = re.compile(r"\((-?[0-9]+) ([+*-]) (-?[0-9]+)\)")
_LIMIT = 10**MAX_DIGITS


class ExpressionError(ValueError):
    """The text is not an expression of this small language, or it is too large."""


class Num(NamedTuple):
    """An integer literal."""

    value: int


class Var(NamedTuple):
    """A named part, one capital letter."""

    name: str


class Op(NamedTuple):
    """A binary operation."""

    operator: Operator
    left: Expr
    right: Expr


Expr = Num | Var | Op


def apply(operator: Operator, left: int, right: int) -> int:
    """Compute ``left operator right``.

    Raises:
        ExpressionError: the result has more than ``MAX_DIGITS`` digits.
    """
    if operator == "+":
        result = left + right
    elif operator == "-":
        result = left - right
    else:
        result = left * right
    if not -_LIMIT < result < _LIMIT:
        raise ExpressionError(f"a value has more than {MAX_DIGITS} digits")
    return result


def evaluate(expr: Expr) -> int:
    """Return the value of an expression without named parts.

    Raises:
        ExpressionError: a part is named, or a value is too large.
    """
    if isinstance(expr, Num):
        return expr.value
    if isinstance(expr, Var):
        raise ExpressionError(f"{expr.name} has no value here")
    return apply(expr.operator, evaluate(expr.left), evaluate(expr.right))


def substitute(expr: Expr, parts: Mapping[str, Expr]) -> Expr:
    """Replace named parts; names that ``parts`` lacks stay as they are."""
    if isinstance(expr, Var):
        return parts.get(expr.name, expr)
    if isinstance(expr, Op):
        left, right = substitute(expr.left, parts), substitute(expr.right, parts)
        return Op(expr.operator, left, right)
    return expr


def names(expr: Expr) -> Iterator[str]:
    """Yield the named parts from left to right, repeats included."""
    if isinstance(expr, Var):
        yield expr.name
    elif isinstance(expr, Op):
        yield from names(expr.left)
        yield from names(expr.right)


def render(expr: Expr) -> str:
    """Write an expression with parentheses around every operation: ``((1 - 8) + -6)``."""
    if isinstance(expr, Num):
        return str(expr.value)
    if isinstance(expr, Var):
        return expr.name
    return f"({render(expr.left)} {expr.operator} {render(expr.right)})"


@lru_cache(maxsize=256)  # one question has the same parts in many places
def parse(text: str) -> Expr:
    """Read an expression; ``*`` binds tighter than ``+`` and ``-``, all from left to right.

    Raises:
        ExpressionError: the text is something else or exceeds a bound of this module.
    """
    if len(text) > MAX_CHARS:
        raise ExpressionError(f"longer than {MAX_CHARS} characters")
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[str]:
    known = _KNOWN.match(text)
    end = known.end() if known is not None else 0
    tokens = _TOKEN.findall(text, 0, end)
    if max(map(len, tokens), default=0) > MAX_DIGITS:
        raise ExpressionError(f"a number has more than {MAX_DIGITS} digits")
    if end < len(text):
        position = len(text[:end].rstrip())
        raise ExpressionError(f"unexpected {text[position : position + 10]!r}")
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError(f"more than {MAX_TOKENS} symbols")
    return tokens


class _Parser:
    """Recursive descent over tokens, with a bounded depth."""

    def __init__(self, tokens: list[str]) -> None:
        # The next token is the last one here; an empty one is the end.
        self._rest = ["", *reversed(tokens)]
        self._depth = 0

    def whole(self) -> Expr:
        expr = self._sum()
        if self._rest[-1]:
            raise ExpressionError(f"unexpected {self._rest[-1]!r}")
        return expr

    def _sum(self) -> Expr:
        rest = self._rest
        expr = self._product()
        while (token := rest[-1]) == "+" or token == "-":
            rest.pop()
            expr = Op("+" if token == "+" else "-", expr, self._product())
        return expr

    def _product(self) -> Expr:
        rest = self._rest
        expr = self._atom()
        while rest[-1] == "*":
            rest.pop()
            expr = Op("*", expr, self._atom())
        return expr

    def _atom(self) -> Expr:
        rest = self._rest
        token = rest.pop()
        if token.isdigit():
            return Num(int(token))
        if token == "-" and rest[-1].isdigit():
            return Num(-int(rest.pop()))
        if token == "(":
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} nested parentheses")
            expr = self._sum()
            if rest.pop() != ")":
                raise ExpressionError("a parenthesis is not closed")
            self._depth -= 1
            return expr
        if token.isalpha():
            return Var(token)
        raise ExpressionError(f"unexpected {token!r}" if token else "the expression is incomplete")


def reduce_once(expr: Op) -> Expr:
    """Compute the innermost operation furthest to the left, the next link of a calculation.

    Raises:
        ExpressionError: that operation has a named part, or its value is too large.
    """
    if isinstance(expr.left, Op):
        return Op(expr.operator, reduce_once(expr.left), expr.right)
    if isinstance(expr.right, Op):
        return Op(expr.operator, expr.left, reduce_once(expr.right))
    return Num(evaluate(expr))


def reductions(expr: Expr) -> list[Expr]:
    """Return the expression and all its successive reductions; the last is a number."""
    chain = [expr]
    while isinstance(expr, Op):
        expr = reduce_once(expr)
        chain.append(expr)
    return chain


def reduce_rendered(text: str) -> str:
    """Do as `reduce_once` does, on what `render` writes of an expression without named parts.

    A number stays as it is. This takes a fraction of the time that rendering takes.

    Raises:
        ExpressionError: the value of the operation is too large.
    """
    # What the first closing parenthesis closes is the innermost operation furthest to the left.
    operation = _INNERMOST.search(text)
    if operation is None:
        return text
    left, operator, right = operation.groups()
    sign: Operator = "+" if operator == "+" else "-" if operator == "-" else "*"
    value = apply(sign, int(left), int(right))
    return f"{text[: operation.start()]}{value}{text[operation.end() :]}"
