"""The arithmetic of the task: what is written is read back, and nothing else is let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from engine.expressions import (
    MAX_CHARS,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_TOKENS,
    Expr,
    ExpressionError,
    Num,
    Op,
    Operator,
    Var,
    apply,
    evaluate,
    names,
    parse,
    reduce_once,
    reduce_rendered,
    reductions,
    render,
    substitute,
)

LIMIT = 10**MAX_DIGITS
OPERATORS = st.sampled_from(("+", "-", "*"))
NUMBERS = st.builds(Num, st.integers(-99, 99) | st.integers(1 - LIMIT, LIMIT - 1))
PARTS = st.builds(Var, st.sampled_from("ABCXYZ"))


def expressions(leaves: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.recursive(leaves, lambda below: st.builds(Op, OPERATORS, below, below), max_leaves=12)


SMALL = expressions(st.builds(Num, st.integers(-99, 99)))


def value(expr: Expr) -> int:
    """The value by Python's own integers."""
    if isinstance(expr, Op):
        left, right = value(expr.left), value(expr.right)
        return {"+": left + right, "-": left - right, "*": left * right}[expr.operator]
    assert isinstance(expr, Num)
    return expr.value


@given(expressions(NUMBERS | PARTS))
def test_what_is_written_is_read_back(expr: Expr) -> None:
    assert parse(render(expr)) == expr


@given(expressions(NUMBERS | PARTS))
def test_blanks_do_not_matter(expr: Expr) -> None:
    assert parse(render(expr).replace(" ", "")) == expr
    assert parse(render(expr).replace(" ", " \t ") + " \n") == expr


@given(SMALL)
def test_evaluation_is_pythons(expr: Expr) -> None:
    assert evaluate(expr) == value(expr)


@given(SMALL)
def test_each_reduction_computes_one_operation_and_keeps_the_value(expr: Expr) -> None:
    chain = reductions(expr)
    operations = [render(link).count("(") for link in chain]
    assert operations == list(range(len(chain) - 1, -1, -1))
    assert {value(link) for link in chain} == {value(expr)}
    assert chain[0] == expr


@given(SMALL)
def test_what_is_written_is_reduced_like_what_it_means(expr: Expr) -> None:
    after = reduce_once(expr) if isinstance(expr, Op) else expr
    assert reduce_rendered(render(expr)) == render(after)


def test_the_innermost_operation_furthest_to_the_left_is_next() -> None:
    expr = parse("((1 - (2 * 3)) + (4 * 5))")
    assert isinstance(expr, Op)
    assert render(reduce_once(expr)) == "((1 - 6) + (4 * 5))"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 - 8 + 6", "((1 - 8) + 6)"),
        ("1 + 2 * 3 * 4 - 5", "((1 + ((2 * 3) * 4)) - 5)"),
        ("-6 * -2 - -5", "((-6 * -2) - -5)"),
        ("3--3", "(3 - -3)"),
        ("- 3", "-3"),
        ("((7))", "7"),
        ("A*B-C", "((A * B) - C)"),
        ("007", "7"),
    ],
)
def test_products_bind_tighter_and_all_goes_from_left_to_right(text: str, written: str) -> None:
    assert render(parse(text)) == written


@given(expressions(NUMBERS | PARTS), st.dictionaries(st.sampled_from("ABC"), NUMBERS))
def test_substitution_replaces_the_parts_it_knows(expr: Expr, parts: dict[str, Num]) -> None:
    left = [name for name in names(expr) if name not in parts]
    assert list(names(substitute(expr, parts))) == left
    assert substitute(expr, {}) == expr


def test_parts_are_named_in_reading_order() -> None:
    assert list(names(parse("(B - (A * B)) + 1"))) == ["B", "A", "B"]


def test_a_part_has_no_value() -> None:
    with pytest.raises(ExpressionError, match="B has no value"):
        evaluate(parse("1 + B"))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "(", ")", "()", "(1", "1)", "1 2", "1 +", "+ 1", "--1", "-A", "-(1)", "AB", "a",
        "2(3)", "1 / 2", "1.5", "1,000", "2^3", "9**9**9", "1e9", "0x1F", "1 = 1", "1_000",
        "__import__('os')", "\u0661 + \u0662", "²", "\x00", "1\x001", "1 \u2212 1", "\ud800",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@given(st.text() | st.text("0123456789()+-* AZ", max_size=60))
def test_hostile_text_raises_nothing_else(text: str) -> None:
    try:
        expr = parse(text)
        reductions(expr)
    except ExpressionError:
        return
    assert parse(render(expr)) == expr


@pytest.mark.parametrize("size", [MAX_CHARS, 1_000_000])
@pytest.mark.parametrize("piece", ["9", "(", "-", " ", "1+", "(1+", "9*", "A", "\n", "\x00", "é"])
@patience()
def test_large_text_is_refused_at_once(piece: str, size: int) -> None:
    with pytest.raises(ExpressionError):
        parse(piece * (size // len(piece)))


def test_the_bounds_are_these() -> None:
    at_depth = "(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH
    assert parse(at_depth) == Num(1)
    with pytest.raises(ExpressionError, match=f"more than {MAX_DEPTH} nested"):
        parse(f"({at_depth})")
    assert parse("9" * MAX_DIGITS) == Num(LIMIT - 1)
    with pytest.raises(ExpressionError, match=f"more than {MAX_DIGITS} digits"):
        parse("9" * (MAX_DIGITS + 1))
    with pytest.raises(ExpressionError, match=f"more than {MAX_TOKENS} symbols"):
        parse("+".join("1" * (MAX_TOKENS // 2 + 1)))


def test_the_longest_expression_is_within_pythons_recursion() -> None:
    count = MAX_TOKENS // 2
    expr = parse("+".join("1" * count))
    assert evaluate(expr) == count
    assert len(reductions(expr)) == count
    assert expr == parse("+".join("1" * count))
    assert render(expr).startswith("(" * (count - 1))


@given(OPERATORS, st.integers(1 - LIMIT, LIMIT - 1), st.integers(1 - LIMIT, LIMIT - 1))
def test_results_are_bounded_too(operator: Operator, left: int, right: int) -> None:
    exact = value(Op(operator, Num(left), Num(right)))
    if abs(exact) < LIMIT:
        assert apply(operator, left, right) == exact
    else:
        with pytest.raises(ExpressionError, match=f"more than {MAX_DIGITS} digits"):
            apply(operator, left, right)


def test_powers_by_many_products_are_bounded() -> None:
    with pytest.raises(ExpressionError, match="digits"):
        evaluate(parse("*".join(["9" * 10] * 100)))
