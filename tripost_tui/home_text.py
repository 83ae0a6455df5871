"""The projects of this machine and their runs, as lines and as JSON."""

from collections.abc import Sequence
from typing import Any

from tripost_tui.state.home import RunRow
from tripost_tui.state.wording import age, size
from tripost_tui.text import clean_text, one_line

NO_PROJECTS = "No projects yet. Make one: tripost new DIR; or see it work: tripost demo"


def home_text(rows: Sequence[RunRow], now: float) -> str:
    """For a person: two lines for each run. Safe to print."""
    if not rows:
        return NO_PROJECTS
    return clean_text("\n".join(line for row in rows for line in _lines(row, now)))


def _lines(row: RunRow, now: float) -> list[str]:
    name = one_line(row.name, 80) if row.latest else f"{one_line(row.name, 80)}, run {row.run_id}"
    parts = [f"{name}: {row.word}"]
    if row.run_id is not None:
        parts.append(f"iteration {row.iteration}/{row.iterations}")
    if row.final is not None:
        before = "" if row.start is None else f"{100 * row.start:.1f} → "
        parts.append(f"{before}{100 * row.final:.1f}% right")
    if row.pending_reviews:
        parts.append(f"{row.pending_reviews:,} to review")
    if row.disk_bytes is not None:
        parts.append(size(row.disk_bytes))
    if row.event_at is not None:
        parts.append(f"{one_line(row.event, 200)}, {age(now - row.event_at)}")
    lines = [" · ".join(parts)]
    if row.trouble:
        lines.append(f"  {one_line(row.trouble, 400)}")
    return [*lines, f"  {one_line(str(row.path), 1000)}"]


def home_facts(row: RunRow) -> dict[str, Any]:
    """For a program; accuracies are shares, times epoch seconds."""
    return {
        "project": str(row.path),
        "name": row.name,
        "run": row.run_id,
        "latest": row.latest,
        "state": row.word,
        "alive": row.alive,
        "iteration": row.iteration,
        "iterations": row.iterations,
        "start": row.start,
        "first": row.first,
        "final": row.final,
        "pending_reviews": row.pending_reviews,
        "disk_bytes": row.disk_bytes,
        "last_event": row.event or None,
        "last_event_at": row.event_at,
        "trouble": row.trouble or None,
    }
