"""What a step copies from the story: dates, numbers and spans of time between the same words.

A date or a number that stands between the words it has in the story is meant to be the story's, and
so is a word of time, such as "weeks". This needs no knowledge of what the other words mean.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from engine.tasks.date_assertions import Flaw
from engine.tasks.date_question import Problem
from engine.tasks.date_terms import WHOLE, Kind, Part, Term, Timeline, read_terms
from engine.tasks.date_words import (
    MONTH,
    MONTHS,
    NUMBER,
    NUMBERS,
    ORDINAL,
    ORDINALS,
    UNITS,
    lower,
    number,
)

_WORDS_OF_TIME = {
    **{f"{unit}{end}": ("unit", unit) for unit in UNITS for end in ("", "s")},
    **{jubilee: ("jubilee", jubilee) for jubilee in ("silver", "golden", "diamond")},
    **dict.fromkeys(("delayed", "postponed"), ("move", "later")),
    "brought forward": ("move", "sooner"),
    **{word: ("relative", word) for word in ("today", "tomorrow", "yesterday")},
    **dict.fromkeys(("ago", "earlier"), ("direction", "past")),
    **dict.fromkeys(("later", "hence"), ("direction", "future")),
}
"""Their kind, and what they say: a figure is compared with those of its kind."""
_NUMBER = "number"
# At most places of a text no figure begins: that is found out sooner by three letters.
_BEGINNINGS = sorted({w[:3].lower() for w in (*NUMBERS, *ORDINALS, *MONTHS, *_WORDS_OF_TIME)})
_FIGURE = re.compile(
    rf"\b(?=[0-9a-z])(?=[0-9]|{'|'.join(_BEGINNINGS)})"
    rf"(?:{ORDINAL}|{NUMBER}|{MONTH}|(?:{'|'.join(_WORDS_OF_TIME)})\b)",
    re.ASCII,
)
_MONTHS = frozenset(name[:3].lower() for name in MONTHS)
_LETTERS = bytes(
    code if chr(code).isalnum() else ord(" ") for code in bytes(range(128)).lower() + bytes(128)
)
"""Each letter of ASCII in lower case, each figure as it is, and blanks for all else."""
_REACH = 40
"""How many characters on each side are compared."""
_ENOUGH = 2
"""How many words on both sides together make a copy."""
_SURELY = 4
"""How many make one of a word of time in a term that nothing else is said of: "a week ago"."""
_LONGEST_REPETITION = 500
_EMPTY_WORDS = frozenset(
    b"""
    a an and answer as because but by correct date for has have he her his if in is it of on
    or question right says she since so that the their then therefore they this thus to today
    was we which with
    """.split()
)


class _Place(NamedTuple):
    """A date or number of the story, with the words around it, the nearest first."""

    start: int
    end: int
    before: list[bytes]
    after: list[bytes]
    term: Term | None = None
    value: int | str = 0


class _Figure(NamedTuple):
    """A number, a month without a day, or a word of time."""

    start: int
    end: int
    kind: str
    value: int | str


class Copies:
    """Compares steps with a story, of which it reads as much as that takes."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._read: dict[str, list[_Place]] = {}

    @cached_property
    def _letters(self) -> bytes:
        return _letters(self._problem.story)

    @cached_property
    def _dates(self) -> list[_Place]:
        # Events are no dates, so that they need not be looked for.
        terms = read_terms(self._problem.story, Timeline(self._problem.solution.today))
        return [_place(self._letters, t.start, t.end, t) for t in terms if _is_date(t)]

    @cached_property
    def _figures(self) -> dict[str, list[_Figure]]:
        """All figures, those of dates too, by their kind."""
        figures: dict[str, list[_Figure]] = {}
        for figure in _figures(self._problem.story, [], WHOLE):
            figures.setdefault(figure.kind, []).append(figure)
        return figures

    def _numbers(self, kind: str) -> list[_Place]:
        """The figures of one kind that are in no date."""
        if kind not in self._read:
            spans = [(place.start, place.end) for place in self._dates]
            self._read[kind] = [
                _place(self._letters, one.start, one.end, value=one.value)
                for one in self._figures[kind]
                if not _is_within(spans, one.start)
            ]
        return self._read[kind]

    @cached_property
    def _words(self) -> frozenset[bytes]:
        return _EMPTY_WORDS.union(_letters(self._problem.content).split())

    @property
    def days(self) -> Iterator[date]:
        """The days that the story gives in full."""
        for place in self._dates:
            if place.term is not None:
                yield from place.term.days
                written = place.term.written
                if written and self._problem.solution.day_first:
                    written = written.day_first()
                day = written.date() if written else None
                if day is not None:
                    yield day

    @property
    def weekday_shift(self) -> int:
        """By how many days the story's weekdays differ from the calendar's."""
        for place in self._dates:
            written = place.term.written if place.term else None
            day = written.date() if written else None
            if written and day and written.weekday is not None:
                return (written.weekday - day.weekday()) % 7
        return 0

    def original(self, text: str, term: Term) -> Term | None:
        """Return the date of the story that a date in a step is a copy of, right or wrong."""
        first = max(0, term.start - _REACH)
        around = _letters(text[first : term.end + _REACH])
        here = _place(around, term.start - first, term.end - first)
        best = max(self._dates, key=lambda place: _likeness(place, here), default=None)
        if best is None or _likeness(best, here) < _ENOUGH:
            return None
        return best.term

    def is_copy(self, text: str, term: Term) -> bool:
        """Tell whether a date in a step is a true copy of the story's."""
        original = self.original(text, term) if _is_date(term) else None
        return original is not None and self.equal(original, term)

    @staticmethod
    def equal(original: Term, term: Term) -> bool:
        one, other = original.written, term.written
        if one is None or other is None:
            days = original.days or term.days
            written = one or other
            if written is not None:
                return any(map(written.means, days))
            return original.days == term.days
        known = None in (one.year, other.year) or one.year == other.year
        return known and (one.month, one.day) == (other.month, other.day)

    def wrong_numbers(
        self, text: str, chains: Sequence[Sequence[Term]], part: Part
    ) -> Iterator[Flaw]:
        """Return numbers, months without a day and words of time that differ from the story's.

        Only ``part`` of the text is searched, of which ``chains`` are read. A number within one of
        their terms is judged with that, if it says anything.
        """
        spans = [(t.start, t.end) for chain in chains for t in chain if len(chain) > 1]
        spans += [(t.start, t.end) for chain in chains for t in chain if _is_date(t)]
        spans.sort()
        terms = [(term.start, term.end) for chain in chains for term in chain]
        letters = _letters(text)
        for figure in _figures(text, spans, part):
            told = self._figures.get(figure.kind, ())
            if all(one.value == figure.value for one in told):
                continue
            here = _place(letters, figure.start, figure.end)
            numbers = self._numbers(figure.kind)
            alike = [_likeness(one, here) for one in numbers]
            most = max(alike, default=0)
            is_term = figure.kind != _NUMBER and _is_within(terms, figure.start)
            if most < (_SURELY if is_term else _ENOUGH):
                continue
            # Two parts of a story may be told in words that hardly differ.
            meant = [one.value for one, n in zip(numbers, alike, strict=True) if n >= most - 1]
            if figure.value not in meant:
                best = numbers[alike.index(most)]
                original = self._problem.story[best.start : best.end]
                yield Flaw(
                    figure.start, text[figure.start : figure.end], f"the question says {original}"
                )

    def repeats(self, text: str) -> bool:
        """Tell whether a text says nothing that the story does not say."""
        if len(text) > _LONGEST_REPETITION:
            return False
        words = _letters(text).split()
        return bool(words) and self._words.issuperset(words)


