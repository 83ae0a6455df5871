"""Tests over seeds against known values, brute force, scipy, and simulated nothing."""

import random
from itertools import product

import pytest
from scipy import stats

from engine.statistics import mcnemar
from engine.study.significance import bootstrap_over_seeds, holm, pooled_p, spread


def seed_of(gained: int, lost: int, ties: int, name: str = "") -> dict[str, int]:
    values = [1] * gained + [-1] * lost + [0] * ties
    return {f"{name}{number}": value for number, value in enumerate(values)}


def test_one_seed_is_mcnemar() -> None:
    assert pooled_p([seed_of(15, 5, 80)]) == mcnemar(15, 5)
    assert pooled_p([seed_of(15, 5, 80)]) == pytest.approx(stats.binomtest(5, 20).pvalue)


def test_seeds_with_items_of_their_own_are_pooled_as_pairs() -> None:
    seeds = [seed_of(7, 2, 3, "a"), seed_of(1, 2, 30, "b"), seed_of(9, 1, 0, "c")]
    assert pooled_p(seeds) == pytest.approx(stats.binomtest(5, 22).pvalue)


def test_items_that_several_seeds_asked_are_one_toss_each() -> None:
    """Ten items on which all of three seeds agree are ten observations, not thirty."""
    same = [seed_of(10, 0, 20)] * 3
    assert pooled_p(same) == pytest.approx(2 / 2**10)


def test_the_exact_p_is_that_of_all_signs_tried() -> None:
    random.seed(5)
    for _ in range(20):
        seeds = [{str(i): random.choice([-1, 0, 1]) for i in range(8)} for _ in range(3)]
        sums = [sum(seed[str(i)] for seed in seeds) for i in range(8)]
        far = [
            abs(sum(sign * each for sign, each in zip(signs, sums, strict=True))) >= abs(sum(sums))
            for signs in product([-1, 1], repeat=8)
        ]
        assert pooled_p(seeds) == pytest.approx(sum(far) / len(far))


def test_nothing_differs() -> None:
    assert pooled_p([seed_of(0, 0, 5)]) == 1.0
    assert pooled_p([seed_of(2, 2, 5)] * 2) == 1.0
    with pytest.raises(ValueError, match="none of a pair"):
        pooled_p([{"a": 2}])


@pytest.mark.parametrize("shared", [False, True])
def test_false_alarms_under_the_null_are_at_the_stated_rate(shared: bool) -> None:
    """Two equal students, each right by an ability of the item: p < 0.05 in 5% at most."""
    luck = random.Random(11)
    alarms, studies = 0, 600
    for _ in range(studies):
        seeds, ability = [], [luck.random() for _ in range(60)]
        for number in range(3):
            if not shared:
                ability = [luck.random() for _ in range(60)]
            # Whether a question is hard for one seed's students, it is for all.
            seeds.append(
                {
                    f"{0 if shared else number}-{i}": (luck.random() < a) - (luck.random() < a)
                    for i, a in enumerate(ability)
                }
            )
        alarms += pooled_p(seeds) < 0.05
    # An exact test keeps below its level; three standard errors are 2.7 points.
    assert 0.01 < alarms / studies < 0.05 + 0.027


def test_a_true_difference_is_found() -> None:
    luck, found = random.Random(3), 0
    for _ in range(100):
        seeds = [
            {f"{s}-{i}": (luck.random() < 0.6) - (luck.random() < 0.4) for i in range(60)}
            for s in range(3)
        ]
        found += pooled_p(seeds) < 0.05
    assert found > 80


def test_holm_on_a_published_example() -> None:
    """Holm's procedure by hand: 4 x 0.005, 3 x 0.01, then never below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_family_under_the_null_alarms_no_more_often_than_one_test() -> None:
    luck, alarms = random.Random(2), 0
    for _ in range(2_000):
        alarms += min(holm([luck.random() for _ in range(6)])) < 0.05
    assert alarms / 2_000 == pytest.approx(0.05, abs=0.015)


def test_the_interval_of_one_seed_is_the_bootstrap_over_items() -> None:
    found = bootstrap_over_seeds([seed_of(30, 10, 60)])
    reference = stats.norm.interval(0.95, 0.2, (0.4 - 0.04) ** 0.5 / 10)
    assert (found.low, found.high) == pytest.approx(reference, abs=0.011)


@pytest.mark.parametrize("name", ["same", "other"])
def test_seeds_that_differ_widen_the_interval(name: str) -> None:
    def seeds(*gains: int) -> list[dict[str, int]]:
        return [
            seed_of(gain, 0, 400 - gain, "" if name == "same" else str(n))
            for n, gain in enumerate(gains)
        ]

    alike, apart = bootstrap_over_seeds(seeds(40, 40, 40)), bootstrap_over_seeds(seeds(0, 40, 80))
    assert apart.high - apart.low > 1.5 * (alike.high - alike.low)
    assert alike.low < 0.1 < alike.high
    assert apart.low < 0.1 < apart.high


def test_the_interval_is_the_same_every_time() -> None:
    seeds = [seed_of(9, 4, 30, "a"), seed_of(5, 5, 20, "b")]
    assert bootstrap_over_seeds(seeds) == bootstrap_over_seeds(seeds)
    with pytest.raises(ValueError, match="without pairs"):
        bootstrap_over_seeds([{}])


def test_spread() -> None:
    values = [2.0, 4.0, 9.0]
    found = spread(values)
    assert found is not None
    assert (found.mean, found.sd, found.n) == (5.0, pytest.approx(stats.tstd(values)), 3)
    assert spread([1.0]).sd is None  # type: ignore[union-attr]
    assert spread([]) is None
