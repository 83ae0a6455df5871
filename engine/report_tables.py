"""A report as tables of plain text: what every rendering shows, in the app or anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from db.records import ExampleKind, Origin, StageName
from engine.config import ChangedSetting
from engine.methods import METHODS, Attempts, is_by_expert
from engine.report import Collection, IterationEvaluation, Report, Training, share_text
from engine.report_expert_tables import expert_tables
from engine.report_layout import Table, duration_text, table_of
from engine.report_reviews import (
    AGREEMENT_NOTE,
    REVIEW_COLUMNS,
    REVIEW_NOTE,
    Reviews,
    review_rows,
)
from engine.report_stage_two import changed_note
from engine.statistics import Share


def report_tables(report: Report) -> tuple[Table, ...]:
    """The report's tables, in the order in which to show them."""
    return (
        _about(report),
        _accuracy(report.evaluations),
        _improvement(report.evaluations),
        _against_start(report.evaluations),
        _collected(report),
        _dropped(report.collections),
        *expert_tables(report.experts),
        *(_reviews(report.reviews) if report.reviews else ()),
        _examples(report),
        _training(report.trainings, _none(report, "No training yet.")),
        _speed(report.trainings, _none(report, "No training yet.")),
        _time(report),
        _settings(report.changed, changed_note(report.changed_values)),
        table_of("Versions", ("package", "version"), sorted(_texts(report.run.versions))),
    )


def _about(report: Report) -> Table:
    run = report.run
    rows = [
        ("Task", report.task),
        ("Method", _method(report)),
        ("Student", run.student),
        ("Seed", str(run.seed)),
        ("Iterations", str(run.iterations)),
        ("Status", f"{run.status}: {why}" if (why := run.why_ended) else run.status.value),
        ("Created", _moment(run.created_at)),
        ("Working time", duration_text(report.seconds)),
        ("Settings", run.config_hash[:12]),
        *(
            ("Experts changed", f"{_moment(one.at)}: {one.message}")
            for one in report.experts_changed
        ),
    ]
    return table_of("Run", ("what", "value"), rows)


def _accuracy(evaluations: Sequence[IterationEvaluation]) -> Table:
    rows = []
    for one in evaluations:
        for group, accuracy in one.accuracy.items():
            rows.append(
                (
                    _iteration(one),
                    group,
                    str(accuracy.final.of),
                    _with_interval(accuracy.first),
                    _with_interval(accuracy.final),
                    share_text(accuracy.first_flexible.value),
                    share_text(accuracy.final_flexible.value),
                )
            )
    columns = (
        *("iteration", "items", "n", "first attempt", "final answer"),
        *("first, flexible", "final, flexible"),
    )
    note = "In brackets: Wilson's 95% interval. Iteration 0 is the starting student."
    partial = [one for one in evaluations if not one.complete]
    for one in partial:
        note += f" Iteration {one.iteration} is under way: {one.n} of {one.wanted} items."
    return table_of("Accuracy", columns, rows, {2, 3, 4, 5, 6}, note, "No evaluation yet.")


def _improvement(evaluations: Sequence[IterationEvaluation]) -> Table:
    columns = (
        *("iteration", "updated", "wrong → right", "right → wrong"),
        *("same answer", "same text", "cut off"),
    )
    rows = [
        (
            _iteration(one),
            _of(one.updated),
            str(one.wrong_to_right.count),
            str(one.right_to_wrong.count),
            _of(one.unchanged),
            _of(one.collapsed) if one.collapsed else "–",
            _of(one.cut_off),
        )
        for one in evaluations
    ]
    note = (
        "Updated: items with at least one update. Of these, same answer: the final answer is the "
        "first; same text: the second attempt repeats the first. Cut off: the text reached its "
        "length limit."
    )
    return table_of("Updates", columns, rows, set(range(1, 7)), note, "No evaluation yet.")


def _against_start(evaluations: Sequence[IterationEvaluation]) -> Table:
    columns = ("iteration", "pairs", "fixed", "broken", "difference", "outcome")
    rows = []
    for one in evaluations:
        if one.against_start is not None:
            c = one.against_start
            points = f"{100 * c.difference:+.1f}"
            between = f"{100 * c.interval.low:+.1f} to {100 * c.interval.high:+.1f}"
            rows.append(
                (
                    str(one.iteration),
                    str(c.pairs),
                    str(c.fixed),
                    str(c.broken),
                    f"{points} ({between})",
                    c.sentence,
                )
            )
    note = (
        "Final answers on the same items, in points, with a 95% bootstrap interval. p: exact "
        "two-sided McNemar test, each iteration on its own."
    )
    nothing = "No iteration has been evaluated beside the start yet."
    return table_of("Against the start", columns, rows, {1, 2, 3, 4}, note, nothing)


def _method(report: Report) -> str:
    title = report.facts.title
    if is_by_expert(report.run.config) and report.facts.attempts is Attempts.STUDENT:
        title += ", an expert's attempts instead of the student's"
    return f"{report.method}: {title}" if report.method in METHODS else report.method


