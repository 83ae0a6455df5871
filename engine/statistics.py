"""Intervals and tests for shares of right answers, exact where that is cheap."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson 1927), without continuity correction.

    Nothing is known of a share of none: 0 to 1. Raises ValueError unless
    0 <= successes <= n and 0 < confidence < 1.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula is exact, but its rounding is not.
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == n else (middle + half) / scale
    return Interval(low, high)


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``of``."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """None for a share of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Wilson's 95% interval."""
        return wilson(self.count, self.of)


def mcnemar(fixed: int, broken: int) -> float:
    """Two-sided p of the exact McNemar test, from the pairs that differ.

    ``fixed`` items went from wrong to right, ``broken`` from right to wrong. Were that luck,
    each would be a toss of a fair coin (binomial test). In integers, so exact for any number.
    Raises ValueError for negative counts.
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"negative counts: {fixed}, {broken}")
    n = fixed + broken
    ways = term = 1
    for k in range(1, min(fixed, broken) + 1):
        term = term * (n - k + 1) // k
        ways += term
    return min(1.0, (2 * ways) / (1 << n))


def bootstrap_mean(
    differences: Sequence[float], seed: int = 0, resamples: int = 2000, confidence: float = 0.95
) -> Interval:
    """Percentile bootstrap interval of the mean of paired differences (Efron 1979).

    The same seed gives the same interval. Raises ValueError when there are no differences.
    """
    if not differences:
        raise ValueError("no differences to resample")
    rng = random.Random(seed)
    n = len(differences)
    means = sorted(math.fsum(rng.choices(differences, k=n)) / n for _ in range(resamples))
    return Interval(_quantile(means, (1 - confidence) / 2), _quantile(means, (1 + confidence) / 2))


def _quantile(ordered: Sequence[float], q: float) -> float:
    """Linear interpolation between the two nearest, as numpy's default."""
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def p_text(p: float) -> str:
    """A p-value for people: ``p = 0.31``, ``p = 0.002``, ``p < 0.0001``."""
    if p < 0.0001:
        return "p < 0.0001"
    digits = 2 if p >= 0.1 else 3 if p >= 0.001 else 4
    return f"p = {p:.{digits}f}"
