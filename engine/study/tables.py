"""A study's results as tables of plain text, and in words: what was shown, and what was not."""

from __future__ import annotations

from collections.abc import Sequence

from engine.report_layout import Table, duration_text, table_of
from engine.statistics import Share, p_text
from engine.study.comparing import NOT_DISTINGUISHABLE, Comparison, Row
from engine.study.plan import MAIN
from engine.study.results import IterationResult, RunResult
from engine.study.significance import RESAMPLES, Spread
from engine.tasks import label

_TITLES = {MAIN: "Methods", "ablations": "Ablations"}


def study_tables(comparison: Comparison) -> tuple[Table, ...]:
    """The tables of a study's results, in the order in which to show them."""
    found = []
    for name in comparison.tables:
        rows = [row for row in comparison.rows if row.table == name]
        found += [_accuracy(name, rows), _against(name, rows, comparison.reference)]
    main = [row for row in comparison.rows if row.table == MAIN]
    return (*found, _where_from(main), _by_seed(comparison.rows), _runs(comparison.results))


def in_words(comparison: Comparison) -> list[str]:
    """What was shown and what was not, a sentence each."""
    said = []
    for row in comparison.rows:
        if row.against is None:
            continue
        a = row.against
        seeds = f"{len(a.seeds)} seed{'s' if len(a.seeds) > 1 else ''}"
        where = f"{_task(row)}, {row.label} against {a.reference}"
        figures = f"({100 * a.difference:+.1f} points, corrected {p_text(a.p_holm)}, {seeds})."
        doubt = " That is no proof of equality." if a.outcome == NOT_DISTINGUISHABLE else ""
        said.append(f"{where}: {a.outcome} {figures}{doubt}")
    if not said:
        said.append("Nothing can be compared yet.")
    return said


def _accuracy(name: str, rows: Sequence[Row]) -> Table:
    columns = (
        "task",
        "method" if name == MAIN else "row",
        "seeds",
        "start",
        "first attempt",
        "final answer",
        "seen",
        "unseen",
        "updated",
        "repaired / spoiled",
        "tokens",
    )
    lines = [
        (
            _task(row),
            row.label,
            row.problem or str(len(row.runs)),
            *(_points(one) for one in (row.start, row.first, row.final, row.seen, row.unseen)),
            _points(row.updated),
            f"{row.repaired.mean:.1f} / {row.spoiled.mean:.1f}"
            if row.repaired and row.spoiled
            else "–",
            f"{row.tokens.mean:,.0f}" if row.tokens else "–",
        )
        for row in rows
    ]
    note = (
        "Right answers in percent after the last iteration, as the mean over seeds ± standard "
        "deviation over seeds. Repaired: wrong at first and right at last, spoiled: the other way "
        "round, in items a run; tokens: trained on, a run. A row with a missing run has no mean."
    )
    return table_of(_title(name), columns, lines, set(range(3, 11)), note, "No runs.")


def _against(name: str, rows: Sequence[Row], reference: str) -> Table:
    columns = ("task", "row", "seeds", "gained / lost", "difference", "p", "p, Holm", "outcome")
    lines, counted = [], sum(row.against is not None for row in rows)
    for row in rows:
        if row.is_reference:
            continue
        if row.against is None:
            lines.append((_task(row), row.label, *["–"] * 5, row.problem or "nothing to compare"))
            continue
        a = row.against
        between = f"{100 * a.interval.low:+.1f} to {100 * a.interval.high:+.1f}"
        gained, lost = (sum(getattr(one, side) for one in a.seeds) for side in ("gained", "lost"))
        lines.append(
            (
                _task(row),
                row.label,
                str(len(a.seeds)),
                f"{gained} / {lost}",
                f"{100 * a.difference:+.1f} ({between})",
                p_text(a.p),
                p_text(a.p_holm),
                a.outcome,
            )
        )
    comparisons = "the only comparison" if counted == 1 else f"the {counted} comparisons"
    note = (
        f"Row minus {reference}: final answers after the last iteration on the same items, in "
        f"points; gained: right with the row alone, lost: right with {reference} alone. In "
        f"brackets: 95% bootstrap interval over items and over seeds ({RESAMPLES:,} draws, "
        "percentiles); with few seeds it is too narrow. p: exact two-sided test of all seeds' "
        "pairs together, stratified by item; it is about these trained students, not about other "
        f"seeds. p, Holm: corrected for {comparisons} with {reference} in this table; "
        "below 0.05 a difference is called one."
    )
    title = f"{_title(name)}: against {reference}"
    return table_of(title, columns, lines, {2, 3, 4, 5, 6}, note, "Nothing to compare.")