def _is_date(term: Term) -> bool:
    return term.kind in (Kind.WRITTEN, Kind.NAMED)


def _is_within(spans: Sequence[Part], place: int) -> bool:
    """Tell whether a place is within one of the spans, which are sorted."""
    before = bisect_right(spans, (place, sys.maxsize)) - 1
    return before >= 0 and place < spans[before][1]


def _letters(text: str) -> bytes:
    """Return a text's words in lower case, each where it stands, with nothing but blanks between.

    Bytes are split into words several times faster than an expression finds them in a text.
    """
    return text.encode("ascii", "replace").translate(_LETTERS)


def _place(
    letters: bytes, start: int, end: int, term: Term | None = None, value: int | str = 0
) -> _Place:
    before = letters[max(0, start - _REACH) : start].split()[::-1]
    return _Place(start, end, before, letters[end : end + _REACH].split(), term, value)


def _likeness(one: _Place, other: _Place) -> int:
    """Count the words that are the same around two places, up to the first that differs."""
    count = 0
    for words, others in ((one.before, other.before), (one.after, other.after)):
        for word, other_word in zip(words, others, strict=False):
            if word != other_word:
                break
            count += 1
    return count


def _figures(text: str, spans: Sequence[Part], part: Part) -> Iterator[_Figure]:
    """Find the figures in part of a text that are within none of the spans, which are sorted."""
    waiting = list(reversed(spans))
    for match in _FIGURE.finditer(lower(text), *part):
        start, end = match.span()
        while waiting and waiting[-1][1] <= start:
            waiting.pop()
        if not (waiting and waiting[-1][0] <= start):
            yield _Figure(start, end, *_said(match[0]))


def _said(word: str) -> tuple[str, int | str]:
    """Return of which kind a match of `_FIGURE` is, and what it says."""
    if word in _WORDS_OF_TIME:
        return _WORDS_OF_TIME[word]
    return _NUMBER, word[:3] if word[:3] in _MONTHS else number(word)
