"""The figures of a run's report: what is drawn, with a table of the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from db.records import StageName
from engine.comparing import Crosstab
from engine.report import ALL, Accuracy, Report, share_text
from engine.report_charts import BarChart, Figure, Line, LineChart, Part, Point, thinned
from engine.report_layout import Table, duration_text, table_of
from engine.report_tables import report_tables
from engine.report_whole import WholeReport
from engine.statistics import Share, p_text

MOST_POINTS = 60
"""Points of one iteration's line of losses."""


def accuracy_figure(whole: WholeReport) -> Figure | None:
    """First attempts and final answers by iteration, a chart for each group of items."""
    evaluations = whole.report.evaluations
    if not evaluations:
        return None
    groups = sorted({g for one in evaluations for g in one.accuracy}, key=lambda g: (g != ALL, g))
    charts = []
    for group in groups:
        found = [
            (one.iteration, one.accuracy[group]) for one in evaluations if group in one.accuracy
        ]
        name = "All items" if group == ALL else f"{group.capitalize()} items"
        charts.append(
            LineChart(
                title=name,
                description=f"{name}, share of right answers by iteration with 95% intervals: "
                + "; ".join(_accuracy_words(at, one) for at, one in found)
                + ".",
                x_label="iteration",
                y_label="right, %",
                lines=(
                    Line("final answer", tuple(_point(at, one.final) for at, one in found)),
                    Line("first attempt", tuple(_point(at, one.first) for at, one in found)),
                ),
                whole_x=True,
                top=100,
            )
        )
    return Figure("Accuracy", tuple(charts), _table(whole.report, "Accuracy"), open=True)


def transitions_figure(whole: WholeReport) -> Figure | None:
    """What updates did to items within each test, and what changed from test to test."""
    found = [one for one in whole.transitions if one.within.pairs]
    if not found:
        return None
    within = [(f"iteration {o.iteration}" if o.iteration else "start", o.within) for o in found]
    since = [(f"{o.before} → {o.iteration}", o.since) for o in found if o.since and o.since.pairs]
    charts = [
        _went("Within a test: first attempt to final answer", within),
        *([_went("From test to test: final answers", since)] if since else []),
    ]
    rows = [("within", name, *_cells(table)) for name, table in within]
    rows += [("between", name, *_cells(table)) for name, table in since]
    columns = ("where", "which", "wrong → right", "right → wrong", "stay right", "stay wrong", "p")
    note = "p: exact two-sided McNemar test of the two that change, each on its own."
    table = table_of("Transitions", columns, rows, {2, 3, 4, 5}, note)
    return Figure("Transitions", tuple(charts), table, open=True)


def drops_figure(report: Report) -> Figure | None:
    """What was dropped and left out, by reason, with a part for each iteration."""
    charts = []
    for title, what, dropped in (
        ("Attempts that editing dropped", "attempts", [c.dropped for c in report.collections]),
        ("Examples that were left out", "examples", [c.left_out for c in report.collections]),
    ):
        totals: dict[str, int] = {}
        for reasons in dropped:
            for reason, count in reasons.items():
                totals[reason] = totals.get(reason, 0) + count
        if not totals:
            continue
        order = sorted(totals, key=lambda reason: (-totals[reason], reason))
        charts.append(
            BarChart(
                title=title,
                description=f"{title}, by reason: "
                + ", ".join(f"{reason} {totals[reason]:,}" for reason in order)
                + ".",
                x_label=what,
                bars=tuple(order),
                parts=tuple(
                    Part(f"iteration {one.iteration}", tuple(reasons.get(r, 0) for r in order))
                    for one, reasons in zip(report.collections, dropped, strict=True)
                ),
            )
        )
    if not charts:
        return None
    table = _table(report, "Dropped and left out")
    return Figure("Dropped and left out", tuple(charts), table, open=True)


def loss_figure(whole: WholeReport) -> Figure | None:
    """Loss and learning rate over the steps, one line for each iteration."""
    losses, rates, rows, begin = [], [], [], 0
    for iteration in sorted({step.iteration for step in whole.steps}):
        steps = [step for step in whole.steps if step.iteration == iteration]
        name = f"iteration {iteration}"
        points = thinned(
            [(begin + s.step, s.loss) for s in steps if s.loss is not None], MOST_POINTS
        )
        if points:
            losses.append(Line(name, points))
        rate = thinned([(begin + s.step, s.learning_rate) for s in steps], MOST_POINTS)
        rates.append(Line(name, tuple(Point(p.x, p.y) for p in rate)))
        rows += [_loss_row(iteration, p, rate) for p in points]
        begin += max(step.step for step in steps)
    if not losses:
        return None
    lowest = min(point.low or 0 for line in losses for point in line.points)
    highest = max(point.high or 0 for line in losses for point in line.points)
    is_log = lowest > 0 and highest > 10 * lowest
    ends = "; ".join(
        f"{line.name} from {line.points[0].y:.4f} to {line.points[-1].y:.4f}" for line in losses
    )
    charts = (
        LineChart(
            title="Loss",
            description=f"Mean loss over the optimizer steps: {ends}.",
            x_label="step, all iterations",
            y_label="loss, logarithmic" if is_log else "loss",
            lines=tuple(losses),
            log_y=is_log,
        ),
        LineChart(
            title="Learning rate",
            description="Learning rate over the optimizer steps, at most "
            f"{max(p.y for line in rates for p in line.points):.3g}.",
            x_label="step, all iterations",
            y_label="learning rate",
            lines=tuple(rates),
        ),
    )
    note = "Means of neighbouring steps, with the least and the greatest loss among them."
    columns = ("iteration", "step", "loss", "least", "greatest", "learning rate")
    table = table_of("Loss over steps", columns, rows, set(range(1, 6)), note)
    return Figure("Loss and learning rate", charts, table)


