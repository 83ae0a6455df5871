"""Answers of every kind: the strict form, any text that states one, and when two are the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import settings_of

from engine.tasks.own.answers import AnswerReader, find_stated, reader_of, state, stated
from engine.tasks.own.numbers import find_number, last_number, read_number


def reader(kind: str, **more: Any) -> AnswerReader:
    return reader_of(settings_of({"kind": kind, **more}).answer)


EVERY_KIND = [reader(kind) for kind in ("exact", "number", "choice", "words")]


@pytest.mark.parametrize(
    ("final_response", "said"),
    [
        ("So the answer is 5.", "5"),
        ("So the answer is 5.0.", "5.0"),
        (" So the answer is St. Louis. ", "St. Louis"),
        ("So the answer is a\nb.", "a\nb"),
        ("So the answer is 5", None),
        ("so the answer is 5.", None),
        ("The answer is 5.", None),
        ("So the answer is .", None),
        ("", None),
        (None, None),
        (f"So the answer is {'9' * 10_001}.", None),
    ],
)
def test_the_strict_form_is_one_sentence(final_response: str | None, said: str | None) -> None:
    assert stated(final_response) == said


@given(st.text(min_size=1, max_size=50).map(str.strip).filter(bool))
def test_what_is_stated_is_read(answer: str) -> None:
    assert stated(state(answer)) == answer


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        ("exact", "The answer is Paris. This is because it is.", "Paris"),
        ("exact", 'The answer is: "St. Louis".', "St. Louis"),
        ("exact", "I think the ANSWER IS **Dr. Smith**.", "Dr. Smith"),
        ("exact", "#### blue whale\nbye", "blue whale"),
        ("exact", r"so \boxed{x^{2}} it is", "x^{2}"),
        ("exact", r"\boxed{never closed", None),
        ("exact", "First the answer is 3. No, the answer is 4.", "4"),
        ("exact", "Paris", None),
        ("number", "The answer is 5 + 3 = 8.", "8"),
        ("number", "The answer is **-17** since 4 is not", "-17"),
        ("number", "#### 1,800", "1,800"),
        ("number", r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("number", "The answer is $1,200.50, all told.", "$1,200.50"),
        ("number", "The answer is $5$.", "5"),
        ("number", "That is 7 - 5 = 2 in all", "2"),
        ("number", "from 9 to -4", "-4"),
        ("number", "the answer is unknown, maybe 12", "12"),
        ("number", "no number at all", None),
        ("number", "(1) It is 7.\n(2) Hence", "7"),
        ("choice", "So the answer is (B).", "(B)"),
        ("choice", "The answer is B.", "(B)"),
        ("choice", "The answer is option c.", "(C)"),
        ("choice", "The answer is (b)", "(B)"),
        ("choice", "(A) is wrong and (C) is right", "(C)"),
        ("choice", "The answer is Bob.", None),
        ("words", "So the answer is apple, pear.", "apple, pear"),
    ],
)
def test_an_answer_is_found_in_any_text_that_states_one(
    kind: str, text: str, answer: str | None
) -> None:
    assert reader(kind).find(text) == answer


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5", 5, ""),
        ("-5", -5, ""),
        ("− 5", -5, ""),
        ("+3", 3, ""),
        ("1,234.50", 1234.5, ""),
        ("1 234 567", 1_234_567, ""),
        ("1'000", 1000, ""),
        (".5", 0.5, ""),
        ("5.", 5, ""),
        ("1e3", 1000, ""),
        ("3/4", 0.75, ""),
        (r"-\frac{3}{4}", -0.75, ""),
        ("50%", 50, "%"),
        (r"50\%", 50, "%"),
        ("$20", 20, "$"),
        (r"-\$20", -20, "$"),
        ("€ 5.50", 5.5, "€"),
        ("5 km/h", 5, "km/h"),
        ("5 m^2", 5, "m^2"),
        ("5 m2", 5, "m2"),
        ("20 ice creams", 20, "ice creams"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float, unit: str) -> None:
    number = read_number(text)
    assert number is not None
    assert (float(number.value), number.unit) == (value, unit)


@pytest.mark.parametrize(
    "text",
    ["", "-", "twenty", "12,34", "1,2345", "3/0", "5-3", "5 + 3", "5 = 5", "12/25/1937", "0x10",
     "٣", "Ⅷ", "1e9999", "9" * 61, "5 apples and 3", "5\n6", "five 5", "--5", "9" * 1_000_000],
)  # fmt: skip
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


def test_a_decimal_comma_is_a_setting() -> None:
    mine = reader("number", decimal_comma=True)
    assert mine.same("1.234,5", "1234,50")
    assert not mine.same("1.234", "1,234")
    assert mine.find("Das macht 3,5 Liter") == "3,5"


@pytest.mark.parametrize(
    ("answer", "gold", "same"),
    [
        ("5000", "5,000", True),
        ("5 km", "5", True),
        ("5", "5 km", True),
        ("5 KM", "5 km", True),
        ("5 m", "5 km", False),
        ("50%", "50", True),
        ("50%", "0.5", True),
        ("0.5", "50%", True),
        ("0.05", "50%", False),
        ("1/2", "0.5", True),
        ("0.1", "1/10", True),
        ("0.3333", "1/3", False),
        ("-5", "5", False),
        ("x", "5", False),
        ("5", "x", False),
    ],
)
def test_numbers_are_compared_by_value(answer: str, gold: str, same: bool) -> None:
    assert reader("number").same(answer, gold) is same


def test_units_may_have_to_be_the_same() -> None:
    strict = reader("number", units="exact")
    assert strict.same("5 km", "5 km")
    assert not strict.same("5", "5 km")
    assert not strict.same("50%", "0.5")


@pytest.mark.parametrize(
    ("tolerance", "answer", "same"),
    [
        ({"absolute": 0.1}, "10.1", True),
        ({"absolute": 0.1}, "10.11", False),
        ({"relative": 0.01}, "9.9", True),
        ({"relative": 0.01}, "9.89", False),
        ({"relative": 0.01, "absolute": 0.5}, "10.5", True),
    ],
)
def test_a_tolerance_is_exact(tolerance: dict[str, float], answer: str, same: bool) -> None:
    assert reader("number", **tolerance).same(answer, "10") is same


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_fractions_are_the_same_if_they_are(a: Any, b: Any) -> None:
    assert reader("number").same(str(a), str(b)) is (a == b)


@given(st.integers(-(10**50), 10**50))
def test_thousands_are_separated_or_not(number: int) -> None:
    assert reader("number").same(f"{number:,}", str(number))
    assert last_number(f"so it is {number:,} in all") == f"{number:,}"


@pytest.mark.parametrize(
    ("more", "answer", "gold", "same"),
    [
        ({}, "apple pear", "apple pear", True),
        ({}, "Apple, pear", "apple pear", True),
        ({}, '["apple", "pear"]', "apple pear", True),
        ({}, "pear apple", "apple pear", False),
        ({}, "apple apple pear", "apple pear", False),
        ({"any_order": True}, "pear apple", "apple pear", True),
        ({"any_order": True}, "pear apple apple", "apple pear", False),
        ({}, "New York, and Rome", "new york, rome", True),
        ({}, "New York Rome", "new york, rome", False),
        ({"separator": "|"}, "a b | c", "a b|c", True),
        ({"ignore_case": False}, "Apple pear", "apple pear", False),
    ],
)
def test_words_are_compared_one_by_one(
    more: dict[str, Any], answer: str, gold: str, same: bool
) -> None:
    assert reader("words", **more).same(answer, gold) is same


def test_case_and_blanks_are_settings() -> None:
    assert reader("exact").same(" Blue  Whale", "blue\nwhale")
    assert not reader("exact", ignore_case=False).same("Blue", "blue")
    assert not reader("exact", fold_whitespace=False).same("a  b", "a b")
    assert reader("exact").same("caf\u00e9", "cafe\u0301")


@pytest.mark.parametrize("kind", EVERY_KIND)
@given(text=st.text())
def test_no_text_is_too_strange(kind: AnswerReader, text: str) -> None:
    found = kind.find(f"answer is {text}")
    assert found is None or kind.same(found, found) in (True, False)
    assert kind.read(text) in (None, text)
    kind.same(text, "5")


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize(
    "piece",
    ["answer is ", "####", "\\boxed{", "9", "9,", "9,999", "9.", " 9", "-", "(", "(A", "(A)", "{",
     "9/", "\\frac{", "\\$", "%", "a ", "A.", ". A", "\ud800", "\x00", "é", "9e", "1 000"],
)  # fmt: skip
def test_a_megabyte_takes_linear_time(kind: AnswerReader, piece: str) -> None:
    """At quadratic time, a megabyte would take minutes."""
    text = piece * (1_000_000 // len(piece))
    for part in (text, f"answer is {text}"):
        kind.find(part)
        kind.read(part)
        kind.same(part, "5")


@given(st.text())
def test_what_is_found_as_a_number_is_one(text: str) -> None:
    for found in (find_number(text), last_number(text)):
        assert found is None or read_number(found) is not None or "/" in found or "{" in found


@given(st.text(st.sampled_from("answer is #\\boxed{}.(A)9")))
def test_what_is_stated_has_no_trimmings(text: str) -> None:
    found = find_stated(text)
    assert found is None or found == found.strip()