def _collected(report: Report) -> Table:
    columns = ("iteration", "attempts", "trajectories", *(o.value for o in Origin), "dropped")
    rows = [
        (
            str(one.iteration),
            str(one.attempts),
            str(one.trajectories),
            *(str(one.kept.get(origin, 0)) for origin in Origin),
            str(sum(one.dropped.values())),
        )
        for one in report.collections
        if one.attempts
    ]
    note = (
        "Correct: kept as sampled; edited: corrected by the experts; truncated: cut after a right "
        "attempt that the student then spoiled."
    )
    if not report.facts.corrects:
        note = "Correct: the answer is right. What is not is dropped; nobody corrects it."
    elif is_by_expert(report.run.config):
        note = (
            "The attempts are an expert's. Correct: kept as written; edited: corrected by the "
            "experts; truncated: cut after a right attempt."
        )
    nothing = "Nothing collected yet."
    if report.facts.attempts is Attempts.NOBODY:
        nothing = "This method samples nothing."
    return table_of("Collected", columns, rows, set(range(1, 7)), note, nothing)


def _dropped(collections: Sequence[Collection]) -> Table:
    rows = [
        (str(one.iteration), what, reason, str(count))
        for one in collections
        for what, reasons in (
            ("attempt", one.dropped),
            ("example", one.left_out),
        )
        for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    columns = ("iteration", "what", "reason", "count")
    return table_of("Dropped and left out", columns, rows, {3}, "", "Nothing was dropped.")


def _reviews(reviews: Reviews) -> tuple[Table, ...]:
    return (
        table_of("Reviewed", REVIEW_COLUMNS, review_rows(reviews), set(range(8)), REVIEW_NOTE),
        table_of(
            "Agreement",
            ("decisions that agree", "share"),
            [
                ("with the same person's second look", _told(reviews.with_oneself)),
                ("with the task's checker", _told(reviews.with_checker)),
            ],
            {1},
            AGREEMENT_NOTE,
        ),
    )


def _examples(report: Report) -> Table:
    columns = ("iteration", *(kind.replace("_", " ") for kind in ExampleKind), "p")
    rows = [
        (
            str(one.iteration),
            *(str(one.examples.get(kind, 0)) for kind in ExampleKind),
            share_text(one.improving.value if report.facts.balances else None),
        )
        for one in report.collections
        if one.examples
    ]
    note = "p: the share of improving examples."
    if not report.facts.balances:
        note = "This method has no improving examples, and no p."
    if report.wanted_p is not None:
        note += f" Wanted: {share_text(report.wanted_p)}."
    return table_of(
        "Trained on", columns, rows, {1, 2, 3, 4}, note, _none(report, "No examples yet.")
    )


def _none(report: Report, text: str) -> str:
    return text if report.facts.trains else "This method trains nothing."


def _training(trainings: Sequence[Training], nothing: str) -> Table:
    columns = ("iteration", "steps", "tokens", "with weight", "first loss", "last loss", "time")
    rows = [
        (
            str(one.iteration),
            str(one.steps),
            f"{one.tokens:,}",
            f"{one.weighted_tokens:,}",
            _loss(one.first_loss),
            _loss(one.last_loss),
            duration_text(one.seconds),
        )
        for one in trainings
    ]
    return table_of("Training", columns, rows, set(range(1, 7)), "", nothing)


def _speed(trainings: Sequence[Training], nothing: str) -> Table:
    columns = ("iteration", "tokens/s", "share of peak", "tokens at once", "memory")
    rows = [
        (
            str(one.iteration),
            f"{one.tokens_per_s:,.0f}",
            "–" if one.share_of_peak is None else f"{one.share_of_peak:.1%}",
            "–" if one.micro_tokens is None else f"{one.micro_tokens:,}",
            "–" if one.memory_bytes is None else f"{one.memory_bytes / 1e9:.2f} GB",
        )
        for one in trainings
        if one.tokens_per_s is not None
    ]
    note = "Tokens without padding. Memory: of the GPU, on a CPU of the whole process."
    return table_of("Speed of training", columns, rows, {1, 2, 3, 4}, note, nothing)


def _time(report: Report) -> Table:
    columns = ("iteration", *(name.value for name in StageName))
    seconds = {(stage.iteration, stage.name): stage.seconds for stage in report.stages}
    iterations = sorted({iteration for iteration, _ in seconds})
    rows = [
        (
            str(iteration),
            *(
                duration_text(seconds[iteration, name]) if (iteration, name) in seconds else "–"
                for name in StageName
            ),
        )
        for iteration in iterations
    ]
    note = f"Working time in all: {duration_text(report.seconds)}."
    return table_of("Time", columns, rows, set(range(1, 6)), note, "No stage has started yet.")


def _settings(changed: Sequence[ChangedSetting], note: str) -> Table:
    columns = ("setting", "value", "default")
    rows = [(one.key, _value(one.value), _value(one.default)) for one in changed]
    return table_of(
        "Settings changed", columns, rows, set(), note, "All settings at their defaults."
    )


def _iteration(one: IterationEvaluation) -> str:
    return "0 (start)" if one.iteration == 0 else str(one.iteration)


def _with_interval(share: Share) -> str:
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{share_text(share.value)} ({low:.1f}–{high:.1f})"


def _told(share: Share) -> str:
    return f"{share.count} of {share.of}, {_with_interval(share)}" if share.of else "–"


def _of(share: Share) -> str:
    return f"{share.count} ({share_text(share.value)})" if share.of else "–"


def _loss(loss: float | None) -> str:
    return "NaN" if loss is None else f"{loss:.4f}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _value(value: object) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)


def _texts(mapping: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [(key, str(value)) for key, value in mapping.items()]
