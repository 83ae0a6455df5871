"""Stories that give today's date away in one step: those of BIG-Bench."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta

from engine.tasks.date_story import TODAY, Deduction, Slots, Solution, Story, todays
from engine.tasks.date_words import (
    MONTHS,
    WEEKDAYS,
    later,
    palindrome,
    slashes,
    thanksgiving,
)

JUBILEES = {"silver": 25, "golden": 50, "diamond": 60}
_MONTHS_OF_31 = (1, 3, 5, 7, 8, 10, 12)


def _at(days: int = 0) -> Callable[[Slots], date]:
    return lambda slots: later(slots.day(), days, "day")


def _belief(slots: Slots) -> Solution:
    """Two people, two opinions."""
    opinions = {slots["name"]: slots.day("date"), slots["name2"]: slots.day("date2")}
    right = slots["name3"]
    today = opinions.pop(right, None)
    if today is None or not opinions:
        raise ValueError("nobody else is known to be right or wrong")
    wrong = next(iter(opinions)).lower()
    reason = f"the question says that {right} is correct"
    denied = (f"{wrong} is correct", f"{wrong} is right", f"correct answer is {wrong}")
    deduction = Deduction(slots.premise, TODAY, today)
    return Solution((deduction,), denied=dict.fromkeys(denied, reason))


def _fit_belief(rng: random.Random, slots: dict[str, str]) -> None:
    day = _day(slots["date"]) + timedelta(rng.choice((-2, -1, 1, 2)))
    slots["date2"] = slashes(day)
    slots["name3"] = rng.choice((slots["name"], slots["name2"]))


def _fit_correction(rng: random.Random, slots: dict[str, str]) -> None:
    day = later(_day(slots["date"]), int(slots["n"]), "day")
    slots["day"] = f"{MONTHS[day.month - 1][:3]} {day.day}"


def _correction(slots: Slots) -> date:
    today = later(slots.day(), slots.number(), "day")
    if not slots.written("day").means(today):
        raise ValueError("the story contradicts itself")
    return today


def _meteors(slots: Slots) -> Solution:
    deduction = Deduction(slots.premise, TODAY, slots.day("day", int(slots["year"])))
    reason = "the question does not say when it was"
    first = (f"{before} was on" for before in ("the first time", "first meteor shower"))
    denied = ("first meteor shower on", "saw a meteor shower on", "first time was", *first)
    return Solution((deduction,), denied=dict.fromkeys(denied, reason))


def _appointment(slots: Slots) -> Solution:
    today = slots.day()
    deduction = Deduction(slots.premise, TODAY, today)
    return Solution((deduction,), events={"appointment": (slots.after(today),)})


def _moved_once(slots: Slots) -> Solution:
    deduction = Deduction(slots.premise, TODAY, slots.moved(slots.day()))
    return Solution((deduction,), events={"scheduled": (slots.day(),)})


def _eggs(slots: Slots) -> Solution:
    today = later(slots.day(), slots.number(), "day")
    deduction = Deduction(slots.premise, TODAY, today)
    return Solution((deduction,), events={"ran out of eggs": (today,)})


def _hours_before(slots: Slots) -> date:
    return (datetime(int(slots["year"]), 1, 1) - timedelta(hours=slots.number())).date()


def _first_weekday(slots: Slots) -> date:
    first = date(int(slots["year"]), 1, 1)
    if WEEKDAYS[first.weekday()] != slots["weekday"] or slots["year"] != slots["year2"]:
        raise ValueError("the story contradicts the calendar")
    return first + timedelta((WEEKDAYS.index(slots["weekday2"]) - first.weekday()) % 7)


def _fit_first_weekday(rng: random.Random, slots: dict[str, str]) -> None:
    slots["weekday"] = WEEKDAYS[date(int(slots["year"]), 1, 1).weekday()]
    slots |= {"weekday2": rng.choice(WEEKDAYS), "year2": slots["year"]}


def _fit_month_end(rng: random.Random, slots: dict[str, str]) -> None:
    """Yesterday was the last day of a month."""
    month = rng.choice(_MONTHS_OF_31)
    year = _day(slots["date"]).year
    slots |= {"date": f"{month}/31/{year}", "nodate": f"{month}/32/{year}"}
    slots |= {"month": MONTHS[month - 1], "n": "31"}


def _fit_palindrome(rng: random.Random, slots: dict[str, str]) -> None:
    slots["year"] = rng.choice(["2001", "2010", "2011", "2020", "2021", "2030", "1101", "1110"])


def _fit_weekday(rng: random.Random, slots: dict[str, str]) -> None:
    day = _day(slots["date"])
    slots["date"] = f"{WEEKDAYS[day.weekday()][:3]}, {day.month}/{day.day}/{day.year}"


def _fit_day_first(rng: random.Random, slots: dict[str, str]) -> None:
    day = _day(slots["date"])
    slots["date"] = f"{day.day:02d}/{day.month:02d}/{day.year}"


def _day_first(slots: Slots) -> Solution:
    day = slots.written().day_first().date()
    if day is None:
        raise ValueError("the day does not exist")
    deduction = Deduction(f"today is {slots['date']} to them", TODAY, day)
    return Solution((deduction,), day_first=True)


def _day(text: str) -> date:
    return Slots("", {"date": text}).day()


SHORT = (
    Story("It is {date} today.", todays(_at())),
    Story("Today is {date}.", todays(_at())),
    Story(
        "Today, {date}, is a day that {name} will never forget.",
        todays(_at()),
        also=("Today, {date}, is a day that we will never forget.",),
    ),
    Story("The current local time is {clock} of {date}.", todays(_at())),
    Story("Yesterday was {date}.", todays(_at(1))),
    Story(
        "Yesterday was {date}. Today could not be {nodate} because {month} has only {n} days.",
        todays(_at(1), "yesterday was {date}"),
        fit=_fit_month_end,
    ),
    Story("Tomorrow is {date}.", todays(_at(-1))),
    Story("Yesterday, {date}, {name} ate {n} pizzas and {n2} wings.", todays(_at(1))),
    Story("{name} booked a flight for tomorrow, {date}.", todays(_at(-1))),
    Story(
        "{name} scheduled {n} appointments with {n2} people for tomorrow ({date}).",
        todays(_at(-1)),
        fit=_fit_weekday,
        also=("{name} scheduled {n} apointments with {n2} poeple for tomorrow ({date}).",),
    ),
    Story("Today's meeting is rescheduled to {clock} tomorrow, {date}.", todays(_at(-1))),
    Story("It was {date} {span} ago.", todays(lambda slots: slots.after(slots.day()))),
    Story(
        "The deadline is {date}, which is {span} away from now.",
        todays(lambda slots: slots.after(slots.day(), sign=-1)),
    ),
    Story("Today is {date}. {name}'s appointment will be {span} later.", _appointment),
    Story(
        "{name} thinks today is {date}, but {name2} thinks today is {date2}. {name3} is correct.",
        _belief,
        fit=_fit_belief,
    ),
    Story(
        "{name} thought today is {date}, but today is in fact {day}, which is {n} days later.",
        todays(_correction),
        fit=_fit_correction,
        also=(
            "{name} thought today is {date}, but today is in fact {day}, which is {n} day later.",
        ),
    ),
    Story("Today is {named}.", todays(lambda slots: slots.named())),
    Story("This is {named}.", todays(lambda slots: slots.named())),
    Story("{name} is celebrating {named}.", todays(lambda slots: slots.named())),
    Story(
        "Today is the palindrome day of {year}, because the MMDDYYYY format of the date is the "
        "same backwards as forwards.",
        todays(lambda s: palindrome(int(s["year"])), "today is the palindrome day of {year}"),
        fit=_fit_palindrome,
    ),
    Story(
        "In the US, Thanksgiving is on the fourth Thursday of November. "
        "Today is the US Thanksgiving of {year}.",
        todays(lambda s: thanksgiving(int(s["year"])), "today is the US Thanksgiving of {year}"),
    ),
    Story(
        "The first day of {year} is a {weekday}, and today is the first {weekday2} of {year2}.",
        todays(_first_weekday),
        fit=_fit_first_weekday,
    ),
    Story("{year} is coming in {n} hours.", todays(_hours_before)),
    Story(
        "{name} and {name2} married on {date}. It is their {n}-year anniversary today.",
        todays(lambda slots: later(slots.day(), slots.number(), "year")),
    ),
    Story(
        "{name} and {name2} married on {date}. Today is their {jubilee} wedding anniversary.",
        todays(lambda slots: later(slots.day(), JUBILEES[slots["jubilee"].lower()], "year")),
    ),
    Story(
        "{date} is like yesterday to {name}, but that is actually {span} ago.",
        todays(lambda slots: slots.after(slots.day())),
    ),
    Story(
        "On {date} {name} bought {n} eggs. She ate one per day. Today she ran out of eggs.",
        _eggs,
    ),
    Story(
        "{name} quit her job on {date}. {n} days have passed since then.",
        todays(lambda slots: later(slots.day(), slots.number(), "day")),
        also=("{name} quited her job on {date}. {n} days have passed since then.",),
    ),
    Story(
        "The {event} was scheduled to be on {date}, but was {move} to today.",
        _moved_once,
    ),
    Story(
        "Today is {day}, and it is {name}'s second time in the year {year} to see a meteor shower.",
        _meteors,
    ),
    Story(
        "Today is {day}. {name} is watching NFL {year}.",
        todays(lambda slots: slots.day("day", int(slots["year"]))),
    ),
    Story(
        "In the UK, people usually put the day before the month when formatting the date. "
        "Therefore, today is {date} to them.",
        _day_first,
        fit=_fit_day_first,
    ),
)
