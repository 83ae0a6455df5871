"""Charts drawn by matplotlib as SVG, in colours that a page's themes fill in.

Importing this loads matplotlib, which takes half a second: only who writes a report does.
"""

from __future__ import annotations

import io
import logging
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any

# Said about its own folder and fonts, on a terminal that an app may be painting.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib as mpl  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

from engine.report_charts import BarChart, Chart, Line, LineChart  # noqa: E402
from tripost_tui.report_html.svg import GRID, INK, SERIES, themed  # noqa: E402
from tripost_tui.text import one_line  # noqa: E402

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tripost",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "legend.frameon": False,
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
}
_WIDTH = 5.0
"""Inches, 360 units: as wide as a phone, where letters are read at their own size."""
_MARKERS = "os^Dv"
_DASHES: Any = ("-", "--", ":", "-.")
_FEW_POINTS = 20
_LONGEST_NAME, _NAME_WIDTH = 60, 22


def svg_of(chart: Chart, name: str) -> str:
    """Draw a chart as an SVG element for a page; ``name`` tells its ids from other charts'."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Letters that matplotlib's own font lacks: the reader's will have them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = _lines(chart) if isinstance(chart, LineChart) else _bars(chart)
        stream = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return themed(stream.getvalue(), name, chart.title, chart.description)


def _lines(chart: LineChart) -> Figure:
    figure = Figure(figsize=(_WIDTH, 3.3), layout="constrained")
    axes = figure.add_subplot()
    for at, line in enumerate(chart.lines):
        _line(axes, line, at, len(chart.lines))
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    axes.grid(axis="y", linewidth=0.7)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if chart.whole_x:
        xs = [point.x for line in chart.lines for point in line.points]
        axes.set_xlim(min(xs) - 0.3, max(xs) + 0.3)
    if chart.log_y:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.set_ylim(0, chart.top)
        axes.ticklabel_format(axis="y", style="plain")
    _legend(axes, len(chart.lines))
    return figure


def _line(axes: Axes, line: Line, at: int, of: int) -> None:
    colour = SERIES[at % len(SERIES)]
    few = len(line.points) <= _FEW_POINTS
    # Side by side, so that intervals of the same place do not cover each other.
    shift = (at - (of - 1) / 2) * 0.1 if few else 0
    xs = [point.x + shift for point in line.points]
    ys = [point.y for point in line.points]
    bounds = [(p.low, p.high) for p in line.points if p.low is not None and p.high is not None]
    look: dict[str, Any] = {"color": colour, "label": _name(line.name)}
    dashes = _DASHES[at % len(_DASHES)]
    if few and len(bounds) == len(ys):
        sides = [[y - low for y, (low, _) in zip(ys, bounds, strict=True)]]
        sides.append([high - y for y, (_, high) in zip(ys, bounds, strict=True)])
        marker = _MARKERS[at % len(_MARKERS)]
        axes.errorbar(
            xs, ys, yerr=sides, marker=marker, capsize=3, linewidth=1.6, linestyle=dashes, **look
        )
        return
    axes.plot(xs, ys, linewidth=1.4, linestyle=dashes, **look)
    if len(bounds) == len(ys):
        lows, highs = zip(*bounds, strict=True)
        axes.fill_between(xs, lows, highs, color=colour, alpha=0.18, linewidth=0)


def _bars(chart: BarChart) -> Figure:
    names = [textwrap.fill(_name(bar), _NAME_WIDTH) for bar in chart.bars]
    height = 1.25 + sum(0.12 + 0.22 * (1 + name.count("\n")) for name in names)
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(names)))
    ends: dict[bool, list[float]] = {True: [0.0] * len(names), False: [0.0] * len(names)}
    for at, part in enumerate(chart.parts):
        below = part.values
        begin = [ends[value >= 0][place] for place, value in enumerate(below)]
        axes.barh(
            places,
            below,
            left=begin,
            height=0.62,
            color=SERIES[at % len(SERIES)],
            label=_name(part.name),
        )
        for place, value in enumerate(below):
            ends[value >= 0][place] += value
    _totals(axes, chart, ends)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(chart.x_label)
    axes.grid(axis="x", linewidth=0.7)
    axes.margins(x=0.16)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=_whole(ends)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,g}")
    if len(chart.parts) > 1:
        _legend(axes, len(chart.parts))
    return figure


def _totals(axes: Axes, chart: BarChart, ends: dict[bool, list[float]]) -> None:
    two_sided = any(end < 0 for end in ends[False])
    for up, side in ends.items():
        if not up and not two_sided:
            continue
        for place, end in enumerate(side):
            if not up and end == 0:
                continue
            text = f"{abs(end):,.0f}" if _whole(ends) else f"{abs(end):,.3g}"
            axes.annotate(
                text + chart.unit,
                (end, place),
                xytext=(4 if up else -4, 0),
                textcoords="offset points",
                ha="left" if up else "right",
                va="center",
            )


def _whole(ends: dict[bool, list[float]]) -> bool:
    return all(float(end).is_integer() for side in ends.values() for end in side)


def _legend(axes: Axes, parts: int) -> None:
    axes.figure.legend(
        loc="outside upper left", ncols=min(parts, 3), handlelength=1.6, columnspacing=1.2
    )


def _name(text: str) -> str:
    return one_line(text, _LONGEST_NAME)


def svgs_of(charts: Sequence[Chart], name: str) -> list[str]:
    """Draw charts whose ids begin with ``name`` and their place."""
    return [svg_of(chart, f"{name}-{at}") for at, chart in enumerate(charts, start=1)]
