"""What the collect and train screens show, for `tripost status`: as values and as lines."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from db.live import StepFacts
from db.records import Checkpoint, StageName
from db.store import Store
from engine.project import Project
from tripost_tui.state.collect_reading import CollectReader, CollectReading
from tripost_tui.state.expert_traffic import ExpertRow
from tripost_tui.state.wording import age, counted
from tripost_tui.text import clean_text, one_line

_SPEED_OVER = 50
"""Steps over which speed is told."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """The newest iteration that collects, and the last step of the newest training."""

    collect: CollectReading
    steps: tuple[StepFacts, ...] = ()
    checkpoint: Checkpoint | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens a second, without padding, over the last steps."""
        seconds = sum(one.seconds for one in self.steps)
        return sum(one.tokens for one in self.steps) / seconds if seconds > 0 else None


def live_status(project: Project) -> LiveStatus:
    """Read it. Raises TripostError and StoreError."""
    with CollectReader(project.path) as reader:
        collect = reader.read()
    if collect.view.run is None:
        return LiveStatus(collect)
    run_id = collect.view.run.id
    with Store.read(project.db_path) as store:
        steps = tuple(store.last_step_facts(run_id, _SPEED_OVER))
        saved = store.latest_checkpoint(run_id)
    return LiveStatus(collect, steps, saved)


def live_json(status: LiveStatus) -> dict[str, Any]:
    """``collect`` and ``train``, each None before it has begun. Times are seconds."""
    reading, counters = status.collect, status.collect.counters
    last = status.steps[-1] if status.steps else None
    return {
        "collect": None
        if not reading.shown
        else {
            "iteration": reading.shown,
            "sampled": counters.sampled,
            "judged": counters.judged,
            "right_at_once": counters.right_at_once,
            "right_by_itself": counters.right_by_itself,
            "sent_to_improvement": counters.sent,
            "updates": counters.updates,
            "kept": {origin.value: n for origin, n in counters.kept.items()},
            "dropped": dict(counters.drops),
            "wanted": counters.wanted,
            "experts": [_expert_json(row) for row in reading.experts],
            "spending": asdict(reading.spending),
            "expert_offline": None if reading.offline is None else asdict(reading.offline),
        },
        "train": None
        if last is None
        else {
            **{name: value for name, value in last._asdict().items() if name != "id"},
            "tokens_per_s": status.tokens_per_s,
            "checkpoint": None
            if status.checkpoint is None
            else {
                "iteration": status.checkpoint.iteration,
                "step": status.checkpoint.step,
                "at": status.checkpoint.created_at,
            },
        },
    }


def _expert_json(row: ExpertRow) -> dict[str, Any]:
    return {**asdict(row), "calls": row.calls, "errors": dict(row.errors)}


def live_lines(status: LiveStatus) -> list[str]:
    """What belongs to the stage at hand, for a person; safe to print."""
    view = status.collect.view
    if view.run is None or (view.run.status.terminal and status.collect.offline is None):
        return []
    lines: list[str] = []
    if view.stage in (StageName.SAMPLE, StageName.EDIT):
        lines += _collect_lines(status.collect)
    elif view.stage is StageName.TRAIN and status.steps:
        lines.append(_train_line(status))
    return [clean_text(line) for line in lines]


def _collect_lines(reading: CollectReading) -> list[str]:
    one = reading.counters
    kept = ", ".join(f"{n:,} {origin.value}" for origin, n in one.kept.items())
    lines = [
        f"collected: {counted(one.sampled, 'attempt')}, {one.judged:,} judged, "
        f"{one.kept_in_all:,} kept{f' ({kept})' if kept else ''}, {one.dropped:,} dropped"
    ]
    for reason, n in sorted(one.drops.items(), key=lambda drop: -drop[1])[:3]:
        lines.append(f"  dropped {n:,}: {one_line(reason, 80)}")
    for row in reading.experts:
        line = f"{one_line(row.name, 100)}: {counted(row.calls, 'call')}, {row.failed:,} failed"
        if row.median_s is not None and row.p95_s is not None:
            line += f", median {row.median_s:.1f} s, p95 {row.p95_s:.1f} s"
        lines.append(line)
    return lines


def _train_line(status: LiveStatus) -> str:
    last = status.steps[-1]
    loss = "not a number" if last.loss is None else f"{last.loss:.4f}"
    line = f"training: step {last.step:,}, loss {loss}, learning rate {last.learning_rate:.3g}"
    if status.tokens_per_s:
        line += f", {status.tokens_per_s:,.0f} tokens/s"
    if status.checkpoint is not None:
        line += f", checkpoint {age(time.time() - status.checkpoint.created_at)}"
    return line
