"""A process that acts as an engine towards the lock and the database, and does no work.

Usage: stand_in_engine.py DIR PLOT, where PLOT is finish, fail, expert (an expert is gone), budget
(it is used up), die, wait (for a stop) or review (say that it waits for one, then wait for a stop).
"""

import os
import sys
import time

from db.records import (
    CommandKind,
    Heartbeat,
    Level,
    Run,
    RunStatus,
    StageName,
    TrainStep,
)
from db.store import Store
from engine.config import settings_hash
from engine.control import REVIEW_WAIT
from engine.lock import EngineLock, EngineProcess
from engine.project import Project

HOSTILE = "\x1b]0;owned\x07 \u202e"


def main(folder: str, plot: str) -> None:
    project = Project.open(folder)
    with EngineLock(project), Store.open(project.db_path) as store:
        run = store.latest_run() or _new_run(store, project)
        resumed = run.status is not RunStatus.PENDING
        store.set_run_status(run.id, RunStatus.RUNNING)
        kind = "run.resumed" if resumed else "run.started"
        store.add_event(run.id, kind, f"begins {HOSTILE}")
        stage = store.start_stage(run.id, 1, StageName.TRAIN, 4)
        store.advance_stage(stage.id, 1, 0.5)
        _step(store, run)
        _beat(store, run)
        if plot == "die":
            sys.stdout.flush()
            os._exit(9)
        if plot == "fail":
            store.set_run_status(run.id, RunStatus.FAILED, f"the loss is not a number {HOSTILE}")
            store.add_event(run.id, "run.failed", "the loss is not a number", Level.ERROR)
        elif plot == "expert":
            reason = "The expert cannot be used: http://h/v1: it answered 502. What is kept stays."
            store.set_run_status(run.id, RunStatus.FAILED, reason)
            title, _, message = reason.partition(": ")
            facts = {"title": title, "message": message + HOSTILE, "exit_code": 8}
            store.add_event(run.id, "run.failed", reason, Level.ERROR, facts)
        elif plot == "budget":
            reason = f"the budget for experts is used up: 9 tokens of 8 {HOSTILE}"
            store.set_run_status(run.id, RunStatus.STOPPED, reason)
            store.add_event(run.id, "run.stopped", reason)
        elif plot == "finish":
            store.finish_stage(stage.id)
            with store.transaction():
                store.add_event(run.id, "run.finished", "all done")
                store.set_run_status(run.id, RunStatus.FINISHED)
        else:
            if plot == "review":
                _beat(store, run, REVIEW_WAIT)
            _wait(store, run)


def _new_run(store: Store, project: Project) -> Run:
    return store.create_run(
        seed=1,
        iterations=3,
        config=project.settings.model_dump(mode="json"),
        config_hash=settings_hash(project.settings),
        versions={},
        student="embedded",
    )


def _step(store: Store, run: Run) -> None:
    step = TrainStep(
        run_id=run.id,
        iteration=1,
        step=1 + len(store.train_steps(run.id)),
        epoch=0.5,
        loss=0.25,
        learning_rate=1e-3,
        grad_norm=1.0,
        tokens=10,
        weighted_tokens=5,
        seconds=0.1,
    )
    store.add_train_steps([step])


def _beat(store: Store, run: Run, state: str = "running") -> None:
    me = EngineProcess.current()
    store.beat(
        Heartbeat(
            run_id=run.id,
            pid=me.pid,
            process_started=me.started,
            host=me.host,
            state=state,
            iteration=1,
            stage=StageName.TRAIN,
            done=1,
            total=4,
            rate=2.0,
            eta_s=90.0,
        )
    )


def _wait(store: Store, run: Run) -> None:
    """Until told to stop, or for so long that no test is waiting any more."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for command in store.pending_commands(run.id):
            store.take_command(command.id)
            if command.kind is CommandKind.PAUSE:
                _beat(store, run, "paused")
            elif command.kind in (CommandKind.RESUME, CommandKind.CONTINUE):
                _beat(store, run)
            elif command.kind is CommandKind.STOP:
                store.set_run_status(run.id, RunStatus.STOPPED, "by a person's wish")
                return
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
