"""Charts as plain values: lines of points, few enough for the columns they are drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]
Pieces = tuple[tuple[Point, ...], ...]
"""Connected parts of a line: one ends where a value is not a number."""


class Tone(StrEnum):
    """What a line is, for its colour; the signs are those of ASCII."""

    STEP = "step"
    SMOOTH = "smooth"
    OTHER = "other"

    @property
    def sign(self) -> str:
        return {"step": ".", "smooth": "*", "other": "o"}[self.value]


@dataclass(frozen=True, slots=True)
class Line:
    pieces: Pieces
    tone: Tone


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. ``begins`` are marked by a vertical line each.

    Charts with the same ``x_range`` are linked: a column stands for the same step in all.
    ``log`` draws the logarithm, for which values that are not above 0 are left out.
    """

    lines: tuple[Line, ...] = ()
    begins: tuple[float, ...] = ()
    x_range: tuple[float, float] | None = None
    log: bool = False

    @property
    def empty(self) -> bool:
        return not any(piece for line in self.lines for piece in line.pieces)

    @property
    def points(self) -> int:
        return sum(len(piece) for line in self.lines for piece in line.pieces)


def only_above_zero(pieces: Pieces) -> Pieces:
    """The pieces without what has no logarithm; it leaves gaps."""
    found: list[tuple[Point, ...]] = []
    for piece in pieces:
        part: list[Point] = []
        for point in piece:
            if point[1] > 0:
                part.append(point)
            elif part:
                found.append(tuple(part))
                part = []
        if part:
            found.append(tuple(part))
    return tuple(found)


def extent(values: Sequence[float]) -> tuple[float, float]:
    """The least and the largest value; apart, where they are all but the same."""
    low, high = min(values), max(values)
    room = 0.02 * max(abs(low), abs(high)) or 1e-6
    if high - low >= room:
        return low, high
    middle = (low + high) / 2
    return middle - room, middle + room
