"""What a step may say about the calendar without naming a date, and whether it is true."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Iterator
from typing import NamedTuple

from engine.tasks.date_words import MONTH, MONTHS, NUMBER, month_number, number

_LENGTH = re.compile(
    rf"\b(?P<month>{MONTH})(?:,? (?:of )?(?P<year>[0-9]{{4}}))? (?:has|had)(?: only)? "
    r"(?P<days>[0-9]{1,3}) days\b",
    re.ASCII,
)
_LEAP = re.compile(r"\b(?P<year>[0-9]{4}) (?:is|was) (?P<no>not )?a leap year\b", re.ASCII)
_HOURS = re.compile(
    rf"\b(?P<hours>[0-9]{{1,6}}) hours (?:is|are|equals?|=|means?) (?P<days>{NUMBER}) days?"
    r"(?: and (?P<rest>[0-9]{1,6}) hours)?\b",
    re.ASCII,
)


class Flaw(NamedTuple):
    """A part of a step that is wrong: where it stands, its text, and what is true instead."""

    start: int
    span: str
    reason: str


def asserts(lowered: str) -> bool:
    """Tell whether a text, given in lower case, says something of the calendar."""
    return any(pattern.search(lowered) for pattern in (_LENGTH, _LEAP, _HOURS))


def false_assertions(text: str, lowered: str) -> Iterator[Flaw]:
    """Return what a text says wrongly of months, leap years and hours.

    ``lowered`` is the text in lower case.
    """
    # Few steps say such a thing, which is found out sooner without the expressions.
    has_length = " has " in lowered or " had " in lowered
    for match in _LENGTH.finditer(lowered) if has_length else ():
        month, year = month_number(match["month"]), match["year"]
        lengths = {monthrange(int(year or other), month)[1] for other in (2000, 2001)}
        if int(match["days"]) not in lengths:
            days = " or ".join(map(str, sorted(lengths)))
            yield _flaw(match, text, f"{MONTHS[month - 1]} has {days} days")
    for match in _LEAP.finditer(lowered) if " leap " in lowered else ():
        leap = isleap(int(match["year"]))
        if leap == bool(match["no"]):
            reason = f"{match['year']} is {'' if leap else 'not '}a leap year"
            yield _flaw(match, text, reason)
    for match in _HOURS.finditer(lowered) if " hours " in lowered else ():
        whole, rest = divmod(int(match["hours"]), 24)
        if (whole, rest) != (number(match["days"]), int(match["rest"] or 0)):
            reason = f"{match['hours']} hours is {whole} days and {rest} hours"
            yield _flaw(match, text, reason)


def _flaw(match: re.Match[str], text: str, reason: str) -> Flaw:
    return Flaw(match.start(), text[match.start() : match.end()], reason)
