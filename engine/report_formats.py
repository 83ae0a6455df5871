"""A report as Markdown and as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine.report import Accuracy, Comparison, IterationEvaluation, Report
from engine.report_experts import experts_json
from engine.report_layout import Table
from engine.report_reviews import Reviews
from engine.report_stage_two import changed_json
from engine.report_tables import report_tables
from engine.statistics import Interval, Share

JSON_VERSION = 1


def to_markdown(report: Report) -> str:
    """The whole report as GitHub-flavoured Markdown."""
    status, headline = markdown_text(report.run.status), markdown_text(report.headline)
    parts = [f"# Run {report.run.id}: {status}", "", headline]
    for table in report_tables(report):
        parts += table_markdown(table)
    return "\n".join(parts) + "\n"


def table_markdown(table: Table) -> list[str]:
    """A table under its title, in lines."""
    parts = ["", f"## {markdown_text(table.title)}"]
    if table.rows:
        ruler = ["---:" if i in table.numbers else "---" for i in range(len(table.columns))]
        columns, *rows = ([markdown_text(c) for c in row] for row in (table.columns, *table.rows))
        lines = [columns, ruler, *rows]
        parts += ["", *("| " + " | ".join(line) + " |" for line in lines)]
    if table.note:
        parts += ["", table.note]
    return parts


def to_json(report: Report) -> dict[str, Any]:
    """The whole report as JSON values; shares are fractions, times epoch seconds or seconds."""
    run = report.run
    return {
        "version": JSON_VERSION,
        "headline": report.headline,
        "run": {
            "id": run.id,
            "status": run.status.value,
            "reason": run.reason,
            "method": report.method,
            "task": report.task,
            "student": run.student,
            "seed": run.seed,
            "iterations": run.iterations,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "seconds": report.seconds,
            "config_hash": run.config_hash,
            "versions": dict(run.versions),
        },
        "evaluations": [_evaluation_json(one) for one in report.evaluations],
        "collections": [
            {
                "iteration": one.iteration,
                "attempts": one.attempts,
                "trajectories": one.trajectories,
                "kept": _counts(one.kept),
                "dropped": dict(one.dropped),
                "examples": _counts(one.examples),
                "left_out": dict(one.left_out),
                "p": one.improving.value,
                "wanted_p": report.wanted_p,
            }
            for one in report.collections
        ],
        "experts": None if report.experts is None else experts_json(report.experts),
        "experts_changed": [{"at": one.at, **one.data} for one in report.experts_changed],
        "trainings": [
            {
                "iteration": one.iteration,
                "steps": one.steps,
                "tokens": one.tokens,
                "weighted_tokens": one.weighted_tokens,
                "first_loss": one.first_loss,
                "last_loss": one.last_loss,
                "seconds": one.seconds,
                "tokens_per_s": one.tokens_per_s,
                "micro_tokens": one.micro_tokens,
                "memory_bytes": one.memory_bytes,
                "share_of_peak": one.share_of_peak,
            }
            for one in report.trainings
        ],
        "stages": [
            {
                "iteration": stage.iteration,
                "stage": stage.name.value,
                "status": stage.status.value,
                "seconds": stage.seconds,
                "done": stage.done,
                "total": stage.total,
            }
            for stage in report.stages
        ],
        **(_reviews_json(report.reviews) if report.reviews else {}),
        "settings_changed": [
            {"key": one.key, "value": one.value, "default": one.default} for one in report.changed
        ],
        **changed_json(report.changed_values),
    }


_MARKUP = re.compile(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)")


def markdown_text(text: str) -> str:
    """Text from a file or an error is data: it must not break out of its cell, or be markup."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return _MARKUP.sub(lambda mark: f"\\{mark[0]}", plain)


def _counts(counts: Mapping[Any, int]) -> dict[str, int]:
    return {key.value: count for key, count in counts.items()}


def _reviews_json(reviews: Reviews) -> dict[str, Any]:
    return {
        "reviews": {
            "iterations": [asdict(one) for one in reviews.iterations],
            "with_oneself": share_json(reviews.with_oneself),
            "with_checker": share_json(reviews.with_checker),
        }
    }


def share_json(share: Share) -> dict[str, Any]:
    """A share with its count and Wilson's interval, as JSON values."""
    return {
        "count": share.count,
        "of": share.of,
        "share": share.value,
        "interval": interval_json(share.interval),
    }


def interval_json(interval: Interval) -> list[float]:
    """An interval's ends."""
    return [interval.low, interval.high]


def _accuracy_json(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "first": share_json(accuracy.first),
        "final": share_json(accuracy.final),
        "first_flexible": share_json(accuracy.first_flexible),
        "final_flexible": share_json(accuracy.final_flexible),
    }


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "pairs": comparison.pairs,
        "fixed": comparison.fixed,
        "broken": comparison.broken,
        "difference": comparison.difference,
        "interval": interval_json(comparison.interval),
        "p": comparison.p,
        "outcome": comparison.sentence,
    }


def _evaluation_json(one: IterationEvaluation) -> dict[str, Any]:
    return {
        "iteration": one.iteration,
        "n": one.n,
        "complete": one.complete,
        "wanted": one.wanted,
        "accuracy": {group: _accuracy_json(each) for group, each in one.accuracy.items()},
        "updated": share_json(one.updated),
        "wrong_to_right": share_json(one.wrong_to_right),
        "right_to_wrong": share_json(one.right_to_wrong),
        "unchanged": share_json(one.unchanged),
        "collapsed": share_json(one.collapsed) if one.collapsed else None,
        "cut_off": share_json(one.cut_off),
        "against_start": _comparison_json(one.against_start) if one.against_start else None,
    }
