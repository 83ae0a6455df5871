"""Our statistics are scipy's, and say what they mean at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from engine.statistics import Interval, bootstrap_difference, mcnemar, p_text, wilson

shares = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(shares, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_scipys(share: tuple[int, int], confidence: float) -> None:
    successes, n = share
    ours = wilson(successes, n, confidence)
    theirs = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


@given(shares)
def test_wilson_lies_within_0_and_1_around_the_share(share: tuple[int, int]) -> None:
    successes, n = share
    interval = wilson(successes, n)
    assert 0 <= interval.low <= successes / n <= interval.high <= 1


def test_nothing_is_known_of_a_share_of_none() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_what_is_no_share_is_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, n)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_scipys_binomial_test(fixed: int, broken: int) -> None:
    n = fixed + broken
    theirs = stats.binomtest(fixed, n).pvalue if n else 1.0
    assert mcnemar(fixed, broken) == pytest.approx(theirs, rel=1e-9)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_does_not_care_about_the_direction(fixed: int, broken: int) -> None:
    assert mcnemar(fixed, broken) == mcnemar(broken, fixed)
    assert 0 <= mcnemar(fixed, broken) <= 1


def test_mcnemar_of_known_counts() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(1, 0) == 1.0
    assert mcnemar(6, 0) == 2 / 2**6
    assert mcnemar(9, 2) == 2 * (1 + 11 + 55) / 2**11


def test_mcnemar_of_very_many_pairs_neither_overflows_nor_goes_below_zero() -> None:
    assert 0.0 <= mcnemar(20_000, 1) < 1e-300
    assert mcnemar(10_000, 10_000) == 1.0


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 3)


@given(st.integers(900, 1_500), st.integers(200, 1_500))
@settings(max_examples=20, deadline=None)
def test_mcnemar_of_many_pairs_is_the_nearest_float(fixed: int, broken: int) -> None:
    n = fixed + broken
    ways = sum(math.comb(n, k) for k in range(min(fixed, broken) + 1))
    assert mcnemar(fixed, broken) == min(1.0, 2 * ways / 2**n)


@pytest.mark.parametrize(
    ("fixed", "broken"), [(25_300, 24_700), (26_000, 24_000), (24_999, 25_002), (500, 900)]
)
def test_mcnemar_of_very_many_pairs_is_scipys(fixed: int, broken: int) -> None:
    theirs = stats.binomtest(fixed, fixed + broken).pvalue
    assert mcnemar(fixed, broken) == pytest.approx(theirs, rel=1e-7)


three_counts = st.tuples(*[st.integers(0, 12)] * 3).filter(any)


@given(three_counts, st.sampled_from([0.8, 0.95]))
def test_the_bootstrap_is_that_of_all_resamples(
    counts: tuple[int, int, int], confidence: float
) -> None:
    fixed, broken, same = counts
    n = sum(counts)
    one = np.array([broken, same, fixed]) / n
    every = np.array([1.0])
    for _ in range(n):
        every = np.convolve(every, one)
    upto = np.cumsum(every)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    low, high = (float((np.argmax(upto > tail - 1e-9) - n) / n) for tail in tails)
    assert bootstrap_difference(fixed, broken, n, confidence) == Interval(low, high)


@pytest.mark.parametrize("times", [1, 100])
def test_the_bootstrap_is_close_to_one_that_draws(times: int) -> None:
    fixed, broken, same = 40 * times, 15 * times, 245 * times
    drawn = np.random.default_rng(3).multinomial(
        300 * times, np.array([fixed, broken, same]) / (300 * times), size=20_000
    )
    found = np.quantile((drawn[:, 0] - drawn[:, 1]) / (300 * times), [0.025, 0.975])
    ours = bootstrap_difference(fixed, broken, 300 * times)
    assert (ours.low, ours.high) == pytest.approx(found, abs=0.004 / times**0.5)


def test_the_bootstrap_of_very_many_pairs_takes_no_longer_than_one_can_wait() -> None:
    ours = bootstrap_difference(250_000, 200_000, 1_000_000)
    half = 1.959964 * (0.45 - 0.05**2) ** 0.5 / 1_000
    assert (ours.low, ours.high) == pytest.approx((0.05 - half, 0.05 + half), abs=3e-6)


@pytest.mark.parametrize("counts", [(0, 0, 0), (2, 1, 2), (-1, 1, 2), (1, -1, 2)])
def test_pairs_that_cannot_be_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no such pairs"):
        bootstrap_difference(*counts)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "p = 1.00"),
        (0.3145, "p = 0.31"),
        (0.0487, "p = 0.049"),
        (0.0023, "p = 0.002"),
        (0.00012, "p = 0.0001"),
        (0.00002, "p < 0.0001"),
        (0.0, "p < 0.0001"),
    ],
)
def test_p_is_written_with_as_many_digits_as_matter(p: float, text: str) -> None:
    assert p_text(p) == text
