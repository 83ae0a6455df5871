"""Errors of every kind, planted in gold rationales of date understanding."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from planted_errors import Planted, of_any_question, skipped_number, with_step

from engine.tasks.date_question import Problem
from engine.tasks.date_words import MONTHS, later, long_form, month_end, slashes
from engine.trajectory import FINAL_RESPONSE, Attempt, Step

LONG = re.compile(rf"(?P<month>{'|'.join(MONTHS)}) (?P<day>[0-9]{{1,2}}), (?P<year>[0-9]{{4}})")
CONCLUSION = re.compile(rf"(?P<subject>.*) (?P<long>{LONG.pattern})(?P<slashes>, that is .*)?\.")
# What a first step may restate: any date, in the ways that stories write it.
RESTATED = re.compile(
    r"(?P<month>[A-Z][a-z]{2,8} |[0-9]{1,2}/)(?P<day>[0-9]{1,2})"
    r"(?P<year>(?:st|nd|rd|th)?, [0-9]{4}|/[0-9]{4})"
)
COUNT = re.compile(
    r"(?<=bought )[0-9]+(?= eggs)|[0-9]+(?= hours)|[0-9]+(?=-year)|[0-9]+(?= days have passed)"
    r"|(?<=delayed by )[0-9]+|(?<=forward by )[0-9]+|(?<=spent )[0-9]+|(?<=for )[0-9]+(?= )"
)


Plant = Callable[[Problem, Attempt, int, random.Random], Planted | None]


def stated(step: Step) -> tuple[re.Match[str], date] | None:
    """The conclusion of a numbered step, and its day."""
    match = CONCLUSION.fullmatch(step.text)
    if match is None or step.label == FINAL_RESPONSE:
        return None
    return match, date(int(match["year"]), MONTHS.index(match["month"]) + 1, int(match["day"]))


# --- wrong dates -------------------------------------------------------------------------------


def _ends(match: re.Match[str], long: str, short: str) -> str:
    return f"{match['subject']} {long}{f', that is {short}' if match['slashes'] else ''}."


def _wrong_day(ways: Callable[[Problem, date], Iterator[date]]) -> Plant:
    """Another day throughout a conclusion."""

    def plant(problem: Problem, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        found = stated(attempt.steps[index])
        if found is None:
            return None
        match, right = found
        days = [day for day in ways(problem, right) if day != right]
        if not days:
            return None
        day = rng.choice(days)
        text = _ends(match, long_form(day), slashes(day))
        return Planted(with_step(attempt, index, text), attempt.steps[index].label, long_form(day))

    return plant


def off_by(unit: str) -> Callable[[Problem, date], Iterator[date]]:
    def ways(problem: Problem, day: date) -> Iterator[date]:
        yield later(day, 1, unit)
        yield later(day, -1, unit)

    return ways


def wrong_direction(problem: Problem, day: date) -> Iterator[date]:
    today = problem.solution.today
    if day == problem.target:
        yield today - (day - today)


def swapped(problem: Problem, day: date) -> Iterator[date]:
    if day.day <= 12:
        yield date(day.year, day.day, day.month)


def not_counted(problem: Problem, day: date) -> Iterator[date]:
    """Today instead of the date that is asked for."""
    if day == problem.target:
        yield problem.solution.today


def months_of_30_days(problem: Problem, day: date) -> Iterator[date]:
    """Counted over the end of a month as if all months had as many days."""
    if day.day <= 3:
        yield later(day, 30 - month_end(*_month_before(day)).day, "day")


def _month_before(day: date) -> tuple[int, int]:
    before = later(day, -1, "month")
    return before.year, before.month


def day_that_does_not_exist(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """February 29 of no leap year, June 31, or a day of three digits."""
    found = stated(attempt.steps[index])
    if found is None:
        return None
    match, day = found
    last = month_end(day.year, day.month).day
    number = rng.choice((last + 1, 32, 99, 241))
    wrong = f"{match['month']} {number}, {match['year']}"
    text = _ends(match, wrong, slashes(day))
    return Planted(with_step(attempt, index, text), attempt.steps[index].label, wrong)


def wrong_conversion(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The date is right in words, and wrong in figures."""
    found = stated(attempt.steps[index])
    if found is None or not found[0]["slashes"]:
        return None
    match, day = found
    ways = {slashes(later(day, by, unit)) for by in (1, -1) for unit in ("day", "month", "year")}
    ways |= {f"{day.day:02d}/{day.month:02d}/{day.year}", f"{day.month}/{day.day}/{day.year}0"}
    ways |= {f"{slashes(day)[:6]}20{slashes(day)[8:]}", f"13/{day.day:02d}/{day.year}"}
    wrong = rng.choice(sorted(ways - {slashes(day)}))
    text = _ends(match, match["long"], wrong)
    return Planted(with_step(attempt, index, text), attempt.steps[index].label, wrong)


