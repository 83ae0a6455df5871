"""Integer arithmetic with ``+``, ``-``, ``*``, parentheses and named parts.

Model text is never handed to ``eval``: this parser knows nothing but integers, three
operators and single capital letters, and bounds the size of all it reads and computes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

MAX_CHARS = 2_000
MAX_TOKENS = 400
MAX_DEPTH = 40
MAX_DIGITS = 40
"""Longest number read or computed; the task's own values have at most about 20 digits."""

Operator = Literal["+", "-", "*"]

_TOKEN = re.compile(r"\s*(?:([0-9]+)|([A-Z])|([()+*-]))")
_LIMIT = 10**MAX_DIGITS


class ExpressionError(ValueError):
    """The text is not an expression of this small language, or it is too large."""


@dataclass(frozen=True, slots=True)
class Num:
    """An integer literal."""

    value: int


@dataclass(frozen=True, slots=True)
class Var:
    """A named part, one capital letter."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
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


def parse(text: str) -> Expr:
    """Read an expression; ``*`` binds tighter than ``+`` and ``-``, all from left to right.

    Raises:
        ExpressionError: the text is something else or exceeds a bound of this module.
    """
    if len(text) > MAX_CHARS:
        raise ExpressionError(f"longer than {MAX_CHARS} characters")
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected {text[position : position + 10]!r}")
        token = match.group(match.lastindex or 0)
        if len(token) > MAX_DIGITS:
            raise ExpressionError(f"a number has more than {MAX_DIGITS} digits")
        tokens.append(token)
        position = match.end()
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError(f"more than {MAX_TOKENS} symbols")
    return tokens


class _Parser:
    """Recursive descent over a token list, with a bounded depth."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def whole(self) -> Expr:
        expr = self._sum()
        if self._position < len(self._tokens):
            raise ExpressionError(f"unexpected {self._tokens[self._position]!r}")
        return expr

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise ExpressionError("the expression is incomplete")
        self._position += 1
        return token

    def _sum(self) -> Expr:
        expr = self._product()
        while (token := self._peek()) in ("+", "-"):
            self._position += 1
            expr = Op("+" if token == "+" else "-", expr, self._product())
        return expr

    def _product(self) -> Expr:
        expr = self._atom()
        while self._peek() == "*":
            self._position += 1
            expr = Op("*", expr, self._atom())
        return expr

    def _atom(self) -> Expr:
        token = self._take()
        if token == "(":
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} nested parentheses")
            expr = self._sum()
            if self._peek() != ")":
                raise ExpressionError("a parenthesis is not closed")
            self._position += 1
            self._depth -= 1
            return expr
        if token == "-" and self._peek().isdigit():
            return Num(-int(self._take()))
        if token.isdigit():
            return Num(int(token))
        if token.isalpha():
            return Var(token)
        raise ExpressionError(f"unexpected {token!r}")


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
