"""Dates, days and durations are read as people write them, whatever stands around them."""

import calendar
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from engine.tasks.date_assertions import false_assertions
from engine.tasks.date_terms import Timeline, chains, read_terms
from engine.tasks.date_words import (
    NAMED,
    WRITTEN,
    Written,
    later,
    long_form,
    lower,
    month_end,
    named,
    number,
    ordinal,
    slashes,
    written,
)

_WRITTEN = re.compile(rf"\b{WRITTEN}", re.ASCII)
_NAMED = re.compile(rf"\b{NAMED}", re.ASCII)
TODAY = date(1943, 6, 2)


def read(text: str) -> Written | None:
    match = _WRITTEN.search(lower(text))
    return written(match) if match else None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on Sept. 8th, 2021.", Written(9, 8, 2021)),
        ("Jan 2, 1963", Written(1, 2, 1963)),
        ("Feburary 29, 2016", Written(2, 29, 2016)),
        ("June 02, 1943 and", Written(6, 2, 1943)),
        ("the 16th of March, 2008", Written(3, 16, 2008)),
        ("28 february 2017", Written(2, 28, 2017)),
        ("4/19/1969", Written(4, 19, 1969)),
        ("04/19/69", Written(4, 19, 69, short=True)),
        ("1969-04-19", Written(4, 19, 1969)),
        ("04-19-1969", Written(4, 19, 1969)),
        ("9/7. Jane", Written(9, 7)),
        ("Dec 2, her second day", Written(12, 2)),
        ("Mar 7 in 2016", Written(3, 7, 2016)),
        ("Mar 20, 176 days have passed", Written(3, 20)),
        ("Mon, 7/8/1972", Written(7, 8, 1972, calendar.MONDAY)),
        ("08/28/YYYY", Written(8, 28)),
        ("12/32/1929", Written(12, 32, 1929)),
        ("December 241, 1937", Written(12, 241, 1937)),
        ("12/25/19370", Written(12, 25, 19370)),
        ("9/7/0002", Written(9, 7, 2)),
        ("Jan 2012", None),
        ("5-year anniversary, 1/, /2", None),
        ("12/\u0663/1999", None),
        ("mayor 5", None),
    ],
)
def test_a_date_is_read_as_it_is_written(text: str, day: Written | None) -> None:
    assert read(text) == day


@given(st.dates(min_value=date(1000, 1, 1)))
def test_what_is_written_is_read_the_same(day: date) -> None:
    for text in (long_form(day), slashes(day), day.isoformat(), day.strftime("%a, %m/%d/%Y")):
        found = read(text)
        assert found is not None
        assert found.date() == day
        assert found.means(day)
        assert found.exists()


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1000, 9999))
def test_only_days_of_the_calendar_exist(month: int, day: int, year: int) -> None:
    found = read(f"{month}/{day}/{year}")
    assert found is not None
    real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    assert found.exists() == real
    assert (found.date() is not None) == real


def test_a_year_of_two_digits_is_any_century() -> None:
    day = read("4/19/69")
    assert day is not None
    assert day.means(date(1969, 4, 19))
    assert day.means(date(2069, 4, 19))
    wrong = read("4/19/0069")
    assert wrong is not None
    assert not wrong.means(date(1969, 4, 19))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Christmas Eve of 1937", date(1937, 12, 24)),
        ("the last day of Feburary in 2000", date(2000, 2, 29)),
        ("the last day of Jan 2012", date(2012, 1, 31)),
        ("This is the last day of 1899", date(1899, 12, 31)),
        ("the first day of the year 2007", date(2007, 1, 1)),
        ("the third day of 1966", date(1966, 1, 3)),
        ("the second day of the third month of 1966", date(1966, 3, 2)),
        ("the last day of the first quarter of 2008", date(2008, 3, 31)),
        ("the US Thanksgiving of 2001", date(2001, 11, 22)),
        ("the US Thanksgiving of 2002", date(2002, 11, 28)),
        ("the 4th Thursday of November in 2002", date(2002, 11, 28)),
        ("the first Monday of 2019", date(2019, 1, 7)),
        ("the palindrome day of 2020", date(2020, 2, 2)),
        ("the palindrome day of 2012", None),
        ("the fifth Monday of February 2021", None),
        ("the twelfth day of the 13th month of 1966", None),
        ("the 99th day of June 1966", None),
        ("the first day of 0000", None),
    ],
)
def test_a_day_is_named_by_the_calendar(text: str, day: date | None) -> None:
    match = _NAMED.search(lower(text))
    assert match is not None
    assert named(match) == day


@pytest.mark.parametrize(
    ("day", "count", "unit", "result"),
    [
        (date(2021, 1, 31), 1, "month", date(2021, 2, 28)),
        (date(2016, 2, 29), -1, "year", date(2015, 2, 28)),
        (date(2008, 3, 31), -1, "month", date(2008, 2, 29)),
        (date(1899, 12, 31), 24, "hour", date(1900, 1, 1)),
        (date(2000, 12, 31), 2, "month", date(2001, 2, 28)),
        (date(2012, 1, 31), 1, "week", date(2012, 2, 7)),
    ],
)
def test_months_and_years_are_cut_to_the_month_s_end(
    day: date, count: int, unit: str, result: date
) -> None:
    assert later(day, count, unit) == result


