"""Charts: the only place that knows the plotting library, and plain ones for ASCII."""

from collections.abc import Sequence
from math import floor, log10
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Event, Mount
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget
from textual_plot.axis_formatter import NumericAxisFormatter

from tripost_tui.state.charts import Chart, Line, Pieces, Point, Tone, extent, only_above_zero
from tripost_tui.state.loss import LossPlot

_AXIS_COLUMNS = 8


class _Plot(PlotWidget, can_focus=False):
    """The library's widget with narrow margins, and without its keys, which would shadow the
    screen's."""

    BINDINGS: ClassVar[list[BindingType]] = []
    margin_left = reactive(_AXIS_COLUMNS)
    margin_bottom = reactive(1)
    margin_top = reactive(0)

    async def on_event(self, event: Event) -> None:
        # The library looks for its parts when it is mounted; on a screen that was left at once
        # they were never made.
        if self.children or not isinstance(event, Mount):
            await super().on_event(event)

    def _update_margin_sizes(self) -> None:
        if self.children:
            super()._update_margin_sizes()


class _Steps(NumericAxisFormatter):
    """Steps are whole."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        return [tick for tick in super().get_ticks(min_, max_, max_ticks) if tick == floor(tick)]


class _Few(NumericAxisFormatter):
    """At most so many ticks, with labels that fit beside the axis; ``log``: of logarithms."""

    def __init__(self, most: int, *, log: bool = False) -> None:
        self._most, self._log = max(2, most), log

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        ticks = [t for t in super().get_ticks(min_, max_, max_ticks) if min_ <= t <= max_]
        while len(ticks) > self._most:
            ticks = ticks[::2]
        return ticks

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        if self._log:
            return [f"{10**tick:.2g}" for tick in ticks]
        labels = super().get_labels_for_ticks(ticks)
        return [
            label if len(label) <= _AXIS_COLUMNS - 2 and abs(tick) < 10_000 else _brief(tick)
            for label, tick in zip(labels, ticks, strict=True)
        ]


def _brief(value: float) -> str:
    return f"{value / 1000:.4g}k" if 10_000 <= abs(value) < 10_000_000 else f"{value:.2g}"


class ChartPane(Vertical, can_focus=True):
    """A titled chart with a line below it that says in words what it shows."""

    ALLOW_MAXIMIZE = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--step",
        "chart--smooth",
        "chart--other",
        "chart--begin",
    }

    def __init__(self, title: str, *, ascii_only: bool, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content(title)
        self._ascii_only = ascii_only
        self._shown: Chart | None = None
        self._said: Content | None = None
        self._drawn_as: object = None
        self._caption = Static(Content(""), id=f"{id}-caption", classes="chart-caption")
        self._canvas: Widget = (
            Static(Content(""), id=f"{id}-canvas", classes="chart-canvas")
            if ascii_only
            else _Plot(id=f"{id}-canvas", classes="chart-canvas", allow_pan_and_zoom=False)
        )

    def compose(self) -> ComposeResult:
        yield self._canvas
        yield self._caption

    def on_mount(self) -> None:
        self._canvas.display = False

    @property
    def columns(self) -> int:
        """Columns that the curve itself has."""
        return max(8, self.size.width - _AXIS_COLUMNS - 2)

    def show_chart(self, chart: Chart, words: Content) -> None:
        """Draw ``chart`` over ``words``, unless they are what is shown already."""
        if self._said is None or not words.is_same(self._said):
            self._said = words
            self._caption.update(words)
        look = (self.size, self.app.theme)
        if chart is self._shown and look == self._drawn_as:
            return
        self._shown, self._drawn_as = chart, look
        nothing = not any(_drawn(line, chart) for line in chart.lines)
        self._canvas.display = not nothing
        if nothing:
            return
        if isinstance(self._canvas, _Plot):
            self._draw(self._canvas, chart)
        elif isinstance(self._canvas, Static):
            height = max(3, self.size.height - 2)
            self._canvas.update(Content(ascii_plot(chart, self.columns, height)))

    def _draw(self, canvas: _Plot, chart: Chart) -> None:
        styles = {tone: str(self.get_component_rich_style(f"chart--{tone.value}")) for tone in Tone}
        canvas.clear()
        drawn: list[tuple[Point, ...]] = []
        for line in chart.lines:
            for piece in _drawn(line, chart):
                drawn.append(piece)
                _line(canvas, piece, styles[line.tone])
        # Between the two last steps of one iteration and the next, where the weights are saved.
        for at in chart.begins:
            canvas.add_v_line(at - 0.5, str(self.get_component_rich_style("chart--begin")))
        # The library divides by the distance of the ends, and fails where values hardly differ.
        canvas.set_ylimits(*extent([y for piece in drawn for _, y in piece]))
        if chart.x_range is None:
            canvas.set_x_formatter(NumericAxisFormatter())
        else:
            canvas.set_x_formatter(_Steps())
            canvas.set_xlimits(*chart.x_range)
            # Two rows of a canvas for a tick, beside its frame, the caption and the axis.
            canvas.set_y_formatter(_Few((self.size.height - 4) // 2, log=chart.log))


class LossPane(ChartPane):
    """The loss of a whole run."""

    def __init__(self, *, ascii_only: bool, id: str) -> None:
        super().__init__("Loss", ascii_only=ascii_only, id=id)
        self._plot: tuple[LossPlot, Chart] | None = None

    def show(self, plot: LossPlot) -> None:
        """Draw ``plot`` unless it is what is drawn already."""
        if self._plot is None or self._plot[0] is not plot:
            raw, smooth = (
                Line(curve.pieces, tone)
                for curve, tone in ((plot.raw, Tone.STEP), (plot.smooth, Tone.SMOOTH))
            )
            self._plot = plot, Chart((raw, smooth), plot.boundaries)
        self.show_chart(self._plot[1], self._in_words(plot))

    @staticmethod
    def _in_words(plot: LossPlot) -> Content:
        if plot.empty and not plot.gaps:
            return Content("No training step yet.")
        last = "not a number" if plot.last is None else f"{plot.last:.3f}"
        parts: list[Content | tuple[str, str]] = [Content(f"now {last}; each step, ")]
        parts.append(("smoothed", "$accent"))
        if plot.boundaries:
            parts.append(Content("; a line where an iteration begins"))
        if plot.gaps:
            parts.append((f"; {plot.gaps} steps without a number", "bold $text-error"))
        return Content.assemble(*parts)


def _line(canvas: _Plot, piece: tuple[Point, ...], style: str) -> None:
    x, y = [x for x, _ in piece], [y for _, y in piece]
    if len(piece) == 1:
        canvas.scatter(x=x, y=y, marker_style=style, hires_mode=HiResMode.BRAILLE)
    else:
        canvas.plot(x=x, y=y, line_style=style, hires_mode=HiResMode.BRAILLE)


def _drawn(line: Line, chart: Chart) -> Pieces:
    """The pieces as they are drawn, those of a logarithm as such."""
    if not chart.log:
        return line.pieces
    return tuple(tuple((x, log10(y)) for x, y in piece) for piece in only_above_zero(line.pieces))


def ascii_plot(chart: Chart, columns: int, rows: int) -> str:
    """The chart in ASCII: ``.`` each step, ``*`` smoothed, ``o`` other, ``|`` a beginning."""
    drawn = [(line.tone, _drawn(line, chart)) for line in chart.lines]
    every: list[Point] = [point for _, pieces in drawn for piece in pieces for point in piece]
    if not every:
        return ""
    low_x, high_x = chart.x_range or extent([x for x, _ in every])
    low, high = extent([y for _, y in every])
    grid = [[" "] * columns for _ in range(rows)]

    def column(x: float) -> int:
        return round((x - low_x) / ((high_x - low_x) or 1) * (columns - 1))

    for begin in chart.begins:
        for row in grid:
            row[column(begin)] = "|"
    for tone, pieces in drawn:
        for piece in pieces:
            for x, y in piece:
                grid[round((high - y) / (high - low) * (rows - 1))][column(x)] = tone.sign
    ends = (10**high, 10**low) if chart.log else (high, low)
    labels = {0: f"{ends[0]:.3g}", rows - 1: f"{ends[1]:.3g}"}
    wide = max(_AXIS_COLUMNS - 2, *(len(label) for label in labels.values()))
    return "\n".join(
        f"{labels.get(at, ''):>{wide}} |{''.join(line).rstrip()}" for at, line in enumerate(grid)
    )
