"""Stories that give today's date away in two steps or more."""

from __future__ import annotations

import random
from datetime import date

from engine.tasks.date_story import TODAY, Deduction, Slots, Solution, Solve, Story
from engine.tasks.date_words import (
    MONTHS,
    ORDINALS,
    later,
    long_form,
    month_end,
    ordinal,
)

_MOST_VISITS = 60


def _two_days(first: str, between: str, days: int) -> Solve:
    """Today is two days from the date that is given, by way of the day in between."""

    def solve(slots: Slots) -> Solution:
        middle = later(slots.day(), days, "day")
        return Solution(
            (
                Deduction(f"{first} {slots['date']}", between, middle),
                Deduction(f"{between} {long_form(middle)}", TODAY, later(middle, days, "day")),
            )
        )

    return solve


def _visits(slots: Slots) -> Solution:
    count = slots.number("ordinal2")
    if not 1 <= count <= _MOST_VISITS:
        raise ValueError("too many visits")
    first = date(int(slots["year"]), slots.month(), slots.number("ordinal"))
    visits = [later(first, month, "month") for month in range(count)]
    start, today = slots.story.removesuffix(".").split(". It ")
    deductions = (
        Deduction(start, "her first visit was on", first),
        Deduction(f"it {today}", TODAY, visits[-1]),
    )
    return Solution(deductions, events=dict(zip(_VISITS, ((day,) for day in visits), strict=False)))


_VISITS = [f"{name} visit" for name in ORDINALS]
_VISITS += [f"{ordinal(count)} visit" for count in range(len(_VISITS) + 1, _MOST_VISITS + 1)]


def _job(slots: Slots) -> Solution:
    year = int(slots["year"])
    second = slots.day("day", year)
    first = later(second, -1, "day")
    if first.year != year:
        raise ValueError("she began in another year")
    today = later(first, slots.number(), "year")
    return Solution(
        (
            Deduction(
                f"her second day at work was {slots['day']}",
                "her first day at work was",
                first,
            ),
            Deduction(f"today is her {slots['n']}-year work anniversary", TODAY, today),
        ),
        events={"first day at work": (first,), "second day at work": (second,)},
    )


def _born(slots: Slots) -> Solution:
    born = month_end(int(slots["year"]), slots.month())
    today = later(born, slots.number(), "year")
    birth, birthday = slots.story.removesuffix(".").split(". Today ")
    return Solution(
        (
            Deduction(birth, "she was born on", born),
            Deduction(f"today {birthday}", TODAY, today),
        ),
        events={"born": (born,), "birthday": (born, today)},
    )


def _exam(slots: Slots) -> Solution:
    exam = slots.after(slots.day())
    first, second = slots.story.removesuffix(".").split(". Today ")
    return Solution(
        (
            Deduction(first, "the exam was on", exam),
            Deduction(f"today {second}", TODAY, slots.after(exam, "span2")),
        ),
        events={"exam": (exam,)},
    )


def _borrowed(slots: Slots) -> Solution:
    due = slots.after(slots.day())
    first, second = slots.story.removesuffix(".").split(". Today ")
    return Solution(
        (
            Deduction(first, "the book is due on", due),
            Deduction(f"today {second}", TODAY, slots.after(due, "span2", sign=-1)),
        ),
        events={"the book is due": (due,)},
    )


def _moves(count: int) -> Story:
    """Something that was put off or brought forward several times."""
    moves = [f"{{move{number}}}" for number in range(1, count + 1)]
    listed = ", then ".join(moves[:-1])
    template = (
        f"The {{event}} was scheduled to be on {{date}}, but was {listed}, "
        f"and then {moves[-1]} to today."
    )

    def solve(slots: Slots) -> Solution:
        day = slots.day()
        events = {"scheduled": (day,)}
        premise = f"the {slots['event']} was scheduled to be on {slots['date']}, but was "
        deductions = []
        for place in range(1, count):
            day = slots.moved(day, f"move{place}")
            name = f"the {ORDINALS[place - 1]} new date"
            events[name] = (day,)
            deductions.append(Deduction(premise + slots[f"move{place}"], f"{name} is", day))
            premise = "it was then "
        last = f"move{count}"
        premise += f"{slots[last]} to today"
        deductions.append(Deduction(premise, TODAY, slots.moved(day, last)))
        return Solution(tuple(deductions), events)

    return Story(template, solve, count)


def _trip(count: int) -> Story:
    """A journey through several cities."""
    stays = [f"{{span{number}}} in {{city{number}}}" for number in range(1, count + 1)]
    template = (
        "{name} left home on {date}. She spent "
        f"{', '.join(stays[:-1])} and {stays[-1]}, and came home today."
    )

    def solve(slots: Slots) -> Solution:
        day = slots.day()
        events = {"left home": (day,)}
        premise = f"{slots['name']} left home on {slots['date']} and spent "
        deductions = []
        for place in range(1, count + 1):
            city = slots[f"city{place}"]
            premise += f"{slots[f'span{place}']} in {city}"
            day = slots.after(day, f"span{place}")
            if place < count:
                events[f"left {city.lower()}"] = (day,)
                deductions.append(Deduction(premise, f"she left {city} on", day))
                premise = "she then spent "
        deductions.append(Deduction(f"{premise} and came home today", TODAY, day))
        return Solution(tuple(deductions), events)

    return Story(template, solve, count)


def _fit_visits(rng: random.Random, slots: dict[str, str]) -> None:
    slots |= {"ordinal": ordinal(rng.randint(1, 28)), "ordinal2": ordinal(rng.randint(2, 12))}


def _fit_job(rng: random.Random, slots: dict[str, str]) -> None:
    slots["day"] = f"{rng.choice(MONTHS)[:3]} {rng.randint(2, 28)}"


LONG = (
    Story(
        "The day before yesterday was {date}.",
        _two_days("the day before yesterday was", "yesterday was", 1),
        2,
    ),
    Story(
        "The day after tomorrow is {date}.",
        _two_days("the day after tomorrow is", "tomorrow is", -1),
        2,
    ),
    Story(
        "{name} visits the bookstore on the {ordinal} of each month starting from the {month} of "
        "{year}. It is her {ordinal2} visit to the bookstore today.",
        _visits,
        2,
        fit=_fit_visits,
    ),
    Story(
        "{name} got her job in {year}. Today is her {n}-year work anniversary. She still "
        "remembers that on {day}, her second day at work, she spilled coffee on her laptop.",
        _job,
        2,
        fit=_fit_job,
        also=(
            "{name} got her job in {year}. Today is her {n}-year work anniversary. She still "
            "remember that on {day}, her second day at work, she spilled coffee on her laptop.",
        ),
    ),
    Story(
        "{name} was born on the last day of {month} in {year}. Today is her {n}-year-old birthday.",
        _born,
        2,
    ),
    Story("{name}'s exam was {span} after {date}. Today is {span2} after the exam.", _exam, 2),
    Story(
        "{name} borrowed a book on {date} for {span}. Today is {span2} before the book is due.",
        _borrowed,
        2,
    ),
    *(_moves(count) for count in (2, 3, 4)),
    *(_trip(count) for count in (2, 3, 4)),
)