def said_of_another_day(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The right date, but of yesterday or tomorrow instead of today."""
    step = attempt.steps[index]
    match = re.search(rf"today's date is (?P<long>{LONG.pattern})", step.text)
    if match is None:
        return None
    other = rng.choice(("yesterday's date is", "tomorrow is", "the day after tomorrow is"))
    text = step.text.replace("today's date is", other)
    return Planted(with_step(attempt, index, text), step.label, match["long"])


def counted_from_another_day(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """What an earlier step found is not what the last one counts from."""
    step, offset = attempt.steps[index], problem.asked.offset
    if not step.text.startswith("The date ") or offset is None:
        return None
    other = later(problem.solution.today, rng.choice((1, -1, 3)), "day")
    target = later(other, *offset)
    word = "after" if offset[0] > 0 else "before"
    count = f"{abs(offset[0])} {offset[1]}s"
    text = f"{count} {word} {long_form(other)} is {long_form(target)}, that is {slashes(target)}."
    return Planted(with_step(attempt, index, text), step.label, long_form(other))


# --- wrong premises ----------------------------------------------------------------------------


def wrong_date_restated(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    step = attempt.steps[index]
    clause = step.text.split(", then ")[0]
    found = [match for match in RESTATED.finditer(clause) if match[0] in problem.story]
    if not found or not step.text.startswith("If "):
        return None
    match = rng.choice(found)
    day = rng.choice([n for n in range(1, 29) if n != int(match["day"])])
    year = match["year"]
    if rng.random() < 0.3:
        day, year = int(match["day"]), year[:-1] + str((int(year[-1]) + 1) % 10)
    wrong = f"{match['month']}{day}{year}"
    text = step.text[: match.start()] + wrong + step.text[match.end() :]
    # A weekday, or what is counted from a date, is named with it.
    whole = re.search(
        rf"(?:[0-9]+ days after |(?:a|[0-9]+) weeks? after |[A-Z][a-z][a-z], )?{wrong}", text
    )
    assert whole is not None
    return Planted(with_step(attempt, index, text), step.label, whole[0])


def wrong_number_restated(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    step = attempt.steps[index]
    found = [match for match in COUNT.finditer(step.text) if match[0] in problem.story]
    if not found or not step.text.startswith("If "):
        return None
    match = rng.choice(found)
    # A number of the story would stand for another part of it.
    wrong = next(
        str(n) for n in rng.sample(range(61, 100), 39) if not re.search(rf"\b{n}\b", problem.story)
    )
    text = step.text[: match.start()] + wrong + step.text[match.end() :]
    return Planted(with_step(attempt, index, text), step.label, wrong)


def wrong_person(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The one who is wrong is said to be right."""
    step = attempt.steps[index]
    match = re.search(r"(\w+) thinks .* but (\w+) thinks .* and (\w+) is correct", step.text)
    if match is None:
        return None
    wrong = next(name for name in match.groups()[:2] if name != match[3])
    text = step.text.replace(f"{match[3]} is correct", f"{wrong} is correct")
    return Planted(with_step(attempt, index, text), step.label, f"{wrong} is correct")


def false_assertion(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    step = attempt.steps[index]
    if step.label == FINAL_RESPONSE:
        return None
    wrong = rng.choice(
        (
            "February has 30 days",
            "June has 31 days",
            "December 1999 has only 30 days",
            "1900 is a leap year",
            "2000 is not a leap year",
            "36 hours is 2 days",
            "February 2001 has 29 days",
        )
    )
    return Planted(with_step(attempt, index, f"{step.text} {wrong}."), step.label, wrong)


# --- the final response, and whole steps --------------------------------------------------------


def _final(ways: Callable[[Problem, random.Random], tuple[str, str]]) -> Plant:
    def plant(problem: Problem, attempt: Attempt, index: int, rng: random.Random) -> Planted | None:
        if attempt.steps[index].label != FINAL_RESPONSE:
            return None
        text, span = ways(problem, rng)
        return Planted(with_step(attempt, index, text), FINAL_RESPONSE, span)

    return plant


def wrong_letter(problem: Problem, rng: random.Random) -> tuple[str, str]:
    letter = rng.choice([one for one in problem.options if one not in problem.right_letters])
    return f"So the answer is ({letter}).", f"({letter})"


def no_option(problem: Problem, rng: random.Random) -> tuple[str, str]:
    letter = rng.choice("GHXYZ")
    return f"So the answer is ({letter}).", f"({letter})"


def no_answer(problem: Problem, rng: random.Random) -> tuple[str, str]:
    right = problem.right_letter()
    text = rng.choice(
        (
            f"So the answer is {right}.",
            f"So the answer is ({right})",
            "I do not know.",
            "",
            f"So the answer is ({right.lower()}).",
            f"So the answer is ({right}). Or not.",
            f"So the answer is ({right}{right}).",
            f"So the answer is {slashes(problem.target)}.",
        )
    )
    return text, text


def wrong_letter_in_a_step(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    if attempt.steps[index].label != FINAL_RESPONSE:
        return None
    text, span = wrong_letter(problem, rng)
    step = Step(str(index + 1), text)
    return Planted(Attempt((*attempt.steps[:index], step, attempt.steps[index])), step.label, span)


def missing_last_step(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """The date that is asked for is never worked out."""
    target = long_form(problem.target)
    kept = attempt.steps[:index]
    if index != len(attempt.steps) - 2 or any(target in step.text for step in kept):
        return None
    if any(problem.target in place for place in (problem.solution.events.values())):
        return None
    if slashes(problem.target) in problem.story or RESTATED.search(problem.story):
        # The story's own date may be the one that is asked for, in other words.
        return None
    final = attempt.steps[-1]
    return Planted(Attempt((*kept, final)), FINAL_RESPONSE, final.text)


def repeated_number(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    """Two steps have one number."""
    step = attempt.steps[index]
    if step.label == FINAL_RESPONSE:
        return None
    longer = Attempt((*attempt.steps[: index + 1], *attempt.steps[index:]))
    return Planted(longer, step.label, f"({step.label})")


def step_after_the_end(
    problem: Problem, attempt: Attempt, index: int, rng: random.Random
) -> Planted | None:
    if attempt.steps[index].label == FINAL_RESPONSE:
        return None
    label = str(len(attempt.steps))
    longer = Attempt((*attempt.steps, replace(attempt.steps[index], label=label)))
    return Planted(longer, label, f"({label})")


PLANTS: dict[str, Plant] = {
    "off by a day": _wrong_day(off_by("day")),
    "off by a week": _wrong_day(off_by("week")),
    "off by a month": _wrong_day(off_by("month")),
    "off by a year": _wrong_day(off_by("year")),
    "wrong direction": _wrong_day(wrong_direction),
    "not counted": _wrong_day(not_counted),
    "day and month swapped": _wrong_day(swapped),
    "wrong length of a month": _wrong_day(months_of_30_days),
    "day that does not exist": day_that_does_not_exist,
    "wrong conversion": wrong_conversion,
    "said of another day": said_of_another_day,
    "counted from another day": counted_from_another_day,
    "wrong date restated": wrong_date_restated,
    "wrong number restated": wrong_number_restated,
    "wrong person": wrong_person,
    "false assertion": false_assertion,
    "wrong letter": _final(wrong_letter),
    "letter of no option": _final(no_option),
    "no answer": _final(no_answer),
    "wrong letter in a step": wrong_letter_in_a_step,
    "missing last step": missing_last_step,
    "skipped number": of_any_question(skipped_number),
    "repeated number": repeated_number,
    "step after the end": step_after_the_end,
}
