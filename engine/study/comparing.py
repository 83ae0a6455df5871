"""Runs of a study compared: the rows of its tables, and each against the reference.

Only what is comparable is put together: runs that have finished, with the same test items where
they are paired, and of one version of the app. What is not is told, never averaged over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.comparing import SIGNIFICANT_BELOW
from engine.postprocess import share_of_improving
from engine.statistics import Interval, mcnemar
from engine.study.plan import MAIN
from engine.study.results import APP, LIBRARIES, IterationResult, RunResult
from engine.study.significance import Paired, Spread, bootstrap_over_seeds, holm, pooled_p, spread
from engine.study.standing import Stand

NOT_DISTINGUISHABLE = "not distinguishable"


@dataclass(frozen=True, slots=True)
class SeedPair:
    """One seed's run against the reference's: ``gained`` items are right with it alone."""

    seed: int
    pairs: int
    gained: int
    lost: int

    @property
    def p(self) -> float:
        """McNemar's, exact and two-sided."""
        return mcnemar(self.gained, self.lost)


@dataclass(frozen=True, slots=True)
class Against:
    """A row against the reference: final answers after the last iteration, paired by item.

    ``difference`` is the mean over seeds of (this row - reference), a share. ``interval`` is the
    bootstrap's over items and seeds, ``p`` the exact one over all seeds' pairs, ``p_holm``
    corrected for all comparisons of the table.
    """

    reference: str
    seeds: tuple[SeedPair, ...]
    difference: float
    interval: Interval
    p: float
    p_holm: float

    @property
    def outcome(self) -> str:
        """The outcome in a few words."""
        if self.p_holm >= SIGNIFICANT_BELOW:
            return NOT_DISTINGUISHABLE
        word = "higher" if self.difference > 0 else "lower"
        if len(self.seeds) == 1:
            return f"{word} with this seed"
        if self.interval.low <= 0 <= self.interval.high:
            return f"{word} in these runs; other seeds may differ"
        return word


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the runs of all seeds of one method or variant on one task.

    The spreads are None, and ``problem`` says why, where a run is missing or runs do not go
    together. ``against`` is None for the reference itself and where nothing can be compared.
    """

    table: str
    student: str
    task: str
    label: str
    at: float | None
    runs: tuple[RunResult, ...]
    start: Spread | None
    first: Spread | None
    final: Spread | None
    seen: Spread | None
    unseen: Spread | None
    updated: Spread | None
    repaired: Spread | None
    spoiled: Spread | None
    tokens: Spread | None
    problem: str = ""
    is_reference: bool = False
    against: Against | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A study's results. ``problems`` are what a reader must know before believing the tables."""

    name: str
    reference: str
    results: tuple[RunResult, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables, in order."""
        return tuple(dict.fromkeys(row.table for row in self.rows))


def compare_runs(name: str, reference: str, results: Sequence[RunResult]) -> Comparison:
    """Compare what the runs of a study have reached. ``reference`` is a row of the main table."""
    rows: list[Row] = []
    main = _rows_of(results, MAIN)
    references = {(row.student, row.task): row for row in main if row.label == reference}
    tables = dict.fromkeys([MAIN, *(arm.table for one in results for arm in one.arms)])
    for table in tables:
        found = main if table == MAIN else _rows_of(results, table)
        with_them: list[Row] = []
        for place in dict.fromkeys((row.student, row.task) for row in found):
            here = [row for row in found if (row.student, row.task) == place]
            known = references.get(place)
            if known is not None and table != MAIN:
                same = {one.name for one in known.runs}
                # The reference may be one of the rows, under another name.
                if all({one.name for one in row.runs} != same for row in here):
                    here.append(_among_swept(known, table))
            with_them += [_against(row, known) for row in _sorted(here)]
        rows += _corrected(with_them)
    return Comparison(name, reference, tuple(results), tuple(rows), _problems(results, rows))


def _rows_of(results: Sequence[RunResult], table: str) -> list[Row]:
    groups: dict[tuple[str, str, str, float | None], list[RunResult]] = {}
    for one in results:
        for arm in one.arms:
            if arm.table == table:
                key = (one.run.student, one.run.task, arm.label, arm.at)
                groups.setdefault(key, []).append(one)
    return [_row(table, *key, tuple(runs)) for key, runs in groups.items()]


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """A sweep by its values, anything else with the reference first and then as planned."""
    swept = all(row.at is not None for row in rows)
    return sorted(rows, key=lambda row: (row.at or 0.0) if swept else not row.is_reference)


def _among_swept(reference: Row, table: str) -> Row:
    """The reference as a row of another table; in a sweep with the value that it has itself."""
    settings = reference.runs[0].run.settings
    axis = table.removesuffix(" sweep") if table.endswith(" sweep") else ""
    r = settings.postprocess.ratio
    at = {
        "p": share_of_improving(r) if r > 0 else None,
        "w": settings.train.weight,
        "iterations": float(settings.run.iterations),
    }.get(axis)
    label = reference.label if at is None else f"{reference.label} ({axis} = {at:.2g})"
    return replace(reference, table=table, at=at, label=label, is_reference=True)


def _row(
    table: str, student: str, task: str, label: str, at: float | None, runs: tuple[RunResult, ...]
) -> Row:
    problem = _why_not(runs)

    def over(value: Callable[[RunResult], float | None]) -> Spread | None:
        values = [] if problem else [value(one) for one in runs]
        told = [each for each in values if each is not None]
        return spread(told) if len(told) == len(values) else None

    def last(name: str) -> Spread | None:
        return over(lambda one: getattr(one.last, name).value)

    return Row(
        table=table,
        student=student,
        task=task,
        label=label,
        at=at,
        runs=runs,
        start=over(lambda one: one.start.final.value if one.start else None),
        first=last("first"),
        final=last("final"),
        seen=last("final_seen"),
        unseen=last("final_unseen"),
        updated=last("updated"),
        repaired=over(lambda one: one.last.wrong_to_right),
        spoiled=over(lambda one: one.last.right_to_wrong),
        tokens=over(lambda one: one.tokens),
        problem=problem,
    )


def _why_not(runs: Sequence[RunResult]) -> str:
    """Why runs of a row have no mean; empty where they have."""
    there = [one for one in runs if one.finished]
    if len(there) < len(runs):
        return f"{len(there)} of {len(runs)} runs"
    if len({one.app_version for one in runs}) > 1:
        return "several versions of TriPosT"
    return ""


def _against(row: Row, reference: Row | None) -> Row:
    if reference is None:
        return row
    if {one.name for one in row.runs} == {one.name for one in reference.runs}:
        return replace(row, is_reference=True)
    if row.problem or reference.problem:
        return row
    others = {one.run.seed: one for one in reference.runs}
    if others.keys() != {one.run.seed for one in row.runs}:
        return replace(row, problem="other seeds than the reference")
    pairs: list[tuple[int, Paired]] = []
    for one in row.runs:
        other = others[one.run.seed]
        if one.test != other.test:
            return replace(row, problem="other test items than the reference")
        if one.app_version != other.app_version:
            return replace(row, problem="another version of TriPosT than the reference")
        pairs.append((one.run.seed, paired(one.last, other.last)))
    differences = [pair for _, pair in pairs]
    p = pooled_p(differences)
    means = [sum(pair.values()) / len(pair) for pair in differences]
    return replace(
        row,
        against=Against(
            reference.label,
            tuple(
                SeedPair(
                    seed, len(d), sum(v > 0 for v in d.values()), sum(v < 0 for v in d.values())
                )
                for seed, d in pairs
            ),
            sum(means) / len(means),
            bootstrap_over_seeds(differences),
            p,
            p,
        ),
    )


def paired(one: IterationResult, other: IterationResult) -> Paired:
    """Return the differences of final answers by item: 1 where only the first is right."""
    return {
        item: int(final) - int(other.marks[item][1])
        for item, (_, final) in one.marks.items()
        if item in other.marks
    }


def _corrected(rows: Sequence[Row]) -> list[Row]:
    ps = holm([row.against.p for row in rows if row.against])
    corrected = iter(ps)
    return [
        replace(row, against=replace(row.against, p_holm=next(corrected))) if row.against else row
        for row in rows
    ]


def _problems(results: Sequence[RunResult], rows: Sequence[Row]) -> tuple[str, ...]:
    found = [f"{one.name}: {_stand(one)}" for one in results if not one.finished]
    for what, name in (("versions of TriPosT", APP), *((f"versions of {n}", n) for n in LIBRARIES)):
        versions: dict[str, list[str]] = {}
        for one in results:
            if one.finished:
                versions.setdefault(one.versions.get(name, "unknown"), []).append(one.name)
        if len(versions) > 1:
            told = "; ".join(f"{v}: {_few(names)}" for v, names in versions.items())
            found.append(f"The runs were made with several {what} ({told}).")
    found += [
        f"{row.task}, {row.label} (table {row.table}): {row.problem}."
        for row in rows
        if row.problem and all(one.finished for one in row.runs)
    ]
    return tuple(dict.fromkeys(found))


def _stand(one: RunResult) -> str:
    word = "finished, but without a test" if one.stand is Stand.FINISHED else one.stand.value
    return f"{word}{f' ({one.why})' if one.why else ''}. It is in no mean and no comparison."


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
