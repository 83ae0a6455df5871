"""The numbers of a training as curves: kept step by step, thinned out for a screen.

For the thread that reads: with a hundred thousand steps it takes milliseconds, all the same too
long to be done at each repaint.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.live import StepFacts
from tripost_tui.state.charts import Chart, Line, Pieces, Tone

Values = NDArray[np.float64]

POINTS_PER_COLUMN = 2
_SMOOTHED_AT_MOST = 2_000
"""Values that are smoothed one by one; of more, means of as many neighbours are."""
_OVER_S = 20.0
"""Seconds of training over which speed is told."""

_NAMES = ("step", "loss", "rate", "norm", "speed", "at_once")


class Steps:
    """The steps of one iteration, each once, in their order."""

    def __init__(self) -> None:
        self._columns = {name: array("d") for name in _NAMES}
        self._facts: list[StepFacts] = []
        self.changes = 0

    def __len__(self) -> int:
        return len(self._facts)

    def add(self, facts: StepFacts) -> None:
        """A step that comes again was replayed: those from it on are no more."""
        while self._facts and self._facts[-1].step >= facts.step:
            self._facts.pop()
            for column in self._columns.values():
                column.pop()
        self._facts.append(facts)
        self.changes += 1
        values = (
            facts.step,
            facts.loss,
            facts.learning_rate,
            facts.grad_norm,
            facts.tokens / facts.seconds if facts.seconds > 0 else None,
            facts.micro_tokens,
        )
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(math.nan if value is None else value)

    @property
    def last(self) -> StepFacts | None:
        return self._facts[-1] if self._facts else None

    @property
    def first(self) -> StepFacts | None:
        return self._facts[0] if self._facts else None

    @property
    def gaps(self) -> int:
        """Steps whose loss was not a number."""
        return int(np.isnan(self.column("loss")).sum())

    def column(self, name: str) -> Values:
        return np.array(self._columns[name])

    def tokens_per_s(self) -> float | None:
        """Tokens a second, without padding, over the last steps."""
        tokens, seconds = 0, 0.0
        for facts in reversed(self._facts):
            tokens += facts.tokens
            seconds += facts.seconds
            if seconds >= _OVER_S:
                break
        return tokens / seconds if seconds > 0 else None

    def smoothed_loss(self) -> float | None:
        """The smoothed loss of the last step."""
        _, values = smoothed(self.column("step"), self.column("loss"))
        known = values[np.isfinite(values)]
        return float(known[-1]) if len(known) else None

    def memory_changes(self) -> list[tuple[int, int, int]]:
        """(step, tokens at once before, from then on) where memory ran out."""
        at_once = self.column("at_once")
        known = np.isfinite(at_once[1:]) & np.isfinite(at_once[:-1])
        changes = np.flatnonzero(known & (at_once[1:] != at_once[:-1])) + 1
        return [
            (self._facts[at].step, int(at_once[at - 1]), int(at_once[at]))
            for at in changes.tolist()
        ]


def charts(
    steps: Steps, columns: int, looks: Sequence[tuple[int, float]] = (), *, log: bool = False
) -> dict[str, Chart]:
    """Charts of loss, learning rate, gradient norm and tokens a second, linked.

    ``looks`` are losses on the development questions by step. ``log`` is for loss and norm.
    """
    if not len(steps):
        return {}
    x = steps.column("step")
    x_range = (float(x[0]), float(max(x[-1], x[0] + 1)))

    def noisy(name: str, *more: Line, log: bool = False) -> Chart:
        y = steps.column(name)
        raw = Line(thinned(x, y, columns), Tone.STEP)
        smooth = Line(thinned(*smoothed(x, y), columns), Tone.SMOOTH)
        return Chart((raw, smooth, *more), x_range=x_range, log=log)

    seen = tuple((float(step), value) for step, value in looks)
    dev = (Line((seen,), Tone.OTHER),) if seen else ()
    rate = Line(thinned(x, steps.column("rate"), columns), Tone.SMOOTH)
    return {
        "loss": noisy("loss", *dev, log=log),
        "norm": noisy("norm", log=log),
        "speed": noisy("speed"),
        "rate": Chart((rate,), x_range=x_range),
    }


def smoothed(x: Values, y: Values) -> tuple[Values, Values]:
    """Exponential moving average, as in `state.loss.smoothed`; gaps stay gaps.

    A value counts half after a fortieth of the curve, or after three steps.
    """
    half_life = max(3.0, len(y) / 40)
    size = -(-len(y) // _SMOOTHED_AT_MOST)
    if size > 1:
        x, y = _means(x, y, size)
    keep = 0.5 ** (size / half_life)
    total = weight = 0.0
    result = np.full(len(y), np.nan)
    for at, value in enumerate(y.tolist()):
        if value == value:
            total = keep * total + (1 - keep) * value
            weight = keep * weight + (1 - keep)
            result[at] = total / weight
    return x, result


def _means(x: Values, y: Values, size: int) -> tuple[Values, Values]:
    """Means of ``size`` neighbours at the last one's place; not a number where one is not."""
    starts = np.arange(0, len(y), size)
    counts = np.diff(np.append(starts, len(y)))
    return x[starts + counts - 1], np.add.reduceat(y, starts) / counts


def thinned(x: Values, y: Values, columns: int) -> Pieces:
    """At most about two points for each column: the lowest and the highest of what is in it.

    So a spike is never lost. Pieces end where a value is not finite, and keep both their ends.
    """
    finite = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], finite.view(np.int8), [0]))))
    pieces = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        share = max(1, round(columns * (end - start) / len(y)))
        pieces.append(_thinned(x[start:end], y[start:end], share))
    return tuple(pieces)


def _thinned(x: Values, y: Values, columns: int) -> tuple[tuple[float, float], ...]:
    if len(y) <= POINTS_PER_COLUMN * columns:
        return tuple(zip(x.tolist(), y.tolist(), strict=True))
    starts = np.unique(np.linspace(0, len(y), columns, endpoint=False).astype(int))
    kept = {0, len(y) - 1}
    for start, end in zip(starts, [*starts[1:], len(y)], strict=True):
        part = y[start:end]
        kept |= {int(start + part.argmin()), int(start + part.argmax())}
    chosen = sorted(kept)
    return tuple(zip(x[chosen].tolist(), y[chosen].tolist(), strict=True))
