"""Accuracy after each iteration, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual_plot.axis_formatter import NumericAxisFormatter

from engine.statistics import Share
from tripost_tui.state.evaluate import AccuracyLine
from tripost_tui.widgets.plot import _AXIS_COLUMNS, _line, _Plot

_ASIDE = 0.08
"""First attempts stand so much to the left of their iteration, final answers to the right."""


class AccuracyPlot(Vertical, can_focus=True):
    """A titled plot with a line below it that says in words what it shows."""

    ALLOW_MAXIMIZE = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {"accuracy--first", "accuracy--final"}

    def __init__(self, *, ascii_only: bool, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content("Accuracy by iteration, %")
        self._ascii_only = ascii_only
        self._drawn: object = None
        self._caption = Static(Content(""), id="accuracy-caption")
        self._canvas: Widget = (
            Static(Content(""), id="accuracy-canvas")
            if ascii_only
            else _Plot(id="accuracy-canvas", allow_pan_and_zoom=False)
        )

    def compose(self) -> ComposeResult:
        yield self._canvas
        yield self._caption

    def show(self, lines: Sequence[AccuracyLine], iterations: int) -> None:
        """Draw ``lines`` of a run of so many iterations, unless that is what is drawn already."""
        drawn = (list(lines), iterations, self.size, self.app.theme)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if not lines:
            return
        final, first = ("*", "o") if self._ascii_only else ("●", "○")
        said = f"{final} final answer, {first} first attempt; lines: 95% intervals"
        partial = [line for line in lines if not line.done]
        if partial:
            # At the front, where a narrow pane does not cut it off.
            parts = (
                f"{line.label}: {line.n:,} of {line.wanted:,} items so far" for line in partial
            )
            said = f"{', '.join(parts)}; {said}"
        self._caption.update(Content(said))
        if isinstance(self._canvas, _Plot):
            self._draw(self._canvas, lines, iterations)
        elif isinstance(self._canvas, Static):
            columns, rows = self.size.width - _AXIS_COLUMNS - 2, self.size.height - 2
            self._canvas.update(Content(ascii_accuracy(lines, iterations, columns, rows)))

    def _draw(self, canvas: _Plot, lines: Sequence[AccuracyLine], iterations: int) -> None:
        first, final = (
            str(self.get_component_rich_style(f"accuracy--{name}")) for name in ("first", "final")
        )
        canvas.clear()
        low, high = limits(lines)
        canvas.set_xlimits(-0.5, iterations + 0.5)
        canvas.set_ylimits(low, high)
        canvas.set_xticks(list(range(iterations + 1)))
        canvas.set_x_formatter(NumericAxisFormatter())
        sides = (
            (-_ASIDE, "○", first, [line.first for line in lines]),
            (_ASIDE, "●", final, [line.final for line in lines]),
        )
        for aside, marker, style, shares in sides:
            places = [line.iteration + aside for line in lines]
            middles = [_percent(share) for share in shares]
            for place, share in zip(places, shares, strict=True):
                ends = (100 * share.interval.low, 100 * share.interval.high)
                _line(canvas, ((place, ends[0]), (place, ends[1])), style)
            canvas.scatter(places, middles, marker=marker, marker_style=style)


def limits(lines: Sequence[AccuracyLine]) -> tuple[float, float]:
    """The lowest and the highest percent that are shown: whole fives around all intervals."""
    ends = [line.first.interval for line in lines] + [line.final.interval for line in lines]
    low = 5 * int(100 * min(end.low for end in ends) // 5)
    high = 5 * -int(-100 * max(end.high for end in ends) // 5)
    return float(max(0, low)), float(min(100, max(high, low + 5)))


def ascii_accuracy(lines: Sequence[AccuracyLine], iterations: int, columns: int, rows: int) -> str:
    """The plot in ASCII: ``*`` final answer, ``o`` first attempt, ``|`` their intervals."""
    rows = max(4, rows) - 1
    columns = max(2 * (iterations + 1) + 1, columns)
    low, high = limits(lines)
    grid = [[" "] * columns for _ in range(rows)]

    def row(percent: float) -> int:
        return round((high - percent) / (high - low) * (rows - 1))

    def column(iteration: int) -> int:
        return round((iteration + 0.5) / (iterations + 1) * columns)

    for line in lines:
        for aside, sign, share in ((-1, "o", line.first), (1, "*", line.final)):
            at = min(max(column(line.iteration) + aside, 0), columns - 1)
            top, bottom = row(100 * share.interval.high), row(100 * share.interval.low)
            for place in range(top, bottom + 1):
                grid[place][at] = "|"
            grid[row(_percent(share))][at] = sign
    labels = {0: f"{high:.0f}", rows - 1: f"{low:.0f}"}
    shown = [
        f"{labels.get(at, ''):>{_AXIS_COLUMNS - 2}} |{''.join(line).rstrip()}"
        for at, line in enumerate(grid)
    ]
    axis = [" "] * columns
    for iteration in range(iterations + 1):
        for offset, digit in enumerate(str(iteration)):
            if column(iteration) + offset < columns:
                axis[column(iteration) + offset] = digit
    return "\n".join([*shown, " " * _AXIS_COLUMNS + "".join(axis).rstrip()])


def _percent(share: Share) -> float:
    return 100 * (share.value or 0.0)
