"""Terms: the parts of a sentence that stand for a day, and the chains that say they are equal.

In "The date a month ago is May 2, 1943, that is 05/02/1943" there are three terms, in one chain:
whatever the first stands for, the others must. Terms are "yesterday", "10 days before today",
"Christmas Eve of 1937", "June 2, 1943", or an event that the story has a day for.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from typing import NamedTuple

from engine.tasks.date_words import (
    MONTHS,
    NAMED,
    NAMED_BEGINNINGS,
    NUMBER,
    NUMBERS,
    UNIT,
    WEEKDAYS,
    WRITTEN,
    Written,
    later,
    lower,
    named,
    number,
    weekday_number,
    written,
)

_OFFSET = (
    rf"(?:(?P<count>{NUMBER}) (?P<unit>{UNIT})s?|the day) "
    r"(?P<direction>ago|earlier|later|hence|before|after|prior to|from|away from)\b"
    r"(?P<connector> (?:from|of|than)(?= ))?"
)
# At most places of a text no term begins, which is found out sooner without the large expression.
_BEGINNINGS = ["a ", "an ", "the ", "today", "now", "tomorrow", "yesterday"]
_BEGINNINGS += [*NUMBERS, *NAMED_BEGINNINGS, *map(lower, (*MONTHS, *WEEKDAYS))]
_TERM = re.compile(
    rf"\b(?=[0-9a-z])(?=[0-9]|{'|'.join(sorted({word[:3] for word in _BEGINNINGS}))})"
    rf"(?:(?P<offset>{_OFFSET})|(?P<written>{WRITTEN})|(?P<named>{NAMED})"
    r"|(?P<relative>(?P<word>today|now|tomorrow|yesterday)\b(?:['’]s\b)?(?: date\b)?)"
    rf"|(?P<weekday_only>an? (?P<weekday_name>{'|'.join(map(lower, WEEKDAYS))})\b))",
    re.ASCII,
)
_TO_BASE = re.compile(r" (?:the )?(?:date (?:of )?(?:the )?)?")
_SUM = re.compile(rf" ?(?P<sign>[+-]) ?(?P<count>{NUMBER}) (?P<unit>{UNIT})s?\b", re.ASCII)
_BACKWARD = ("ago", "earlier", "before", "prior to")
_NEEDS_BASE = ("before", "after", "prior to", "from", "away from")
_RELATIVE = {"today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}
_LONGEST_TERM = 100


Part = tuple[int, int]
"""Where a part of a text begins and ends."""
WHOLE: Part = (0, sys.maxsize)


class Kind(Enum):
    WRITTEN = auto()
    """A day as digits or with the name of its month."""
    NAMED = auto()
    """A day that the calendar names: the last day of 1899."""
    ANCHOR = auto()
    """What only the story gives a day to: today, a week ago, her first visit."""
    WEEKDAY = auto()


class Term(NamedTuple):
    """A part of a text that stands for a day; ``days`` are those that it may stand for.

    They are none for a written day, and where what an offset is counted from is unknown.
    """

    kind: Kind
    start: int
    end: int
    text: str
    days: tuple[date, ...] = ()
    written: Written | None = None
    weekday: int | None = None
    base: Term | None = None
    """What an offset is counted from, where that is said."""
    offset: tuple[int, str] | None = None
    """Count and unit, the count below 0 for the past."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What terms stand for: today, and the days of events by what they are called."""

    today: date
    events: Mapping[str, tuple[date, ...]] = field(default_factory=dict)


def read_terms(text: str, timeline: Timeline, part: Part = WHOLE) -> list[Term]:
    """Return the terms of a text, or a part of it, in order; some cannot be given a day."""
    lowered = lower(text)
    found = [_term(match, text, timeline) for match in _TERM.finditer(lowered, *part)]
    events = [
        term
        for name in timeline.events
        if name in lowered
        for term in _events(name, text, lowered, timeline, part)
    ]
    if events:
        found = sorted([*found, *events], key=lambda term: term.start)
    return _with_bases(found, text)


def _term(match: re.Match[str], whole: str, timeline: Timeline) -> Term:
    start, end = match.span()
    text = whole[start:end]
    match match.lastgroup:
        case "written":
            return Term(Kind.WRITTEN, start, end, text, (), written(match))
        case "named":
            day = named(match)
            return Term(Kind.NAMED, start, end, text, (day,) if day else ())
        case "weekday_only":
            weekday = weekday_number(match["weekday_name"])
            return Term(Kind.WEEKDAY, start, end, text, weekday=weekday)
        case "relative":
            days = _moved((timeline.today,), (_RELATIVE[match["word"]], "day"))
            return Term(Kind.ANCHOR, start, end, text, days)
    count = number(match["count"]) if match["count"] else 1
    direction = match["direction"]
    offset = (-count if direction in _BACKWARD else count, match["unit"] or "day")
    # The time of day is not known, so that neither is the day 36 hours from now.
    part_of_a_day = match["unit"] == "hour" and count % 24
    open_ended = direction in _NEEDS_BASE or match["connector"] or part_of_a_day
    days = () if open_ended else _moved((timeline.today,), offset)
    return Term(Kind.ANCHOR, start, end, text, days, offset=offset)


