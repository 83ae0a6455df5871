"""Intervals and tests for shares of right answers, exact where that is cheap."""

from __future__ import annotations

import math
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
    each would be a toss of a fair coin (binomial test). The float nearest to the exact value,
    for any number. Raises ValueError for negative counts.
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"negative counts: {fixed}, {broken}")
    n, least = fixed + broken, min(fixed, broken)
    if n > _FEW:
        low, high = _mcnemar_bounds(n, least)
        if low == high:
            return low
    ways = term = 1
    for k in range(1, least + 1):
        term = term * (n - k + 1) // k
        ways += term
    return min(1.0, (2 * ways) / (1 << n))


_FEW = 1_000
"""Pairs up to which all of a binomial distribution is summed up."""


def _mcnemar_bounds(n: int, least: int) -> tuple[float, float]:
    """Between what floats p is; nearly always they are the same.

    In units of the distribution's middle term, cut after so many bits that what is left out
    cannot be seen in a float: of n terms, a few times the root of n are not zero then.
    """
    middle = n // 2
    bits = 1_250 + 2 * n.bit_length()
    term = 1 << bits
    half = upto = 0  # sums of the terms below the middle, and of those up to `least`
    for k in range(middle, -1, -1):
        if k <= least:
            upto += term
        if k < middle or n % 2:
            half += term
        term = term * k // (n - k + 1)
        if not term:
            break
    whole = 2 * half + (0 if n % 2 else 1 << bits)
    # A term is short of its true value by less than one for each division before it.
    short = (middle + 1) ** 2
    low, high = 2 * upto / (whole + 2 * short), 2 * (upto + short) / whole
    return min(1.0, low), min(1.0, high)


def bootstrap_difference(fixed: int, broken: int, pairs: int, confidence: float = 0.95) -> Interval:
    """Percentile bootstrap interval (Efron 1979) of the difference of two shares over pairs.

    Of ``pairs``, ``fixed`` count 1, ``broken`` -1, the others 0. Nothing is drawn: how the mean
    of resampled pairs is distributed can be calculated, and these are its quantiles. Raises
    ValueError when there are no pairs, and for counts that cannot be.
    """
    if pairs < 1 or min(fixed, broken) < 0 or fixed + broken > pairs:
        raise ValueError(f"{fixed} fixed and {broken} broken of {pairs} pairs: no such pairs")
    import numpy as np  # takes a tenth of a second, and few need it

    # Sums of a resample further from the expected one have a chance below 1e-21 (Hoeffding).
    reach = min(2 * pairs, math.ceil(10 * math.sqrt(pairs)))
    sums = np.arange(fixed - broken - reach, fixed - broken + reach + 1)
    # A sum's chances are the Fourier transform of its characteristic function: that of one
    # pair to the power of their number.
    angle = 2j * np.pi / len(sums) * np.arange(reach + 1)
    of_one = (pairs - fixed - broken + fixed * np.exp(-angle) + broken * np.exp(angle)) / pairs
    upto = np.cumsum(np.fft.irfft(of_one**pairs, len(sums))[sums % len(sums)])
    # What rounding leaves must not decide between two sums.
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2]) - 1e-9
    low, high = sums[np.searchsorted(upto, tails)] / pairs
    return Interval(float(low), float(high))


def p_text(p: float) -> str:
    """A p-value for people: ``p = 0.31``, ``p = 0.002``, ``p < 0.0001``."""
    if p < 0.0001:
        return "p < 0.0001"
    digits = 2 if p >= 0.1 else 3 if p >= 0.001 else 4
    return f"p = {p:.{digits}f}"
