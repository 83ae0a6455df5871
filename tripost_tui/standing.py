"""How a run stands, in a few lines or as one JSON object."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.records import Event
from db.review_records import ReviewCounts
from db.store import Store
from engine.control import REVIEW_WAIT
from engine.project import Project
from engine.run_view import RunView
from tripost_tui.state.doing import doing, newest_alert
from tripost_tui.state.wording import age, percent, roughly
from tripost_tui.text import clean_text, one_line

_LOOKED_AT = 100
_ALERT_CHARS = 400


@dataclass(frozen=True, slots=True)
class IterationAccuracy:
    """Right answers (strict) among ``n`` test items so far; iteration 0 is the start."""

    iteration: int
    n: int
    first: int
    final: int


def accuracies(store: Store, run_id: int) -> list[IterationAccuracy]:
    """By iteration, over seen and unseen items. Raises StoreError."""
    totals: dict[int, IterationAccuracy] = {}
    for row in store.evaluation_counts(run_id):
        so_far = totals.get(row.iteration, IterationAccuracy(row.iteration, 0, 0, 0))
        totals[row.iteration] = IterationAccuracy(
            row.iteration,
            so_far.n + row.n,
            so_far.first + row.first_correct,
            so_far.final + row.final_correct,
        )
    return [totals[iteration] for iteration in sorted(totals)]


def alert_of(store: Store, view: RunView) -> Event | None:
    """The newest alert of the stage at hand, while an engine is at work. Raises StoreError."""
    if view.run is None or view.run.status.terminal:
        return None
    return newest_alert(store.last_events(view.run.id, _LOOKED_AT), store.stages(view.run.id))


def standing_text(
    project: Project,
    view: RunView,
    accuracy: list[IterationAccuracy],
    alert: Event | None = None,
    reviews: ReviewCounts | None = None,
    live: Sequence[str] = (),
) -> str:
    """For a person: state first, then what is known; ``live`` is what the stage at hand tells.

    Safe to print.
    """
    lines = [f"{project.name}: {view.state}"]
    if view.explanation:
        lines.append(view.explanation)
    if view.run is None:
        lines.append(f"Start it: tripost run {project.path}")
    elif view.stage is not None and not view.run.status.terminal:
        line = f"iteration {view.iteration}/{view.iterations} · {view.stage.value}"
        if view.total:
            line += f" · {view.done:,}/{view.total:,}"
        if view.eta_s is not None:
            line += f" · {roughly(view.eta_s)} left in this stage"
        lines.append(line)
        lines += doing(view)
    lines += live
    if alert is not None:
        text = one_line(alert.message, _ALERT_CHARS)
        lines.append(f"{alert.level.value}: {text}, {age(time.time() - alert.at)}")
    if view.engine.alive:
        beat = view.engine.heartbeat_age_s
        sign = f", last sign of life {age(beat)}" if beat is not None else ""
        lines.append(f"engine: {view.engine.process}{sign}")
    if view.run is not None and view.run.started_at is not None:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.run.started_at))
        lines.append(f"run {view.run.id}, seed {view.run.seed}, started {started}")
    if reviews is not None and reviews.total:
        lines.append(
            f"review: {reviews.pending:,} pending, {reviews.accepted:,} accepted, "
            f"{reviews.rejected:,} rejected"
        )
    if view.state == REVIEW_WAIT:
        lines.append(
            f"Decide: tripost review {project.path}, or go on without: tripost continue "
            f"{project.path}"
        )
    for one in accuracy:
        name = f"iteration {one.iteration}" if one.iteration else "start"
        lines.append(
            f"{name}: {percent(one.final, one.n)}% of {one.n:,} test items right"
            f" ({percent(one.first, one.n)}% at the first attempt)"
        )
    return clean_text("\n".join(lines))


def standing_json(
    project: Project,
    view: RunView,
    accuracy: list[IterationAccuracy],
    alert: Event | None = None,
    reviews: ReviewCounts | None = None,
) -> dict[str, Any]:
    """For a program; accuracies are shares, times epoch seconds."""
    run, engine = view.run, view.engine
    return {
        "project": str(project.path),
        "name": project.name,
        "state": view.state,
        "explanation": view.explanation,
        "run": None
        if run is None
        else {
            "id": run.id,
            "status": run.status.value,
            "reason": run.reason,
            "seed": run.seed,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
        },
        "engine": {
            "alive": engine.alive,
            "pid": engine.pid,
            "heartbeat_age_s": engine.heartbeat_age_s,
        },
        "iteration": view.iteration,
        "iterations": view.iterations,
        "stage": view.stage.value if view.stage else None,
        "done": view.done,
        "total": view.total,
        "rate": view.rate,
        "eta_s": view.eta_s,
        "note": view.note,
        "alert": None
        if alert is None
        else {"at": alert.at, "level": alert.level.value, "message": alert.message},
        "review": None
        if reviews is None
        else {
            "pending": reviews.pending,
            "accepted": reviews.accepted,
            "rejected": reviews.rejected,
            "flagged": reviews.flagged,
            "edited": reviews.edited,
        },
        "accuracy": [
            {
                "iteration": one.iteration,
                "n": one.n,
                "first": one.first / one.n,
                "final": one.final / one.n,
            }
            for one in accuracy
        ],
    }
