"""A run and its engine as they look from outside: from rows, the heartbeat and the process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import (
    CommandKind,
    Heartbeat,
    Run,
    RunStatus,
    StageName,
)
from db.store import Store
from engine.lock import EngineProcess, lock_holder
from engine.project import Project

SILENT_AFTER_S = 10.0
"""An engine that has not given a sign of life for longer is shown as silent."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """What is known of a project's engine from outside.

    ``process`` is who wrote the lock's note or the heartbeat, None when none ever did.
    ``heartbeat_age_s`` is None without a heartbeat; one from before this process started counts
    from the start. An engine on another machine cannot be looked at: it counts as alive while
    its heart beats.
    """

    alive: bool
    process: EngineProcess | None
    heartbeat: Heartbeat | None
    heartbeat_age_s: float | None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def silent(self) -> bool:
        """True when an engine should be giving signs of life and does not."""
        return self.heartbeat_age_s is not None and self.heartbeat_age_s > SILENT_AFTER_S


def engine_state(
    project: Project, store: Store | None = None, now: float | None = None
) -> EngineState:
    """The engine of the project's latest run. Raises StoreError."""
    if store is None:
        with Store.read(project.db_path) as opened:
            return engine_state(project, opened, now)
    run = store.latest_run()
    return _state(project, store.heartbeat(run.id) if run else None, now)


def _state(project: Project, heartbeat: Heartbeat | None, now: float | None) -> EngineState:
    now = time.time() if now is None else now
    holder = lock_holder(project)
    age: float | None = None
    if heartbeat is not None:
        last = heartbeat.at
        if holder is not None and holder.pid != heartbeat.pid:
            last = max(last, holder.started)
        age = max(0.0, now - last)
        if holder is None:
            holder = EngineProcess(heartbeat.pid, heartbeat.process_started, heartbeat.host)
            # It let go of the lock: whatever the process does now, it is no engine any more.
            return EngineState(False, holder, heartbeat, age)
    if holder is None:
        return EngineState(False, None, heartbeat, age)
    alive = holder.alive if holder.here else age is not None and age <= SILENT_AFTER_S
    return EngineState(alive, holder, heartbeat, age)


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a person is shown it.

    ``state`` is one of running, waiting for review, pausing, paused, stopping, stopped, finished,
    failed, not started, or ``no heartbeat 34 s``; ``explanation`` says more where there is more to
    say, else it is empty. ``done`` of ``total`` items of ``stage`` are done; ``rate`` is in items
    per second. A run that waits for review counts what is decided.
    """

    run: Run | None
    engine: EngineState
    state: str
    explanation: str = ""
    iteration: int | None = None
    iterations: int | None = None
    stage: StageName | None = None
    done: int = 0
    total: int = 0
    rate: float | None = None
    eta_s: float | None = None
    note: str = ""


def run_view(
    project: Project, store: Store, run: Run | None = None, now: float | None = None
) -> RunView:
    """What to show of ``run``, or of the latest one. Raises StoreError.

    A run's end is what its row says; the rest is told from the heartbeat and the process.
    """
    now = time.time() if now is None else now
    with store.snapshot():
        run = run or store.latest_run()
        if run is None:
            return RunView(None, _state(project, None, now), "not started")
        heartbeat = store.heartbeat(run.id)
        commands = [command.kind for command in store.pending_commands(run.id)]
    engine = _state(project, heartbeat, now)
    state, explanation = _word(run, engine, commands, now)
    if heartbeat is None:
        return RunView(run, engine, state, explanation, iterations=run.iterations)
    moving = engine.alive and not engine.silent and not run.status.terminal
    return RunView(
        run,
        engine,
        state,
        explanation,
        heartbeat.iteration,
        run.iterations,
        heartbeat.stage,
        heartbeat.done,
        heartbeat.total,
        heartbeat.rate if moving else None,
        heartbeat.eta_s if moving else None,
        heartbeat.note,
    )


def _word(
    run: Run, engine: EngineState, commands: Sequence[CommandKind], now: float
) -> tuple[str, str]:
    """``commands`` are those that the engine has not taken up yet, in their order."""
    if run.status.terminal:
        return run.status.value, run.why_ended
    if run.status is RunStatus.PENDING and not engine.alive:
        return "not started", ""
    age = engine.heartbeat_age_s
    if age is None:
        age = max(0.0, now - (run.started_at or run.created_at))
        if engine.process is not None and engine.alive:
            age = min(age, max(0.0, now - engine.process.started))
    if not engine.alive:
        which = f"The engine ({engine.process})" if engine.process else "The engine"
        resume = "Nothing stored is lost; go on with: tripost run"
        if engine.process is not None and not engine.process.here:
            return f"no heartbeat {age_text(age)}", f"{which} cannot be seen from here."
        return f"no heartbeat {age_text(age)}", f"{which} ended unexpectedly. {resume}"
    if age > SILENT_AFTER_S:
        return (
            f"no heartbeat {age_text(age)}",
            f"The engine ({engine.process}) is there, but gives no sign of life.",
        )
    if CommandKind.STOP in commands:
        return "stopping", ""
    beat = engine.heartbeat
    fresh = beat is not None and engine.process is not None and beat.pid == engine.process.pid
    word = beat.state if beat is not None and fresh else "running"
    steering = [one for one in commands if one in (CommandKind.PAUSE, CommandKind.RESUME)]
    if word == "running" and steering[-1:] == [CommandKind.PAUSE]:
        word = "pausing"
    return word, ""


def age_text(seconds: float) -> str:
    """A span of time as short as it is useful: ``34 s``, ``12 min``, ``3 h``, ``2 d``."""
    for unit, length, limit in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < limit:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds // 86_400)} d"
