"""Every worked calculation is right at each of its links."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.expressions import MAX_DIGITS, ExpressionError, Operator, evaluate, parse, render
from engine.worked_arithmetic import check_link, check_value, worked

OPERATORS = st.sampled_from(("+", "-", "*"))
NUMBERS = st.integers(-20, 20) | st.integers(-(10**9), 10**9)


def value(link: str) -> int:
    """The value of a link; a sign before a parenthesis is read as taking from zero."""
    return evaluate(parse(f"0 {link}" if link.startswith("-(") else link))


@given(NUMBERS, OPERATORS, NUMBERS)
def test_all_links_are_equal(left: int, operator: Operator, right: int) -> None:
    links = worked(left, operator, right).split(" = ")
    assert len({value(link) for link in links}) == 1


@given(NUMBERS, OPERATORS, NUMBERS)
def test_it_goes_from_the_operation_to_the_result(
    left: int, operator: Operator, right: int
) -> None:
    links = worked(left, operator, right).split(" = ")
    assert links[0] == f"({left} {operator} {right})"
    assert links[-1] == str(value(links[0]))
    assert all(a != b for a, b in pairwise(links))


@given(st.integers(-999, 999).filter(bool), OPERATORS, st.integers(-999, 999).filter(bool))
def test_before_the_result_no_number_has_a_sign(left: int, operator: Operator, right: int) -> None:
    *between, last = worked(left, operator, right).split(" = ")[1:-1] or [""]
    assert not re.search(r"-\d", last)
    assert not any("--" in link for link in between)


@given(st.integers(10, 9999), st.integers(10, 9999))
def test_long_products_are_sums_of_products_with_one_digit(left: int, right: int) -> None:
    links = worked(left, "*", right).split(" = ")
    for factors in re.findall(r"(\d+) \* (\d+)", " ".join(links[1:])):
        assert any(len(factor.rstrip("0")) == 1 for factor in factors)


@pytest.mark.parametrize(
    ("left", "operator", "right", "written"),
    [
        (-24, "*", 17, "(-24 * 17) = -(24 * 10 + 24 * 7) = -(240 + 168) = -408"),
        (3, "*", -7, "(3 * -7) = -21"),
        (6, "*", 48, "(6 * 48) = (40 * 6 + 8 * 6) = (240 + 48) = 288"),
        (111, "*", 111,
         "(111 * 111) = (111 * 100 + 111 * 10 + 111 * 1) = (11100 + 1110 + 111)"
         " = (12210 + 111) = 12321"),
        (0, "*", 48, "(0 * 48) = 0"),
        (300, "*", 20, "(300 * 20) = 6000"),
        (1, "-", 8, "(1 - 8) = -(8 - 1) = -7"),
        (1, "+", -8, "(1 + -8) = (1 - 8) = -(8 - 1) = -7"),
        (-8, "-", -6, "(-8 - -6) = (-8 + 6) = (6 - 8) = -(8 - 6) = -2"),
        (-8, "-", 6, "(-8 - 6) = -(8 + 6) = -14"),
        (-8, "+", 11, "(-8 + 11) = (11 - 8) = 3"),
        (8, "-", -6, "(8 - -6) = (8 + 6) = 14"),
        (0, "-", -6, "(0 - -6) = 6"),
        (63, "+", 48, "(63 + 48) = (63 + 40 + 8) = (103 + 8) = 111"),
        (-12, "+", 32, "(-12 + 32) = (32 - 12) = (32 - 10 - 2) = (22 - 2) = 20"),
        (-63, "-", 48, "(-63 - 48) = -(63 + 48) = -(63 + 40 + 8) = -(103 + 8) = -111"),
        (12, "-", 232, "(12 - 232) = -(232 - 12) = -(232 - 10 - 2) = -(222 - 2) = -220"),
        (500, "-", 123, "(500 - 123) = (500 - 100 - 20 - 3) = (400 - 20 - 3) = (380 - 3) = 377"),
        (63, "+", 40, "(63 + 40) = 103"),
        (8, "+", 48, "(8 + 48) = 56"),
    ],
)  # fmt: skip
def test_it_reads_as_on_paper(left: int, operator: Operator, right: int, written: str) -> None:
    assert worked(left, operator, right) == written


def test_too_large_a_result_is_refused() -> None:
    large = 10 ** (MAX_DIGITS - 1)
    with pytest.raises(ExpressionError, match="digits"):
        worked(large, "*", large)


@given(NUMBERS, OPERATORS, NUMBERS, NUMBERS)
def test_a_value_is_checked_whatever_is_claimed(
    left: int, operator: Operator, right: int, claim: int
) -> None:
    operation, _, links = worked(left, operator, right).partition(" = ")
    verdict = "right" if claim == value(operation) else "wrong"
    written = check_value("3", left, operator, right, claim)
    assert written == f"Check (3): {operation} = {claim}? {links}, so {claim} is {verdict}."
    assert check_value("3", left, operator, right, value(operation)).endswith(" is right.")


@pytest.mark.parametrize(
    ("before", "link", "written"),
    [
        ("(12 - 5)", "7", "Check (2): (12 - 5) = 7? 7, so 7 is right."),
        ("(12 - 5)", "8", "Check (2): (12 - 5) = 8? 7, so 8 is wrong."),
        ("((2 * 3) + (12 - 5))", "(6 + (12 - 5))", ""),
        (
            "((2 * 3) + (12 - 5))",
            "(7 + (12 - 5))",
            "Check (2): ((2 * 3) + (12 - 5)) = (7 + (12 - 5))? (2 * 3) = 6, so 7 is wrong.",
        ),
        (
            "((2 * 3) + (12 - 5))",
            "(6 + 7)",
            "Check (2): ((2 * 3) + (12 - 5)) = (6 + 7)? (12 - 5) = 7, so 7 is right.",
        ),
        (
            "((2 * 3) + (12 - 5))",
            "(7 + 7)",
            "Check (2): ((2 * 3) + (12 - 5)) = (7 + 7)? (2 * 3) = 6, so 7 is wrong.",
        ),
        (
            "((11 * 3) + (12 - 5))",
            "(33 + 7)",
            "Check (2): ((11 * 3) + (12 - 5)) = (33 + 7)? "
            "(11 * 3) = (10 * 3 + 1 * 3) = (30 + 3) = 33, so 33 is right. "
            "Check (2): ((11 * 3) + (12 - 5)) = (33 + 7)? (12 - 5) = 7, so 7 is right.",
        ),
        ("((2 * 3) + (12 - 5))", "((2 * 3) + (12 - 5))", ""),
        ("((2 * 3) + (12 - 5))", "13", ""),
        ("((2 * 3) + (12 - 5))", "(6 - 7)", ""),
    ],
)
def test_a_link_is_checked_up_to_its_first_wrong_value(
    before: str, link: str, written: str
) -> None:
    checks, refuted = check_link("2", parse(before), parse(link), f"{before} = {link}")
    assert " ".join(checks) == written
    assert (refuted is not None) == written.endswith("wrong.")
    if refuted is not None:
        assert f"? {render(refuted)} = " in checks[-1] or f": {render(refuted)} = " in checks[-1]
