"""What a story is: what a question of date understanding tells before it asks for a date.

A story is one template with slots. The same template writes a story, from slots drawn at random,
and reads it; what its slots say is deduced to a day for today, in one step or in several.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from engine.tasks.date_words import (
    MONTH,
    MONTHS,
    NAMED,
    NUMBER,
    ORDINAL,
    UNIT,
    WEEKDAY,
    WRITTEN,
    Written,
    later,
    long_form,
    lower,
    month_number,
    named,
    number,
    written,
)


@dataclass(frozen=True, slots=True)
class Deduction:
    """One step towards today: "If ``premise``, then ``subject`` ``day``." """

    premise: str
    subject: str
    day: date

    def __str__(self) -> str:
        return f"If {self.premise}, then {self.subject} {long_form(self.day)}"


@dataclass(frozen=True, slots=True)
class Solution:
    """What follows from a story; the last deduction is today's date."""

    deductions: tuple[Deduction, ...]
    events: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    """Days by what an attempt may call them, in lower case."""
    denied: Mapping[str, str] = field(default_factory=dict)
    """What contradicts the story, in lower case, and why."""
    day_first: bool = False
    """The story puts the day before the month."""

    @property
    def today(self) -> date:
        return self.deductions[-1].day


@dataclass(frozen=True, slots=True)
class Slots:
    """The text of a story and what stands in its slots. Reading one raises ValueError."""

    story: str
    texts: Mapping[str, str]

    def __getitem__(self, slot: str) -> str:
        return self.texts[slot]

    def written(self, slot: str = "date") -> Written:
        match = _WRITTEN.fullmatch(lower(self[slot]))
        if match is None:
            raise ValueError(f"{self[slot]!r} is no date")
        return written(match)

    def day(self, slot: str = "date", year: int | None = None) -> date:
        """Read a date; ``year`` is that of a date written without."""
        day = self.written(slot)
        return date(day.year or year or 0, day.month, day.day)

    def named(self, slot: str = "named") -> date:
        match = _NAMED.fullmatch(lower(self[slot]))
        day = named(match) if match else None
        if day is None:
            raise ValueError(f"{self[slot]!r} is no day of the calendar")
        return day

    def number(self, slot: str = "n") -> int:
        return number(lower(self[slot]))

    def month(self, slot: str = "month") -> int:
        return month_number(lower(self[slot]))

    def after(self, day: date, slot: str = "span", sign: int = 1) -> date:
        """Return the day a span such as ``3 days`` after another; before it with sign -1."""
        count, unit = lower(self[slot]).rsplit(" ", 1)
        offset = sign * number(count)
        found = later(day, offset, unit.removesuffix("s"))
        if later(found, -offset, unit.removesuffix("s")) != day:
            raise ValueError("the months are not of one length")
        return found

    def moved(self, day: date, slot: str = "move") -> date:
        """Return the day after a move such as ``brought forward by 3 days``."""
        way, span = self[slot].split(" by ")
        return Slots("", {"span": span}).after(day, sign=1 if way == "delayed" else -1)

    @property
    def premise(self) -> str:
        """The whole story as one clause: "today is 9/7 and Jane is watching NFL 2003"."""
        story = self.story.removesuffix(".")
        sentences = _SENTENCE_END.split(story) if ". " in story else [story]
        return " and ".join(map(_uncapitalised, sentences))


_WRITTEN = re.compile(WRITTEN, re.ASCII)
_NAMED = re.compile(NAMED, re.ASCII)
_NOT_ABBREVIATED = "".join(
    rf"(?<!\b{month}\.)" for month in ("Sept", *(name[:3] for name in MONTHS))
)
_SENTENCE_END = re.compile(rf"\.{_NOT_ABBREVIATED} (?=[A-Z0-9])")
_OPENINGS = ("It", "Today", "Today's", "This", "The", "On", "In", "She", "Yesterday", "Tomorrow")


def _uncapitalised(sentence: str) -> str:
    first, blank, rest = sentence.partition(" ")
    if first.rstrip(",") in _OPENINGS:
        first = first[0].lower() + first[1:]
    return first + blank + rest


SLOTS = {
    "date": r"[A-Za-z0-9][A-Za-z0-9/., ]{2,30}",
    "day": r"[A-Za-z0-9][A-Za-z0-9/. ]{2,20}",
    "nodate": r"[A-Za-z0-9][A-Za-z0-9/., ]{2,30}",
    "named": r"[A-Za-z0-9][A-Za-z0-9 .,']{5,60}",
    "n": NUMBER,
    "span": rf"{NUMBER} {UNIT}s?",
    "name": r"[A-Z][a-z]{1,20}",
    "year": r"[0-9]{4}",
    "ordinal": ORDINAL,
    "month": MONTH,
    "weekday": WEEKDAY,
    "clock": r"[0-9]{1,2}(?::[0-9]{2})? ?[ap]m",
    "jubilee": r"silver|golden|diamond",
    "event": r"[a-z]{3,20}",
    "city": r"[A-Z][a-z]{1,20}",
    "move": rf"(?:delayed|brought forward) by {NUMBER} {UNIT}s?",
}
"""What may stand in a slot, by its kind: a slot's name without the figure at its end."""

_SLOT = re.compile(r"\{([a-z]+[0-9]?)\}")


def kind(slot: str) -> str:
    return slot.rstrip("0123456789")


Solve = Callable[[Slots], Solution]
Fit = Callable[[random.Random, dict[str, str]], None]


@dataclass(frozen=True, slots=True)
class Story:
    """A story's template, what follows from it, and how its slots are made to fit together."""

    template: str
    solve: Solve
    deductions: int = 1
    fit: Fit | None = None
    """Changes slots drawn at random, where they depend on each other."""
    also: tuple[str, ...] = ()
    """Other wordings that are read, but never written."""

    @property
    def opening(self) -> str:
        """The first word of its texts, in lower case; empty if that is a slot."""
        word = self.template.partition(" ")[0].lower()
        return "" if "{" in word else word

    @property
    def landmark(self) -> str:
        """The longest text, in lower case, that all of its texts have in common."""
        fixed = _SLOT.split(self.template)[::2]
        return max((part for part in fixed if all(part in t for t in self.also)), key=len).lower()

    @property
    def slots(self) -> list[str]:
        return _SLOT.findall(self.template)

    def read(self, text: str) -> Solution | None:
        """Return what follows from a text of this story; None for what is another."""
        for template in (self.template, *self.also):
            match = _pattern(template).fullmatch(text)
            if match is not None:
                try:
                    return self.solve(Slots(text, match.groupdict()))
                except (ValueError, OverflowError):
                    continue
        return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = _SLOT.split(template)
    texts, slots = parts[::2], parts[1::2]
    pattern = re.escape(texts[0])
    for slot, text in zip(slots, texts[1:], strict=True):
        pattern += f"(?P<{slot}>{SLOTS[kind(slot)]}){re.escape(text)}"
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


# --- deductions --------------------------------------------------------------------------------

TODAY = "today's date is"


def todays(today: Callable[[Slots], date], premise: str = "") -> Solve:
    """Return a solution of one step; its premise is the whole story unless it is given."""

    def solve(slots: Slots) -> Solution:
        clause = premise.format(**slots.texts) if premise else slots.premise
        return Solution((Deduction(clause, TODAY, today(slots)),))

    return solve
