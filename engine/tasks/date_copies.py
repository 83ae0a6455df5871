"""What a step copies from the story: dates and numbers between the same words.

A date or a number that stands between the words it has in the story is meant to be the story's.
This needs no knowledge of what the words mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from engine.tasks.date_assertions import Flaw
from engine.tasks.date_question import Problem
from engine.tasks.date_terms import Kind, Term, read_terms
from engine.tasks.date_words import MONTH, NUMBER, ORDINAL, lower, number

_WORD = re.compile(r"[a-z0-9]+")
_FIGURE = re.compile(rf"\b(?:(?=[0-9efnostz])(?:{ORDINAL}|{NUMBER})|{MONTH})", re.ASCII)
_A_MONTH = re.compile(MONTH)
_REACH = 40
"""How many characters on each side are compared."""
_ENOUGH = 2
"""How many words on both sides together make a copy."""
_LONGEST_REPETITION = 500
_EMPTY_WORDS = frozenset(
    (
        "a", "an", "and", "answer", "as", "because", "but", "by", "correct", "date", "for", "has",
        "have", "he", "her", "his", "if", "in", "is", "it", "of", "on", "or", "question", "right",
        "says", "she", "since", "so", "that", "the", "their", "then", "therefore", "they", "this",
        "thus", "to", "today", "was", "we", "which", "with",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """A date or number of the story, with the words around it, the nearest first."""

    start: int
    text: str
    before: list[str]
    after: list[str]
    term: Term | None = None
    value: int | str = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Copies:
    """Compares steps with a story, of which it reads as much as that takes."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    @cached_property
    def _dates(self) -> list[_Place]:
        terms = read_terms(self._problem.story, self._problem.timeline)
        return [_place(self._problem.story, t.start, t.end, t) for t in terms if _is_date(t)]

    @cached_property
    def _numbers(self) -> list[_Place]:
        spans = [(place.start, place.end) for place in self._dates]
        return [
            _place(self._problem.story, start, end, value=_value(word))
            for start, end, word in _figures(self._problem.story, spans)
        ]

    @cached_property
    def _words(self) -> frozenset[str]:
        return _EMPTY_WORDS.union(_words(self._problem.content))

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
        here = _place(text, term.start, term.end)
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

    def wrong_numbers(self, text: str, chains: Sequence[Sequence[Term]]) -> Iterator[Flaw]:
        """Return numbers, and months without a day, that differ from the story's.

        A number within a term of ``chains`` is judged with that, if it says anything.
        """
        spans = [(t.start, t.end) for chain in chains for t in chain if len(chain) > 1]
        spans += [(t.start, t.end) for chain in chains for t in chain if _is_date(t)]
        spans.sort()
        for start, end, word in _figures(text, spans):
            here = _place(text, start, end)
            alike = {one.start: _likeness(one, here) for one in self._numbers}
            best = max(self._numbers, key=lambda one: alike[one.start], default=None)
            if best is None or alike[best.start] < _ENOUGH:
                continue
            # Two parts of a story may be told in words that hardly differ.
            meant = [one for one in self._numbers if alike[one.start] >= alike[best.start] - 1]
            if all(one.value != _value(word) for one in meant):
                yield Flaw(start, text[start:end], f"the question says {best.text}")

    def repeats(self, text: str) -> bool:
        """Tell whether a text says nothing that the story does not say."""
        words = _words(text[:_LONGEST_REPETITION])
        return len(text) <= _LONGEST_REPETITION and bool(words) and self._words.issuperset(words)


def _is_date(term: Term) -> bool:
    return term.kind in (Kind.WRITTEN, Kind.NAMED)


def _words(text: str) -> list[str]:
    return _WORD.findall(lower(text))


def _place(
    text: str, start: int, end: int, term: Term | None = None, value: int | str = 0
) -> _Place:
    before = _words(text[max(0, start - _REACH) : start])[::-1]
    return _Place(start, text[start:end], before, _words(text[end : end + _REACH]), term, value)


def _likeness(one: _Place, other: _Place) -> int:
    """Count the words that are the same around two places, up to the first that differs."""
    return sum(
        next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
        for pairs in (
            list(zip(one.before, other.before, strict=False)),
            list(zip(one.after, other.after, strict=False)),
        )
    )


def _value(word: str) -> int | str:
    """Return what a match of `_FIGURE` says."""
    return word[:3] if _A_MONTH.fullmatch(word) else number(word)


def _figures(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Find the numbers of a text that are within none of the spans, which are sorted."""
    waiting = list(reversed(spans))
    for match in _FIGURE.finditer(lower(text)):
        while waiting and waiting[-1][1] <= match.start():
            waiting.pop()
        if not (waiting and waiting[-1][0] <= match.start()):
            yield match.start(), match.end(), match[0]
