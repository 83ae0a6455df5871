"""Numbers as people and models write them: 1,234.5, −7, 3/4, \\frac{3}{4}, 50%, $20, 5 km."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine.tasks.own.settings import NumberAnswer

MOST_CHARS = 200
"""Longest text that is read as one number with its unit."""

_BLANKS = " \u00a0\u2009\u202f"
_CURRENCY = r"\\?\$|[€£¥]"


def _number(separators: str) -> str:
    """Any number, with these characters between its thousands.

    Digits are ASCII and every repetition is bounded: a search takes linear time, a value little.
    """
    whole = rf"(?:[0-9]{{1,3}}(?:[{separators}][0-9]{{3}}){{1,20}}|[0-9]{{1,60}})(?![0-9])"
    part = r"\.[0-9]{1,60}(?![0-9])"
    exponent = r"(?:[eE][-+]?[0-9]{1,3}(?!\w))?"
    fraction = r"\\[dt]?frac\{(?P<over>[0-9]{1,60})\}\{(?P<under>[0-9]{1,60})\}"
    divided = r"(?: ?/ ?(?P<divisor>[0-9]{1,60})(?![0-9/]|[.,][0-9]))?"
    return (
        rf"(?P<sign>[-+−][{_BLANKS}]?)?(?P<currency>{_CURRENCY})? ?"
        rf"(?:{fraction}|(?P<value>(?:{whole}(?:{part})?|{part}){exponent}){divided})"
    )


_ALONE = re.compile(_number(f",'_{_BLANKS}"))
_IN_TEXT = re.compile(rf"(?<![\w.,/]){_number(',')}(?P<percent> ?\\?%)?")
_UNIT = re.compile(
    r"\\?(?:[^\W\d_]|[%‰°/€£¥$])[^0-9=+*;:<>]{0,30}(?:(?<=[^\W_])[0-9]|(?<=\^)[0-9])?"
)
_UNIT_WORDS = 3
_SEPARATORS = str.maketrans("", "", f",'_{_BLANKS}")
_SWAP = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit, which is empty where none is stated; ``%`` is a unit."""

    value: Fraction
    unit: str = ""


def read_number(text: str, decimal_comma: bool = False) -> Number | None:
    """Read a text that is one number, with a unit or without."""
    text = text.strip()
    if len(text) > MOST_CHARS:
        return None
    if decimal_comma:
        text = text.translate(_SWAP)
    match = _ALONE.match(text)
    value = _value(match) if match is not None else None
    if match is None or value is None:
        return None
    unit = text[match.end() :].strip().rstrip(".")
    if unit and not (_UNIT.fullmatch(unit) and len(unit.split()) <= _UNIT_WORDS):
        return None
    return Number(value, (unit or match["currency"] or "").removeprefix("\\"))


def find_number(said: str, decimal_comma: bool = False) -> str | None:
    """The number in a short text that announces one; of an equation, what it comes to."""
    said = said.rpartition("=")[2].strip() or said
    if read_number(said, decimal_comma) is not None:
        return said
    return next(_numbers(said, decimal_comma), None)


def last_number(text: str, decimal_comma: bool = False) -> str | None:
    """The last number in any text."""
    last: str | None = None
    for number in _numbers(text, decimal_comma):
        last = number
    return last


def _numbers(text: str, decimal_comma: bool) -> Iterator[str]:
    searched = text.translate(_SWAP) if decimal_comma else text
    for match in _IN_TEXT.finditer(searched):
        start = match.start()
        before = searched[max(0, start - 2) : start].rstrip()
        # In 7 - 5 the sign belongs to no number.
        is_binary = match["sign"] is not None and (before[-1:].isdigit() or before[-1:] == ")")
        yield text[start + is_binary : match.end()].strip()


def _value(match: re.Match[str]) -> Fraction | None:
    if match["over"] is not None:
        over, under = Fraction(match["over"]), int(match["under"])
    else:
        over = Fraction(match["value"].translate(_SEPARATORS))
        under = int(match["divisor"] or 1)
    if not under:
        return None
    return over / under * (-1 if (match["sign"] or "+")[0] in "-−" else 1)


def same_number(answer: str, gold: str, settings: NumberAnswer, fold: Callable[[str], str]) -> bool:
    """Compare two numbers within the tolerance.

    A unit that only one of them states is no difference; two units must be the same. A
    percentage is also the number that it stands for: 50% is 0.5.
    """
    mine, wanted = (read_number(text, settings.decimal_comma) for text in (answer, gold))
    if mine is None or wanted is None:
        return False
    units = fold(mine.unit), fold(wanted.unit)
    if settings.units == "exact" or all(units):
        return units[0] == units[1] and _near(mine.value, wanted.value, settings)
    if _near(mine.value, wanted.value, settings):
        return True
    plain = (n.value / 100 if n.unit == "%" else n.value for n in (mine, wanted))
    return "%" in units and _near(next(plain), next(plain), settings)


def _near(value: Fraction, wanted: Fraction, settings: NumberAnswer) -> bool:
    if value == wanted:
        return True
    difference = abs(value - wanted)
    # Written 0.1, a tolerance means a tenth, not the float next to it.
    absolute, relative = (Fraction(repr(t)) for t in (settings.absolute, settings.relative))
    return difference <= max(absolute, relative * abs(wanted))
