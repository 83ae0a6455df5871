"""Tests over several seeds: exact where items pair up, resampled over items and seeds, corrected.

All of it is about differences of paired items: +1 where only the first is right, -1 where only
the second is, 0 where they agree.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.statistics import Interval, mcnemar

Paired = Mapping[str, int]
"""Differences of one seed's pair of runs, by item."""
RESAMPLES = 10_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Spread:
    """Values of several seeds: mean, standard deviation (n - 1), and how many there are."""

    mean: float
    sd: float | None
    n: int


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and spread; None of nothing, no deviation of a single value."""
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return Spread(mean, None, 1)
    square = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Spread(mean, math.sqrt(square), len(values))


def pooled_p(seeds: Sequence[Paired]) -> float:
    """Two-sided p of an exact test over all seeds' pairs, stratified by item.

    An item's differences are summed up over the seeds that asked it, as these are not independent
    of each other; were nothing between the two, each sum would have either sign with the same
    chance, independent of other items. p is the chance of a total as far from 0 as the one found,
    over all signs (a randomisation test). Where each seed has items of its own this is McNemar's
    exact test of all pairs together.
    """
    sums: Counter[str] = Counter()
    for number, seed in enumerate(seeds):
        for item, difference in seed.items():
            if difference not in (-1, 0, 1):
                raise ValueError(f"a difference of {difference} is none of a pair (seed {number})")
            sums[item] += difference
    sizes = Counter(abs(value) for value in sums.values() if value)
    if not sizes:
        return 1.0
    if set(sizes) == {1}:
        up = sum(value > 0 for value in sums.values())
        return mcnemar(up, sizes[1] - up)
    return _sign_flips(sizes, abs(sum(sums.values())))


def _sign_flips(sizes: Mapping[int, int], total: int) -> float:
    """The chance of a total of at least ``total`` on either side; ``sizes`` counts summands."""
    import numpy as np  # takes a tenth of a second, and few need it

    chances = np.ones(1)
    for size, count in sizes.items():
        ways = [
            math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
            for k in range(count + 1)
        ]
        steps = np.zeros(2 * size * count + 1)
        # Of k positive summands the total is size * (2k - count); all are shifted to begin at 0.
        steps[:: 2 * size] = np.exp(np.array(ways) - count * math.log(2))
        chances = np.convolve(chances, steps)
    middle = (len(chances) - 1) // 2
    return min(1.0, float(chances[middle + total :].sum()) * (2 if total else 1)) if total else 1.0


def bootstrap_over_seeds(
    seeds: Sequence[Paired], confidence: float = 0.95, draws: int = 0
) -> Interval:
    """Percentile bootstrap interval of the mean difference, over items and over seeds.

    Seeds are drawn with replacement, and items: where all seeds asked the same items, these are
    drawn once for all of them, else anew within each drawn seed. With few seeds it is too narrow,
    with one it is over items alone. ``draws`` seeds the random numbers. Raises ValueError without
    pairs.
    """
    import numpy as np

    if not seeds or not all(seeds):
        raise ValueError("a seed without pairs")
    random, n = np.random.default_rng(draws), len(seeds)
    means: list[float] = []
    same = all(seed.keys() == seeds[0].keys() for seed in seeds)
    keys = list(seeds[0])
    table = np.array([[seed[key] for key in keys] for seed in seeds]) if same else np.zeros((0, 0))
    for _ in range(RESAMPLES // _AT_ONCE):
        if same:
            items = random.multinomial(len(keys), np.full(len(keys), 1 / len(keys)), _AT_ONCE)
            drawn = random.multinomial(n, np.full(n, 1 / n), _AT_ONCE)
            found = ((items @ table.T) * drawn).sum(axis=1) / (n * len(keys))
        else:
            found = np.zeros(_AT_ONCE)
            for place in random.integers(n, size=(n, _AT_ONCE)):
                for index, seed in enumerate(seeds):
                    chosen = np.flatnonzero(place == index)
                    counts = Counter(seed.values())
                    shares = [counts[value] / len(seed) for value in (1, -1, 0)]
                    # Their sum must not be above 1 by rounding.
                    shares[2] = max(0.0, 1 - shares[0] - shares[1])
                    sums = random.multinomial(len(seed), shares, len(chosen))
                    found[chosen] += (sums[:, 0] - sums[:, 1]) / len(seed) / n
        means += found.tolist()
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's (1979) corrected p-values, in the order given: they hold for the family as a whole."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    found, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        found[index] = highest
    return found
