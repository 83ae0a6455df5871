"""Our statistics are scipy's, and say what they mean at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from engine.statistics import Interval, bootstrap_mean, mcnemar, p_text, wilson

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


def test_the_bootstrap_is_close_to_scipys() -> None:
    differences = [1.0] * 40 + [-1.0] * 15 + [0.0] * 245
    theirs = stats.bootstrap(
        (differences,), lambda x, axis: x.mean(axis=axis), method="percentile", rng=3
    ).confidence_interval
    ours = bootstrap_mean(differences)
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=30), st.integers(0, 9))
def test_the_bootstrap_depends_on_its_seed_alone_and_stays_within_the_data(
    differences: list[float], seed: int
) -> None:
    interval = bootstrap_mean(differences, seed, resamples=50)
    assert interval == bootstrap_mean(differences, seed, resamples=50)
    assert min(differences) <= interval.low <= interval.high <= max(differences)


def test_no_differences_are_refused() -> None:
    with pytest.raises(ValueError, match="no differences"):
        bootstrap_mean([])


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