def _where_from(rows: Sequence[Row]) -> Table:
    """Which part of a gain is in first attempts, and which in updates."""
    lines = []
    for row in rows:
        if row.start is None or row.first is None or row.final is None or row.problem:
            continue
        began = [one.start for one in row.runs if one.start is not None]
        first_at_start = sum(one.first.value or 0.0 for one in began) / len(began)
        first = row.first.mean - first_at_start
        updates = (row.final.mean - row.first.mean) - (row.start.mean - first_at_start)
        lines.append(
            (
                _task(row),
                row.label,
                f"{100 * row.start.mean:.1f}",
                *(f"{100 * each:+.1f}" for each in (first, updates, first + updates)),
                f"{100 * row.final.mean:.1f}",
            )
        )
    columns = ("task", "method", "start", "by first attempts", "by updates", "in all", "final")
    note = "In points, means over seeds: what first attempts and what updates have changed."
    return table_of(
        "Where the accuracy comes from",
        columns,
        lines,
        set(range(2, 7)),
        note,
        "Nothing is finished yet.",
    )


def _by_seed(rows: Sequence[Row]) -> Table:
    lines = [
        (
            row.table if row.table != MAIN else "methods",
            _task(row),
            row.label,
            str(pair.seed),
            str(pair.pairs),
            str(pair.gained),
            str(pair.lost),
            f"{100 * (pair.gained - pair.lost) / pair.pairs:+.1f}",
            p_text(pair.p),
        )
        for row in rows
        if row.against
        for pair in row.against.seeds
    ]
    columns = ("table", "task", "row", "seed", "pairs", "gained", "lost", "difference", "p")
    note = "p: exact two-sided McNemar test of this seed's pair of runs, not corrected."
    return table_of("Seed by seed", columns, lines, set(range(3, 9)), note, "Nothing to compare.")


def _runs(results: Sequence[RunResult]) -> Table:
    columns = (
        "run",
        "iteration",
        "n",
        "first attempt",
        "final answer",
        "seen",
        "unseen",
        "updated",
        "repaired",
        "spoiled",
        "tokens",
        "time",
    )
    lines: list[tuple[str, ...]] = []
    for one in results:
        if not one.iterations:
            lines.append((one.name, one.stand.value, *["–"] * 10))
        lines += [_tested(one, it) for it in one.iterations]
    note = (
        "In brackets: Wilson's 95% interval. Time: the run's working time; what was copied from "
        "another run took none."
    )
    return table_of("Runs", columns, lines, set(range(2, 12)), note, "No runs.")


def _tested(one: RunResult, it: IterationResult) -> tuple[str, ...]:
    return (
        one.name if it is one.iterations[0] else "",
        "start" if it.iteration == 0 else str(it.iteration),
        str(it.final.of),
        *(_interval(each) for each in (it.first, it.final, it.final_seen, it.final_unseen)),
        _percent(it.updated),
        str(it.wrong_to_right),
        str(it.right_to_wrong),
        f"{it.tokens:,}",
        duration_text(one.seconds) if it is one.last else "",
    )


def _title(name: str) -> str:
    if name.endswith(" sweep"):
        return f"Sweep of {name.removesuffix(' sweep')}"
    return _TITLES.get(name, f"{name[:1].upper()}{name[1:]}")


def _task(row: Row) -> str:
    return label(row.task) + ("" if row.student == "embedded" else f" ({label(row.student)})")


def _points(value: Spread | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value.mean:.1f}" + ("" if value.sd is None else f" ± {100 * value.sd:.1f}")


def _interval(share: Share) -> str:
    if not share.of:
        return "–"
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{_percent(share)} ({low:.1f}–{high:.1f})"


def _percent(share: Share) -> str:
    return "–" if share.value is None else f"{100 * share.value:.1f}"
