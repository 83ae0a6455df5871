"""Dates in words: how people and models write a day, a number or a span of time.

Nothing here knows of a question. The patterns are for text in lower case, as `lower` makes it:
case-blind ones take twice the time. Calendar arithmetic clips: a month after January 31 is the last
day of February, a year before February 29 is February 28.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

MONTHS = tuple(calendar.month_name)[1:]
WEEKDAYS = tuple(calendar.day_name)
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth",
)  # fmt: skip
NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip

# "Feburary" is how the paper's questions spell it.
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary|urary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)\b"
)
# The long words first: "a" must not be taken out of "an", nor "six" out of "sixteen".
NUMBER = rf"(?:{'|'.join(reversed(NUMBERS))}|an?|[0-9]{{1,6}})\b"
ORDINAL = rf"(?:{'|'.join(ORDINALS)}|[0-9]{{1,4}}(?:st|nd|rd|th))"
UNITS = ("hour", "day", "week", "month", "year")
UNIT = rf"(?:{'|'.join(UNITS)})"

# A number of any length makes a date, if one that does not exist.
WRITTEN = (
    rf"(?:(?P<weekday>{WEEKDAY})[.,]? )?(?:"
    r"(?<!/)(?P<m1>[0-9]++)/(?P<d1>[0-9]++)(?:/(?P<y1>[0-9]++))?(?!/[0-9])"
    r"|(?P<y2>[0-9]{4})-(?P<m2>[0-9]{2})-(?P<d2>[0-9]{2})(?![0-9-])"
    r"|(?P<m5>[0-9]{1,2})-(?P<d5>[0-9]{1,2})-(?P<y5>[0-9]{4})(?![0-9-])"
    rf"|(?P<m3>{MONTH}) {{1,2}}(?P<d3>[0-9]{{1,3}})(?![0-9])(?:st|nd|rd|th)?"
    rf"(?:(?:,| in| of)? {{1,2}}"
    rf"(?P<y3>[0-9]{{3}}[0-9]*+(?! {UNIT})|[0-9]{{1,2}}(?![0-9]| *[a-z:/-])))?"
    rf"|(?P<d4>[0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m4>{MONTH})"
    r"(?:,? (?P<y4>[0-9]{3}[0-9]*+))?)"
)


class Written(NamedTuple):
    """A day as it was written: perhaps without its year, perhaps one that does not exist."""

    month: int
    day: int
    year: int | None = None
    weekday: int | None = None
    short: bool = False
    """The year has but two digits."""

    def means(self, day: date) -> bool:
        """Tell whether this is ``day``; the weekday is not looked at."""
        if (self.month, self.day) != (day.month, day.day):
            return False
        return self.year in (None, day.year % 100 if self.short else day.year)

    def date(self) -> date | None:
        """Return the day; None where its year is missing or it does not exist."""
        try:
            return date(self.year or 0, self.month, self.day)
        except ValueError:
            return None

    def exists(self) -> bool:
        """Tell whether there is such a day, in some year where its own is not known."""
        known = self.year is not None and not self.short
        return self.date() is not None if known else self._replace(year=2000).date() is not None

    def day_first(self) -> Written:
        """Return what this means where the day is put before the month."""
        return self._replace(month=self.day, day=self.month)


def written(match: re.Match[str]) -> Written:
    """Return what a match of `WRITTEN` says."""
    weekday = match["weekday"]
    for form in _FORMS:
        if match[form[1]]:
            break
    month, day, year = match.group(*form)
    return Written(
        _int(month) if month[0].isdigit() else month_number(month),
        _int(day),
        None if year is None else _int(year),
        None if weekday is None else weekday_number(weekday),
        year is not None and len(year) == 2,
    )


_FORMS = [(f"m{form}", f"d{form}", f"y{form}") for form in "31425"]  # the most common first


def _int(digits: str) -> int:
    # No day, month or year has more digits; Python refuses to read thousands of them.
    return int(digits[:9])


_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def lower(text: str) -> str:
    """Return a text of the same length in lower case, as far as it is ASCII."""
    # Some letters are two in lower case.
    return text.lower() if text.isascii() else text.translate(_LOWER)


def month_number(name: str) -> int:
    return _MONTH_NUMBERS[name[:3]]


def weekday_number(name: str) -> int:
    return _WEEKDAY_NUMBERS[name[:3]]


def number(word: str) -> int:
    """Read ``7``, ``seven``, ``a``, ``seventh`` or ``7th``."""
    return _NUMBERS[word] if word in _NUMBERS else int(word.rstrip("sthndr"))


_MONTH_NUMBERS = {name[:3].lower(): month for month, name in enumerate(MONTHS, 1)}
_WEEKDAY_NUMBERS = {name[:3].lower(): weekday for weekday, name in enumerate(WEEKDAYS)}
_NUMBERS = {name: value for value, name in enumerate(NUMBERS)}
_NUMBERS |= {name: value for value, name in enumerate(ORDINALS, 1)} | {"a": 1, "an": 1}


# --- days that the calendar names --------------------------------------------------------------

HOLIDAYS = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "christmas": (12, 25),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
    "halloween": (10, 31),
    "valentine's day": (2, 14),
    "independence day": (7, 4),
}

_YEAR = r"[0-9]{4}(?![0-9])"
NAMED = (
    r"(?:the )?(?:"
    rf"(?P<edge>{ORDINAL}|last) day of "
    r"(?:the (?P<quarter>first|second|third|fourth|last) quarter of "
    rf"|(?P<edge_month>{MONTH})(?:,| in| of)? |(?:the )?(?:year )?)(?P<edge_year>{_YEAR})"
    rf"|(?P<nth_day>{ORDINAL}) day of the (?P<nth_month>{ORDINAL}) month of (?P<nth_year>{_YEAR})"
    rf"|(?P<which>{ORDINAL}) (?P<which_weekday>{WEEKDAY}) (?:of|in) "
    rf"(?:(?P<which_month>{MONTH})(?:,| in| of)? )?(?P<which_year>{_YEAR})"
    rf"|(?:us )?thanksgiving(?: day)?(?: of| in|,)? (?P<thanksgiving>{_YEAR})"
    rf"|(?P<holiday>{'|'.join(HOLIDAYS)})(?: of| in|,)? (?P<holiday_year>{_YEAR})"
    rf"|palindrome day of (?P<palindrome>{_YEAR}))"
)
NAMED_BEGINNINGS = ("the ", "last", "us ", "thanksgiving", "palindrome", *ORDINALS, *HOLIDAYS)
"""What a match of `NAMED` begins with, unless that is a figure."""


def named(match: re.Match[str]) -> date | None:
    """Return the day that a match of `NAMED` names; None where the calendar has none."""
    try:
        return next(day(match) for group, day in _NAMED_BY.items() if match[group])
    except ValueError:
        return None


def _edge(match: re.Match[str]) -> date:
    year, months = int(match["edge_year"]), (1, 12)
    if match["quarter"]:
        quarter = 4 if match["quarter"] == "last" else number(match["quarter"])
        months = (3 * quarter - 2, 3 * quarter)
    elif match["edge_month"]:
        months = (month_number(match["edge_month"]),) * 2
    if match["edge"] == "last":
        return month_end(year, months[1])
    day = date(year, months[0], 1) + timedelta(number(match["edge"]) - 1)
    if day > month_end(year, months[1]):
        raise ValueError("there are not so many days")
    return day


def _nth(match: re.Match[str]) -> date:
    return date(int(match["nth_year"]), number(match["nth_month"]), number(match["nth_day"]))


def _which_weekday(match: re.Match[str]) -> date:
    year, month = int(match["which_year"]), match["which_month"]
    first = date(year, month_number(month) if month else 1, 1)
    day = first + timedelta((weekday_number(match["which_weekday"]) - first.weekday()) % 7)
    day += timedelta(weeks=number(match["which"]) - 1)
    if day.year != year or (month and day.month != first.month):
        raise ValueError("the month has no such day")
    return day


def month_end(year: int, month: int) -> date:
    """Return the last day of a month. Raises ValueError."""
    return date(year, month, calendar.monthrange(year, month)[1])


def thanksgiving(year: int) -> date:
    """Return the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta((3 - first.weekday()) % 7 + 21)


