"""Changes that make a right step wrong, as a small model might get it wrong.

They know no task, only text: each changes what it finds, and whether that is an error is for the
script of a task to say.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

Change = Callable[[str, random.Random], str | None]
"""Spoils the text of a step; None where that text cannot have this error."""

_NUMBER = re.compile(r"(?<![\w.])-?[0-9]{1,9}(?!\w)")
_SIGNED = re.compile(
    r"(?:(?<= [=+*-] )|(?<=answer is ))-?[0-9]{1,9}(?=[ ).])|(?<=\()-?[0-9]{1,9}(?= [+*-] )"
)
_OPERATOR = re.compile(r"(?<= )[+*-](?= )")
_LETTER = re.compile(r'(?<="=")[a-z](?=")')
_QUOTED = re.compile(r'(?<!=)"[\w\'-]+"(?!=)')
_OPTION = re.compile(r"(?<=\()[A-Z](?=\))")
_PATTERN = re.compile(r'"\([\w -]+\) (?P<body>[^"]*) \([\w -]+\)"')
_LISTED = re.compile(r"answer is:? (?P<words>[\w' -]+)\.")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_DATE = re.compile(rf"(?P<month>{'|'.join(_MONTHS)}) (?P<day>[0-9]{{1,2}}), (?P<year>[0-9]{{4}})")
_OPPOSITES = (
    ("before", "after"), ("above", "below"), ("left", "right"), ("more", "less"),
    ("older", "younger"), ("newer", "older"), ("taller", "shorter"), ("heavier", "lighter"),
    ("first", "last"), ("second", "third"), ("behind", "in front of"), ("yesterday", "tomorrow"),
)  # fmt: skip


def _one_of(pattern: re.Pattern[str], other: Callable[[str, random.Random], str]) -> Change:
    """Replace one match of a pattern."""

    def change(text: str, rng: random.Random) -> str | None:
        found = list(pattern.finditer(text))
        if not found:
            return None
        match = rng.choice(found)
        return text[: match.start()] + other(match[0], rng) + text[match.end() :]

    return change


def _off_by_a_little(number: str, rng: random.Random) -> str:
    by, size = rng.choice((1, 1, 2, 10)), len(number)
    # The sign stays, and figures of dates keep their zeros.
    value = abs(int(number))
    wrong = value - by if value > by and rng.random() < 0.5 else value + by
    return f"-{wrong}" if number.startswith("-") else str(wrong).zfill(size * (number[0] == "0"))


def _other_sign(number: str, rng: random.Random) -> str:
    return str(-int(number))


def _other_operator(operator: str, rng: random.Random) -> str:
    return rng.choice([one for one in "+-*" if one != operator])


def _near(letters: Sequence[str], said: str, rng: random.Random) -> str:
    return letters[(letters.index(said) + rng.choice((1, -1))) % len(letters)]


def _other_letter(letter: str, rng: random.Random) -> str:
    return _near("abcdefghijklmnopqrstuvwxyz", letter, rng)


def _other_option(letter: str, rng: random.Random) -> str:
    return rng.choice([one for one in "ABC" if one != letter])


def _other_month(month: str, rng: random.Random) -> str:
    return _near(_MONTHS, month, rng)


def _wrong_date(text: str, rng: random.Random) -> str | None:
    """Another day, in words and in the figures that stand for the same date."""
    found = list(_DATE.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    month, day, year = _MONTHS.index(match["month"]) + 1, int(match["day"]), int(match["year"])
    months, days, years = rng.choice(((0, 1, 0), (0, -1, 0), (1, 0, 0), (0, 0, 1), (0, 0, -1)))
    wrong = (month + months - 1) % 12 + 1, min(28, max(1, day + days)), year + years
    words = f"{_MONTHS[wrong[0] - 1]} {wrong[1]}, {wrong[2]}"
    rest = text[match.end() :]
    rest = rest.replace(f"{month:02d}/{day:02d}/{year}", "{:02d}/{:02d}/{}".format(*wrong), 1)
    return f"{text[: match.start()]}{words}{rest}"


def _swapped(pattern: re.Pattern[str]) -> Change:
    """Exchange two neighbours among the matches of a pattern."""

    def change(text: str, rng: random.Random) -> str | None:
        found = [match.span() for match in pattern.finditer(text)]
        if len(found) < 2:
            return None
        at = rng.randrange(len(found) - 1)
        return _exchanged(text, found[at], found[at + 1])

    return change


def _exchanged(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    (a, b), (c, d) = one, other
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def _swapped_in_list(text: str, rng: random.Random) -> str | None:
    """Exchange two neighbours in an answer that is a list of words."""
    match = _LISTED.search(text)
    if match is None:
        return None
    words = match["words"].split(" ")
    if len(words) < 2:
        return None
    at = rng.randrange(len(words) - 1)
    words[at : at + 2] = words[at + 1], words[at]
    return text[: match.start("words")] + " ".join(words) + text[match.end("words") :]


def _dropped_word(text: str, rng: random.Random) -> str | None:
    """Leave one of several quoted words out, with what stands before it."""
    found = list(re.finditer(r' [<?] "[\w\'-]+"', text))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.start()] + text[match.end() :]


def _swapped_in_pattern(text: str, rng: random.Random) -> str | None:
    """Exchange two objects of an arrangement."""
    match = _PATTERN.search(text)
    if match is None:
        return None
    words = match["body"].split(" ")
    objects = [at for at, word in enumerate(words) if not word.startswith("?")]
    if len(objects) < 2:
        return None
    at = rng.randrange(len(objects) - 1)
    one, other = objects[at], objects[at + 1]
    words[one], words[other] = words[other], words[one]
    return text[: match.start("body")] + " ".join(words) + text[match.end("body") :]


def _wrong_gap(text: str, rng: random.Random) -> str | None:
    """Take any number of places for exactly one, or the other way round."""
    match = _PATTERN.search(text)
    if match is None:
        return None
    words = match["body"].split(" ")
    gaps = [at for at, word in enumerate(words) if word.startswith("?")]
    if not gaps:
        return None
    at = rng.choice(gaps)
    words[at] = "?" if words[at] == "??" else "??"
    return text[: match.start("body")] + " ".join(words) + text[match.end("body") :]


def _opposite(text: str, rng: random.Random) -> str | None:
    """Another relation: before for after, first for last."""
    both = [(one, other) for pair in _OPPOSITES for one, other in (pair, pair[::-1])]
    ways = [
        text[: match.start()] + other + text[match.end() :]
        for one, other in both
        for match in re.finditer(rf"(?<!\()\b{one}\b(?!\)| letter:)", text)
    ]
    return rng.choice(ways) if ways else None


CHANGES: Mapping[str, Change] = {
    "number off by a little": _one_of(_NUMBER, _off_by_a_little),
    "wrong sign": _one_of(_SIGNED, _other_sign),
    "wrong operator": _one_of(_OPERATOR, _other_operator),
    "wrong letter": _one_of(_LETTER, _other_letter),
    "words swapped": _swapped(_QUOTED),
    "words of the answer swapped": _swapped_in_list,
    "word left out": _dropped_word,
    "wrong date": _wrong_date,
    "wrong month": _one_of(_MONTH, _other_month),
    "objects swapped": _swapped_in_pattern,
    "wrong gap": _wrong_gap,
    "wrong relation": _opposite,
    "wrong option": _one_of(_OPTION, _other_option),
}
"""The kinds of errors. Which of them a task can have shows in its rationales."""
