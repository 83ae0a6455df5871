"""Questions of date understanding drawn at random: stories, and options that are plausible."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from engine.tasks.date_question import STORIES, Problem, read_question
from engine.tasks.date_short_stories import JUBILEES
from engine.tasks.date_story import Story, kind
from engine.tasks.date_words import (
    HOLIDAYS,
    MONTHS,
    ORDINALS,
    WEEKDAYS,
    later,
    long_form,
    ordinal,
    slashes,
)

ASKED = (
    "today", "yesterday", "tomorrow", "10 days ago", "24 hours later", "a month ago",
    "one week ago from today", "one week from today", "one year ago from today",
)  # fmt: skip
OPTIONS = 6

_NAMES = (
    "Jane", "Alice", "Maria", "Emma", "Olivia", "Grace", "Nora", "Lucy", "Clara", "Irene", "Sarah",
    "Diana", "Helen", "Laura", "Sofia", "Ruth", "Julia", "Karen", "Fiona", "Wendy",
)  # fmt: skip
_CITIES = (
    "Paris", "Rome", "Oslo", "Lisbon", "Vienna", "Athens", "Dublin", "Prague", "Madrid", "Berlin",
    "Cairo", "Tokyo", "Lima", "Boston", "Sydney", "Quito",
)  # fmt: skip
_EVENTS = ("concert", "meeting", "exam", "wedding", "match", "lecture", "show", "race")
_HOLIDAYS = tuple(name.title().replace("'S", "'s") for name in HOLIDAYS)
_YEARS = (1900, 2049)


def steps_of(story: Story, asked: str) -> int:
    """Return how many numbered steps the rationale of a question has."""
    return story.deductions + (asked != "today")


MOST_STEPS = max(story.deductions for story in STORIES) + 1


def kinds_of_question(least: int, most: int) -> list[tuple[Story, str]]:
    """Return the stories, each with what may be asked, that take so many steps."""
    pairs = ((story, asked) for story in STORIES for asked in ASKED)
    return [(story, asked) for story, asked in pairs if least <= steps_of(story, asked) <= most]


def draw_content(rng: random.Random, story: Story, asked: str) -> str:
    """Return a question without its options."""
    slots: dict[str, str] = {}
    for slot in story.slots:
        text = _draw(rng, kind(slot))
        while text in slots.values() and kind(slot) in ("name", "city"):
            text = _draw(rng, kind(slot))
        slots[slot] = text
    if story.fit is not None:
        story.fit(rng, slots)
    return f"{story.template.format(**slots)} What is the date {asked} in MM/DD/YYYY?"


def with_options(rng: random.Random, content: str) -> str:
    """Return a question with its options, one of them right, in any order."""
    problem = read_question(f"{content}\nOptions:\n(A) 1/1/1")
    days = [problem.target, *_distractors(rng, problem)]
    rng.shuffle(days)
    lines = (f"({letter}) {slashes(day)}" for letter, day in zip("ABCDEF", days, strict=True))
    return "\n".join((content, "Options:", *lines))


def _distractors(rng: random.Random, problem: Problem) -> list[date]:
    """Return wrong dates that an error would lead to, and some that are merely near."""
    target = problem.target
    wrong = {day for day in _slips(problem) if day != target}
    while len(wrong) < OPTIONS:
        wrong |= {later(target, rng.randint(-60, 60), "day")} - {target}
    return rng.sample(sorted(wrong), OPTIONS - 1)


def _slips(problem: Problem) -> Iterator[date]:
    target, today = problem.target, problem.solution.today
    for unit in ("day", "month", "year"):
        yield later(target, 1, unit)
        yield later(target, -1, unit)
    yield today
    # Counted in the wrong direction, and with the day before the month.
    yield today - (target - today)
    if target.day <= 12:
        yield date(target.year, target.day, target.month)
    yield from (deduction.day for deduction in problem.solution.deductions)


# --- slots -------------------------------------------------------------------------------------


def _draw(rng: random.Random, slot: str) -> str:
    match slot:
        case "date":
            return _style(rng, _some_day(rng))
        case "day":
            day = _some_day(rng)
            return rng.choice((f"{day.month}/{day.day}", f"{MONTHS[day.month - 1][:3]} {day.day}"))
        case "named":
            return _named(rng)
        case "n":
            return str(rng.randint(2, 60))
        case "span":
            return _span(rng)
        case "move":
            return f"{rng.choice(('delayed', 'brought forward'))} by {_span(rng)}"
        case "year":
            return str(rng.randint(*_YEARS))
        case "ordinal":
            return ordinal(rng.randint(1, 28))
        case "clock":
            return f"{rng.randint(1, 12)}:{rng.randint(0, 59):02d} {rng.choice(('am', 'pm'))}"
        case _:
            return rng.choice(_CHOICES[slot])


_CHOICES = {
    "name": _NAMES,
    "city": _CITIES,
    "event": _EVENTS,
    "month": MONTHS,
    "weekday": WEEKDAYS,
    "jubilee": tuple(JUBILEES),
    # The story makes it fit the other slots.
    "nodate": ("",),
}


def _some_day(rng: random.Random) -> date:
    """Return a day; never February 29, of which anniversaries are disputed."""
    first, last = (date(year, 1, 1) for year in _YEARS)
    day = first + timedelta(rng.randrange((last - first).days))
    return day if (day.month, day.day) != (2, 29) else date(day.year, 3, 1)


def _style(rng: random.Random, day: date) -> str:
    short = f"{MONTHS[day.month - 1][:3]} {day.day}, {day.year}"
    ordinals = f"{MONTHS[day.month - 1]} {ordinal(day.day)}, {day.year}"
    plain = f"{day.month}/{day.day}/{day.year}"
    return rng.choice((plain, slashes(day), short, long_form(day), ordinals))


def _span(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(("a week", "2 weeks", "3 weeks"))
    return f"{rng.randint(2, 30)} days"


def _named(rng: random.Random) -> str:
    year, month = rng.randint(*_YEARS), rng.choice(MONTHS)
    return rng.choice(
        (
            f"{rng.choice(_HOLIDAYS)} of {year}",
            f"the last day of {year}",
            f"the first day of {year}",
            f"the last day of {month} {year}",
            f"the {rng.choice(ORDINALS)} day of the {rng.choice(ORDINALS)} month of {year}",
            f"the last day of the {rng.choice(ORDINALS[:4])} quarter of {year}",
            f"the {rng.choice(ORDINALS[:4])} {rng.choice(WEEKDAYS)} of {month} {year}",
        )
    )