def palindrome(year: int) -> date:
    """Return the day whose MMDDYYYY is a palindrome. Raises ValueError where there is none."""
    mirrored = f"{year:04d}"[::-1]
    return date(year, int(mirrored[:2]), int(mirrored[2:]))


_NAMED_BY: dict[str, Callable[[re.Match[str]], date]] = {
    "edge": _edge,
    "nth_day": _nth,
    "which": _which_weekday,
    "thanksgiving": lambda match: thanksgiving(int(match["thanksgiving"])),
    "holiday": lambda match: date(int(match["holiday_year"]), *HOLIDAYS[match["holiday"]]),
    "palindrome": lambda match: palindrome(int(match["palindrome"])),
}


# --- calendar arithmetic, and writing ----------------------------------------------------------


def later(day: date, count: int, unit: str) -> date:
    """Return the day ``count`` units after ``day``, before it where ``count`` is negative.

    Raises:
        ValueError: hours that are no whole days, or a day outside of the years 1 to 9999.
    """
    if unit == "hour":
        if count % 24:
            raise ValueError(f"{count} hours are no whole days")
        count //= 24
    try:
        if unit in ("month", "year"):
            months = 12 * day.year + day.month - 1 + (count if unit == "month" else 12 * count)
            year, month = months // 12, months % 12 + 1
            return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
        return day + timedelta(7 * count if unit == "week" else count)
    except OverflowError as error:
        raise ValueError("the calendar ends") from error


def long_form(day: date) -> str:
    """Write ``April 19, 1969``."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year:04d}"


def slashes(day: date) -> str:
    """Write ``04/19/1969``."""
    return f"{day.month:02d}/{day.day:02d}/{day.year:04d}"


def ordinal(count: int) -> str:
    """Write ``1st``, ``12th``, ``23rd``."""
    last = 0 if count % 100 in (11, 12, 13) else count % 10
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
