"""The loss curve: smoothing, and no more points than the screen can show."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]

POINTS_PER_COLUMN = 2


@dataclass(frozen=True, slots=True)
class Curve:
    """Connected pieces of a curve; one ends with its iteration, or where a loss is no number."""

    pieces: tuple[tuple[Point, ...], ...] = ()

    @property
    def points(self) -> int:
        return sum(len(piece) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class LossPlot:
    """What is drawn: ``x`` counts optimizer steps over all iterations, from 1.

    ``boundaries`` are the first steps of iterations after the first; ``gaps`` counts the steps
    whose loss was not a number.
    """

    raw: Curve = Curve()
    smooth: Curve = Curve()
    boundaries: tuple[float, ...] = ()
    gaps: int = 0
    last: float | None = None

    @property
    def empty(self) -> bool:
        return self.raw.points == 0


def smoothed(losses: Sequence[float | None], half_life: float) -> list[float | None]:
    """Exponential moving average in which a loss counts half after ``half_life`` steps.

    Corrected for its start, so that the first value is the first loss; gaps stay gaps.
    """
    keep = 0.5 ** (1 / max(half_life, 1e-9))
    total = weight = 0.0
    result: list[float | None] = []
    for loss in losses:
        if loss is None:
            result.append(None)
            continue
        total = keep * total + (1 - keep) * loss
        weight = keep * weight + (1 - keep)
        result.append(total / weight)
    return result


def decimated(points: Sequence[Point], columns: int) -> tuple[Point, ...]:
    """At most about two points per column: of each column's the lowest and the highest.

    So a spike is never lost. The first and the last point stay.
    """
    columns = max(1, columns)
    if len(points) <= POINTS_PER_COLUMN * columns:
        return tuple(points)
    first, last = points[0], points[-1]
    span = (last[0] - first[0]) or 1.0
    buckets: dict[int, list[Point]] = {}
    for point in points:
        column = min(columns - 1, int((point[0] - first[0]) / span * columns))
        buckets.setdefault(column, []).append(point)
    kept = {first, last}
    for bucket in buckets.values():
        kept.add(min(bucket, key=lambda point: point[1]))
        kept.add(max(bucket, key=lambda point: point[1]))
    return tuple(sorted(kept))


def _curve(values: Sequence[float | None], boundaries: Collection[float], columns: int) -> Curve:
    """A curve of the values at 1, 2, …, its pieces sharing the columns by their lengths."""
    pieces: list[list[Point]] = [[]]
    for x, value in enumerate(values, start=1):
        if value is None or x in boundaries:
            pieces.append([])
        if value is not None:
            pieces[-1].append((float(x), value))
    drawn = [piece for piece in pieces if piece]
    shares = [max(1, round(columns * len(piece) / max(1, len(values)))) for piece in drawn]
    return Curve(tuple(decimated(piece, share) for piece, share in zip(drawn, shares, strict=True)))


def loss_plot(steps: Sequence[tuple[int, float | None]], columns: int) -> LossPlot:
    """The plot of (iteration, loss) in the order of training, for ``columns`` columns.

    Smoothing starts afresh with each iteration: another student learns from other data.
    """
    if not steps:
        return LossPlot()
    smooth: list[float | None] = []
    chunk: list[float | None] = []
    boundaries = [
        float(at + 2) for at, (one, other) in enumerate(pairwise(steps)) if one[0] != other[0]
    ]
    half_life = max(3.0, len(steps) / 40)
    ends = {int(boundary) - 2 for boundary in boundaries} | {len(steps) - 1}
    for at, (_, loss) in enumerate(steps):
        chunk.append(loss)
        if at in ends:
            smooth += smoothed(chunk, half_life)
            chunk = []
    losses = [loss for _, loss in steps]
    return LossPlot(
        raw=_curve(losses, boundaries, columns),
        smooth=_curve(smooth, boundaries, columns),
        boundaries=tuple(boundaries),
        gaps=sum(loss is None for loss in losses),
        last=losses[-1],
    )
