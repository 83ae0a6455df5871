"""The loss curve: the only place that knows the plotting library, and a plain one for ASCII."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget
from textual_plot.axis_formatter import NumericAxisFormatter

from tripost_tui.state.loss import LossPlot, Point

_AXIS_COLUMNS = 8


class _Plot(PlotWidget, can_focus=False):
    """The library's widget without its own keys, which would shadow the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = []


class LossPane(Vertical, can_focus=True):
    """A titled plot with a line below it that says in words what it shows."""

    ALLOW_MAXIMIZE = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {"loss--step", "loss--smooth", "loss--begin"}

    def __init__(self, *, ascii_only: bool, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content("Loss")
        self._ascii_only = ascii_only
        self._shown: LossPlot | None = None
        self._drawn_as: object = None
        self._caption = Static(Content("No training step yet."), id="loss-caption")
        self._canvas: Widget = (
            Static(Content(""), id="loss-canvas")
            if ascii_only
            else _Plot(id="loss-canvas", allow_pan_and_zoom=False)
        )

    def compose(self) -> ComposeResult:
        yield self._canvas
        yield self._caption

    def on_mount(self) -> None:
        self._canvas.display = False
        if isinstance(self._canvas, _Plot):
            self._canvas.margin_left = _AXIS_COLUMNS
            self._canvas.margin_bottom = 1
            self._canvas.margin_top = 0

    @property
    def columns(self) -> int:
        """Columns that the curve itself has."""
        return max(8, self.size.width - _AXIS_COLUMNS - 2)

    def show(self, plot: LossPlot) -> None:
        """Draw ``plot`` unless it is what is drawn already."""
        look = (self.size, self.app.theme)
        if plot is self._shown and look == self._drawn_as:
            return
        self._shown, self._drawn_as = plot, look
        self._canvas.display = not plot.empty
        self._caption.update(self._in_words(plot))
        if plot.empty:
            return
        if isinstance(self._canvas, _Plot):
            self._draw(self._canvas, plot)
        elif isinstance(self._canvas, Static):
            height = max(3, self.size.height - 2)
            self._canvas.update(Content(ascii_plot(plot, self.columns, height)))

    def _draw(self, canvas: _Plot, plot: LossPlot) -> None:
        faint, strong, begin = (
            str(self.get_component_rich_style(f"loss--{name}"))
            for name in ("step", "smooth", "begin")
        )
        canvas.clear()
        for piece in plot.raw.pieces:
            _line(canvas, piece, faint)
        for piece in plot.smooth.pieces:
            _line(canvas, piece, strong)
        # Between the two last steps of one iteration and the next, where the weights are saved.
        for at in plot.boundaries:
            canvas.add_v_line(at - 0.5, begin)
        canvas.set_x_formatter(NumericAxisFormatter())
        curves = (plot.raw, plot.smooth)
        low, high = limits(y for curve in curves for piece in curve.pieces for _, y in piece)
        canvas.set_ylimits(low, high)

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


def limits(values: Iterable[float]) -> tuple[float | None, float | None]:
    """Ends of an axis where the library's own choice fails: values that hardly differ.

    It divides by their distance. None leaves the choice to it.
    """
    known = list(values)
    if not known:
        return None, None
    low, high = min(known), max(known)
    margin = max(1e-3, 0.01 * abs(high))
    return (low - margin, high + margin) if high - low < margin else (None, None)


def _line(canvas: _Plot, piece: tuple[Point, ...], style: str) -> None:
    x, y = [x for x, _ in piece], [y for _, y in piece]
    if len(piece) == 1:
        canvas.scatter(x=x, y=y, marker_style=style, hires_mode=HiResMode.BRAILLE)
    else:
        canvas.plot(x=x, y=y, line_style=style, hires_mode=HiResMode.BRAILLE)


def ascii_plot(plot: LossPlot, columns: int, rows: int) -> str:
    """The plot in ASCII: ``.`` each step, ``*`` smoothed, ``|`` the start of an iteration."""
    every = [
        point for curve in (plot.raw, plot.smooth) for piece in curve.pieces for point in piece
    ]
    low_x, high_x = min(x for x, _ in every), max(x for x, _ in every)
    low, high = min(y for _, y in every), max(y for _, y in every)
    grid = [[" "] * columns for _ in range(rows)]

    def column(x: float) -> int:
        return round((x - low_x) / ((high_x - low_x) or 1) * (columns - 1))

    for boundary in plot.boundaries:
        for line in grid:
            line[column(boundary)] = "|"
    for curve, sign in ((plot.raw, "."), (plot.smooth, "*")):
        for piece in curve.pieces:
            for x, y in piece:
                row = round((high - y) / ((high - low) or 1) * (rows - 1))
                grid[row][column(x)] = sign
    labels = {0: f"{high:.3g}", rows - 1: f"{low:.3g}"}
    return "\n".join(
        f"{labels.get(at, ''):>{_AXIS_COLUMNS - 2}} |{''.join(line).rstrip()}"
        for at, line in enumerate(grid)
    )
