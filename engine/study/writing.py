"""A study's results as files: Markdown for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from engine.errors import project_error
from engine.files import write_atomically
from engine.report_formats import interval_json, markdown_text, share_json, table_markdown
from engine.statistics import Share
from engine.study.comparing import Against, Comparison, Row
from engine.study.results import IterationResult, RunResult
from engine.study.significance import Spread
from engine.study.tables import in_words, study_tables

FILES = ("results.md", "results.csv", "results.json")
JSON_VERSION = 1
_SHARES = ("first", "final", "final_seen", "final_unseen", "updated")
_SPREADS = (
    *("start", "first", "final", "seen", "unseen"),
    *("updated", "repaired", "spoiled", "tokens"),
)
_CSV_COLUMNS = (
    *("run", "student", "task", "method", "seed", "arms", "status", "iteration", "n"),
    *(f"{name}{end}" for name in _SHARES for end in ("", "_low", "_high")),
    *("wrong_to_right", "right_to_wrong", "tokens", "app_version", "test", "reason"),
)


def write_results(folder: Path, comparison: Comparison) -> list[Path]:
    """Write all files into the study's folder, each whole or not at all. Raises ProjectError."""
    made = (to_markdown(comparison), to_csv(comparison), json_text(comparison))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in zip(FILES, made, strict=True):
            write_atomically(folder / name, text)
    except OSError as error:
        raise project_error(folder, error) from error
    return [folder / name for name in FILES]


def to_markdown(comparison: Comparison) -> str:
    """The results as GitHub-flavoured Markdown."""
    parts = [f"# Study: {markdown_text(comparison.name)}", "", "## In words", ""]
    parts += [f"- {markdown_text(text)}" for text in in_words(comparison)]
    if comparison.problems:
        parts += ["", "## What is missing or does not go together", ""]
        parts += [f"- {markdown_text(text)}" for text in comparison.problems]
    for table in study_tables(comparison):
        parts += table_markdown(table)
    return "\n".join(parts) + "\n"


def to_csv(comparison: Comparison) -> str:
    """A line for each run and iteration; shares are fractions with Wilson's 95% interval."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for one in comparison.results:
        run = one.run
        head: list[object] = [one.name, run.student, run.task, run.method, run.seed]
        head += ["; ".join(f"{arm.table}: {arm.label}" for arm in one.arms), one.stand.value]
        tail = [one.versions.get("tripost-tui", ""), one.test, one.why]
        if not one.iterations:
            writer.writerow([*head, *[""] * (len(_CSV_COLUMNS) - len(head) - 3), *tail])
        for it in one.iterations:
            shares = [value for name in _SHARES for value in _bounds(getattr(it, name))]
            counts = [it.wrong_to_right, it.right_to_wrong, it.tokens]
            writer.writerow([*head, it.iteration, it.final.of, *shares, *counts, *tail])
    return out.getvalue()


def _bounds(share: Share) -> tuple[str, str, str]:
    if share.value is None:
        return "", "", ""
    return f"{share.value:.6g}", f"{share.interval.low:.6g}", f"{share.interval.high:.6g}"


def json_text(comparison: Comparison) -> str:
    """The results as JSON text, in ASCII."""
    return json.dumps(to_json(comparison), indent=1, allow_nan=False) + "\n"


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The results as JSON values; shares and differences are fractions."""
    return {
        "version": JSON_VERSION,
        "study": comparison.name,
        "reference": comparison.reference,
        "in_words": in_words(comparison),
        "problems": list(comparison.problems),
        "rows": [_row(row) for row in comparison.rows],
        "runs": [_run(one) for one in comparison.results],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "table": row.table,
        "student": row.student,
        "task": row.task,
        "label": row.label,
        "at": row.at,
        "runs": [one.name for one in row.runs],
        "problem": row.problem,
        "is_reference": row.is_reference,
        **{name: _spread(getattr(row, name)) for name in _SPREADS},
        "against": None if row.against is None else _against(row.against),
    }


def _spread(value: Spread | None) -> dict[str, Any] | None:
    return None if value is None else {"mean": value.mean, "sd": value.sd, "n": value.n}


def _against(one: Against) -> dict[str, Any]:
    return {
        "reference": one.reference,
        "difference": one.difference,
        "interval_over_items_and_seeds": interval_json(one.interval),
        "p": one.p,
        "p_holm": one.p_holm,
        "outcome": one.outcome,
        "seeds": [
            {"seed": s.seed, "pairs": s.pairs, "gained": s.gained, "lost": s.lost, "p": s.p}
            for s in one.seeds
        ],
    }


def _run(one: RunResult) -> dict[str, Any]:
    return {
        "run": one.name,
        "student": one.run.student,
        "task": one.run.task,
        "method": one.run.method,
        "seed": one.run.seed,
        "status": one.stand.value,
        "reason": one.why,
        "test": one.test,
        "versions": dict(one.versions),
        "seconds": one.seconds,
        "copied": list(one.copied),
        "iterations": [_iteration(it) for it in one.iterations],
    }


def _iteration(one: IterationResult) -> dict[str, Any]:
    return {
        "iteration": one.iteration,
        "n": one.final.of,
        **{name: share_json(getattr(one, name)) for name in _SHARES},
        "wrong_to_right": one.wrong_to_right,
        "right_to_wrong": one.right_to_wrong,
        "tokens": one.tokens,
    }