def time_figure(report: Report) -> Figure | None:
    """Working time by iteration, with a part for each stage."""
    seconds = {(one.iteration, one.name): one.seconds for one in report.stages}
    iterations = sorted({at for at, _ in seconds})
    if not iterations:
        return None
    names = [name for name in StageName if any((at, name) in seconds for at in iterations)]
    chart = BarChart(
        title="Working time by stage",
        description="Working time: "
        + "; ".join(
            f"{name.value} {duration_text(sum(seconds.get((at, name), 0) for at in iterations))}"
            for name in names
        )
        + ".",
        x_label="seconds",
        bars=tuple(f"iteration {at}" if at else "start" for at in iterations),
        parts=tuple(
            Part(name.value, tuple(seconds.get((at, name), 0.0) for at in iterations))
            for name in names
        ),
        unit=" s",
    )
    return Figure("Time", (chart,), _table(report, "Time"), open=True)


def experts_figure(report: Report) -> Figure | None:
    """Time and cost of each expert, where language models were asked."""
    if report.experts is None or not report.experts.accounts:
        return None
    accounts = report.experts.in_all().accounts
    names = tuple(f"{one.role}: {one.expert}" for one in accounts)
    charts = [
        BarChart(
            title="Time of experts' replies",
            description="Seconds that replies took, summed: "
            + "; ".join(f"{n} {a.seconds:.1f}" for n, a in zip(names, accounts, strict=True)),
            x_label="seconds",
            bars=names,
            parts=(Part("time", tuple(one.seconds for one in accounts)),),
            unit=" s",
        )
    ]
    if any(one.cost for one in accounts):
        charts.append(
            BarChart(
                title="Cost of experts",
                description="Cost by the prices in the settings: "
                + "; ".join(f"{n} {a.cost:.4f}" for n, a in zip(names, accounts, strict=True)),
                x_label="cost",
                bars=names,
                parts=(Part("cost", tuple(one.cost for one in accounts)),),
            )
        )
    table = _table(report, "Tokens and cost of experts")
    return Figure("Experts", tuple(charts), table, open=True)


def tokens_table(whole: WholeReport) -> Table:
    """Tokens that the student wrote and was trained on, by iteration."""
    trained = {one.iteration: one for one in whole.report.trainings}
    spent = {one.iteration: one for one in whole.spent}
    rows = []
    for at in sorted(trained.keys() | spent.keys()):
        s, t = spent.get(at), trained.get(at)
        rows.append(
            (
                str(at) if at else "0 (start)",
                f"{s.sampled:,}" if s and s.sampled else "–",
                f"{t.tokens:,}" if t else "–",
                f"{s.tested:,}" if s and s.test_items else "–",
                f"{s.tested / s.test_items:,.1f}" if s and s.test_items else "–",
            )
        )
    columns = ("iteration", "sampled", "trained on", "written in the test", "per test item")
    note = (
        "Sampled and written: by the student. Trained on: over all epochs, without padding. "
        "Experts' tokens are counted by their servers and stand with the experts."
    )
    return table_of("Tokens", columns, rows, set(range(1, 5)), note, "No tokens yet.")


def paired_table(whole: WholeReport) -> Table:
    """The last iteration against the start by group of items, both ways to count."""
    rows = [
        (
            one.what,
            one.group,
            str(one.table.pairs),
            share_text(one.start.value),
            share_text(one.last.value),
            f"{100 * one.table.difference:+.1f} "
            f"({100 * one.interval.low:+.1f} to {100 * one.interval.high:+.1f})",
            p_text(one.table.p()),
        )
        for one in whole.paired
    ]
    columns = ("what", "items", "pairs", "start", "last", "points", "p")
    note = (
        "On the same items; in brackets a 95% bootstrap interval; exact two-sided McNemar test, "
        "each on its own."
    )
    nothing = "There is nothing to compare with the start yet."
    name = "The last iteration against the start"
    return table_of(name, columns, rows, {2, 3, 4, 5}, note, nothing)


def _table(report: Report, title: str) -> Table:
    return next(one for one in report_tables(report) if one.title == title)


def _point(at: int, share: Share) -> Point:
    interval = share.interval
    return Point(at, 100 * (share.value or 0), 100 * interval.low, 100 * interval.high)


def _accuracy_words(at: int, one: Accuracy) -> str:
    name = f"iteration {at}" if at else "start"
    return f"{name} first {share_text(one.first.value)}, final {share_text(one.final.value)}"


def _went(title: str, tables: Sequence[tuple[str, Crosstab]]) -> BarChart:
    return BarChart(
        title=title,
        description=f"{title}. "
        + "; ".join(
            f"{name}: {table.fixed} from wrong to right, {table.broken} from right to wrong"
            for name, table in tables
        )
        + ".",
        x_label="items: to wrong on the left, to right on the right",
        bars=tuple(name for name, _ in tables),
        parts=(
            Part("wrong → right", tuple(table.fixed for _, table in tables)),
            Part("right → wrong", tuple(-table.broken for _, table in tables)),
        ),
    )


def _cells(table: Crosstab) -> tuple[str, ...]:
    counts = (table.fixed, table.broken, table.both_right, table.both_wrong)
    return (*map(str, counts), p_text(table.p()) if table.fixed + table.broken else "–")


def _loss_row(iteration: int, point: Point, rates: Sequence[Point]) -> tuple[str, ...]:
    rate = min(rates, key=lambda one: abs(one.x - point.x)).y
    low = point.y if point.low is None else point.low
    high = point.y if point.high is None else point.high
    losses = (point.y, low, high)
    return (str(iteration), f"{point.x:,.0f}", *(f"{n:.4f}" for n in losses), f"{rate:.3g}")