def _moved(days: Sequence[date], offset: tuple[int, str]) -> tuple[date, ...]:
    """Return days later, none beyond the calendar, two where the time of day decides."""
    count, unit = offset
    if unit == "hour" and count % 24:
        whole = count // 24
        return (*_moved(days, (whole, "day")), *_moved(days, (whole + 1, "day")))
    try:
        return tuple([later(day, count, unit) for day in days])
    except ValueError:
        return ()


def _with_bases(terms: Sequence[Term], text: str) -> list[Term]:
    """Join each offset with the term that it is counted from: "10 days before" "June 2"."""
    joined: list[Term] = []
    for term in reversed(terms):
        base = joined[-1] if joined else None
        if term.offset and not term.days and base and _reaches(term, base, text):
            days = base.days or _existing(base.written)
            whole = text[term.start : base.end]
            days = _moved(days, term.offset)
            joined[-1] = term._replace(end=base.end, text=whole, days=days, base=base)
        elif term.written and (match := _SUM.match(text, term.end)):
            count = number(match["count"]) * (-1 if match["sign"] == "-" else 1)
            days = _moved(_existing(term.written), (count, match["unit"]))
            end = match.end()
            joined.append(Term(Kind.NAMED, term.start, end, text[term.start : end], days))
        else:
            joined.append(term)
    return joined[::-1]


def _reaches(offset: Term, base: Term, text: str) -> bool:
    """Tell whether ``base`` follows at once; what is piled up without end is none."""
    near = base.end - offset.start <= _LONGEST_TERM
    return near and _TO_BASE.fullmatch(lower(text[offset.end : base.start])) is not None


def _existing(day: Written | None) -> tuple[date, ...]:
    found = day.date() if day else None
    return (found,) if found else ()


def _events(name: str, text: str, lowered: str, timeline: Timeline, part: Part) -> Iterator[Term]:
    first, last = part
    start = lowered.find(name, first, last)
    while start >= 0:
        end = start + len(name)
        if not (lowered[start - 1 : start].isalnum() or lowered[end : end + 1].isalnum()):
            yield Term(Kind.ANCHOR, start, end, text[start:end], timeline.events[name])
        start = lowered.find(name, end, last)


# --- chains ------------------------------------------------------------------------------------

_WORDS = re.compile(r"[a-z]+|[^\sa-z]")
_VERBS = frozenset(["is", "was", "be", "are", "equals", "falls", "="])
_FILLERS = frozenset(
    (
        "will", "would", "must", "should", "being", "that", "which", "it", "the", "this", "date",
        "on", "to", "also", "actually", "really", "indeed", "in", "fact", "mm", "dd", "yyyy",
        "format", "or", "now", "exactly", "i", "e", "s", "’", "'", ":", ",", "(", ")", "/", ".",
    )
)  # fmt: skip
_LONGEST_LINK = 50
# As in "Mar 12, which is 1 day later": later than what was named last, not than today.
_COUNTED_FROM_LAST = re.compile(r"which (?:is|was) (?:in fact |actually )?$")


def chains(text: str, terms: Sequence[Term]) -> Iterator[list[Term]]:
    """Group the terms of a text into chains of what is said to be the same day."""
    chain: list[Term] = []
    only_anchors = True
    for term in terms:
        between = text[chain[-1].end : term.start] if chain else ""
        if chain and _links(between, only_anchors, term):
            chain.append(term)
            only_anchors &= term.kind is Kind.ANCHOR
            continue
        if term.offset and term.base is None and _COUNTED_FROM_LAST.search(between):
            continue
        if chain:
            yield chain
        chain, only_anchors = [term], term.kind is Kind.ANCHOR
    if chain:
        yield chain


def _links(between: str, only_anchors: bool, term: Term) -> bool:
    """Tell whether the words between say that ``term`` is the day that a chain is about.

    ``only_anchors`` tells whether that is all that the chain has.
    """
    if len(between) > _LONGEST_LINK or ". " in between or "\n" in between:
        return False
    words = _WORDS.findall(lower(between))
    has_verb = not _VERBS.isdisjoint(words)
    if any(word not in _VERBS and word not in _FILLERS for word in words):
        return False
    if term.kind is Kind.ANCHOR:
        if term.offset and term.base is None and "which" in words:
            return False
        starts_anew = words[:1] == [","] and not {"that", "which"} & set(words)
        return not starts_anew and (has_verb or (not words and not only_anchors))
    if only_anchors:
        return True
    if term.kind is Kind.WEEKDAY:
        return has_verb
    # "If yesterday was May 1, it is May 2": another day.
    if words[:1] == [","] and not {"that", "which", "or", "i"} & set(words):
        return False
    return has_verb or not {"(", "or", "i"}.isdisjoint(words)
