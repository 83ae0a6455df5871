"""What figures of a report are made of: plain numbers and words, whoever draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.report_layout import Table


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line; ``low`` and ``high`` bound what it may be, where that is known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over a common axis. ``description`` says in words what is to be seen.

    ``whole_x`` axes have a mark at each whole number; ``top`` is where y ends, found from the
    points when None; y begins at 0 unless ``log_y``, for which every y is above 0.
    """

    title: str
    description: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    whole_x: bool = False
    top: float | None = None
    log_y: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of every bar, one value for each; a negative one goes the other way."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars one below the other, each made of parts. ``unit`` completes its labels: " s"."""

    title: str
    description: str
    x_label: str
    bars: tuple[str, ...]
    parts: tuple[Part, ...]
    unit: str = ""


Chart = LineChart | BarChart


@dataclass(frozen=True, slots=True)
class Figure:
    """Charts that belong together, and their figures as one table.

    ``open`` tables are what a reader wants to see in any case; the others may be folded.
    """

    title: str
    charts: tuple[Chart, ...]
    table: Table
    open: bool = False


def thinned(points: Sequence[tuple[float, float]], most: int) -> tuple[Point, ...]:
    """Means of neighbours with their least and greatest value, at most ``most`` of them."""
    size = -(-len(points) // most) if points else 1
    found = []
    for at in range(0, len(points), size):
        part = points[at : at + size]
        ys = [y for _, y in part]
        middle = sum(x for x, _ in part) / len(part)
        found.append(Point(middle, sum(ys) / len(ys), min(ys), max(ys)))
    return tuple(found)