@given(st.dates(), st.integers(-(10**7), 10**7), st.sampled_from(["day", "week", "month", "year"]))
def test_arithmetic_stays_within_the_calendar(day: date, count: int, unit: str) -> None:
    try:
        moved = later(day, count, unit)
    except ValueError:
        return
    if unit in ("day", "week"):
        assert (moved - day).days == count * (7 if unit == "week" else 1)
    else:
        months = 12 * (moved.year - day.year) + moved.month - day.month
        assert months == count * (12 if unit == "year" else 1)
        assert moved.day in (day.day, month_end(moved.year, moved.month).day)


def test_hours_that_are_no_days_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole days"):
        later(TODAY, 36, "hour")


@given(st.integers(0, 10**4))
def test_numbers_are_read_as_they_are_written(count: int) -> None:
    assert number(str(count)) == number(ordinal(count)) == count


def test_numbers_are_words_too() -> None:
    assert [number(word) for word in ("a", "an", "one", "twenty", "third", "11th")] == [
        1, 1, 1, 20, 3, 11,
    ]  # fmt: skip


# --- terms and chains --------------------------------------------------------------------------

TIMELINE = Timeline(TODAY, {"concert": (date(1943, 6, 1),)})


def chained(text: str) -> list[list[str]]:
    return [[term.text for term in chain] for chain in chains(text, read_terms(text, TIMELINE))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "The date a month ago is May 2, 1943, that is 05/02/1943.",
            [["a month ago", "May 2, 1943", "05/02/1943"]],
        ),
        (
            "If yesterday was May 1, it is May 2 today, then tomorrow is May 3.",
            [["yesterday", "May 1"], ["May 2", "today"], ["tomorrow", "May 3"]],
        ),
        (
            "10 days before June 2, 1943 is May 23, 1943",
            [["10 days before June 2, 1943", "May 23, 1943"]],
        ),
        ("It was Sept. 1st, 2021 a week ago.", [["Sept. 1st, 2021", "a week ago"]]),
        (
            "today is in fact Mar 12, which is 1 day later, 3/13/1943",
            [["today", "Mar 12"], ["3/13/1943"]],
        ),
        (
            "If today is 6/2, the date 24 hours later is 6/3.",
            [["today", "6/2"], ["24 hours later", "6/3"]],
        ),
        ("tomorrow (Thu, 6/3/1943), not today", [["tomorrow", "Thu, 6/3/1943"], ["today"]]),
        ("June 1, 1943 + 2 days = June 3, 1943", [["June 1, 1943 + 2 days", "June 3, 1943"]]),
        ("The concert was on 6/1. Today is 6/2", [["concert", "6/1"], ["Today", "6/2"]]),
        ("Today could not be 6/32.", [["Today"], ["6/32"]]),
        ("concerts, todays, 1999", []),
    ],
)
def test_what_is_said_to_be_one_day_is_one_chain(text: str, found: list[list[str]]) -> None:
    assert chained(text) == found


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today's date", TODAY),
        ("the day before yesterday", date(1943, 5, 31)),
        ("10 days ago", date(1943, 5, 23)),
        ("24 hours later from today", date(1943, 6, 3)),
        ("one week ago from the date of the concert", date(1943, 5, 25)),
        ("a week after 2 days before the concert", date(1943, 6, 6)),
        ("5 days before February 28, 2000", date(2000, 2, 23)),
    ],
)
def test_a_term_stands_for_a_day(text: str, day: date) -> None:
    (term,) = read_terms(text, TIMELINE)
    assert (term.text, term.days) == (text, (day,))


@pytest.mark.parametrize(
    "text", ["36 hours later", "9999 years ago", "999999 months later", "3 days before", "a day of"]
)
def test_what_cannot_be_told_has_no_day(text: str) -> None:
    assert all(not term.days for term in read_terms(text, TIMELINE))


@given(st.text() | st.text("the day 12/9 before,. todayMayof's\u0130\u212a", max_size=80))
def test_reading_terms_never_fails(text: str) -> None:
    terms = read_terms(text, TIMELINE)
    assert all(text[term.start : term.end] == term.text for term in terms)
    assert [term for chain in chains(text, terms) for term in chain if term.offset is None] == [
        term for term in terms if term.offset is None
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "9", "9/", "9/9 ", "May ", "May 1 ", "today is ", "the day ", "1 day before ", "a ", ", ",
        "the day before yesterday ", "Mon, ", "the first day of ", "10 days ago from ", "that is ",
        "May 1, 2001 + 3 days ", "concert ", "\u0130", "\n",
    ],
)  # fmt: skip
@patience()
def test_a_long_text_is_read_in_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    for chain in chains(text, read_terms(text, TIMELINE)):
        assert chain
    list(false_assertions(text, lower(text)))


# --- assertions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("because December has only 31 days", None),
        ("December has 30 days", "December has 31 days"),
        ("February has 29 days", None),
        ("February has 30 days", "February has 28 or 29 days"),
        ("February 2001 has 29 days", "February has 28 days"),
        ("2000 is a leap year", None),
        ("1900 is a leap year", "1900 is not a leap year"),
        ("2000 was not a leap year", "2000 is a leap year"),
        ("36 hours is 1 day and 12 hours", None),
        ("48 hours are two days", None),
        ("36 hours is 2 days", "36 hours is 1 days and 12 hours"),
    ],
)
def test_what_is_said_of_the_calendar_is_true_or_not(text: str, reason: str | None) -> None:
    found = [(text[start : start + len(span)], why) for start, span, why in _false(text)]
    assert [why for _, why in found] == ([reason] if reason else [])
    assert all(span in text for span, _ in found)


def _false(text: str) -> list[tuple[int, str, str]]:
    return list(false_assertions(text, lower(text)))
