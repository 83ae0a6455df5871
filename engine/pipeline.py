"""A run from its first question to its last evaluation, taken up wherever it was left."""

from __future__ import annotations

from contextlib import closing, suppress

from db.errors import StoreError
from db.records import (
    Json,
    Level,
    Run,
    RunStatus,
    StageName,
)
from db.store import Store
from engine.beginning import make_items, new_run
from engine.collection import collect
from engine.control import BUDGET_CAUSE, Control, StopRequested
from engine.eliciting import demonstrations
from engine.errors import BudgetUsedUp, ExpertUnavailable, TripostError
from engine.evaluation import evaluate
from engine.expert_session import tell_of_change
from engine.experts.preflight import check_experts
from engine.fitting import train
from engine.iteration_weights import remove_leftovers, restore_iteration
from engine.lock import EngineProcess
from engine.memory_check import check_memory
from engine.methods import Attempts, attempts_by, facts_of
from engine.project import Project
from engine.question_lengths import check_questions
from engine.readiness import check_settings_of_runs
from engine.review_wait import await_reviews
from engine.selection import select
from engine.stage import RunContext, is_done
from engine.student.loading import load_student
from engine.student_place import find_student
from engine.student_seat import StudentSeat
from engine.task_setup import project_task
from engine.tasks.base import Task

_STORE_TIMEOUT_S = 60.0
"""Whoever reads the store lets go in milliseconds; the engine would rather wait than fail."""


def run_project(project: Project, *, new: bool = False) -> RunStatus:
    """Start the project's run or take it up, to its end or until it is stopped.

    The caller holds the project's `engine.lock.EngineLock`.

    ``new`` starts another run, whatever became of the last one.

    Returns:
        FINISHED or STOPPED.

    Raises:
        TripostError, StoreError: it failed; the run says so, what it collected is kept.
    """
    project.prepare()
    check_memory(
        project.settings, find_student(project.settings.student, project.settings.task.name)
    )
    with (
        closing(project_task(project)) as task,
        Store.open(project.db_path, timeout_s=_STORE_TIMEOUT_S) as store,
    ):
        run = _run_of(project, store, task, new)
        if run.status is RunStatus.FINISHED:
            return run.status
        check_experts(project, task)
        return _work(project, store, run, task)


def _run_of(project: Project, store: Store, task: Task, new: bool) -> Run:
    """Return the run to work on: the unfinished one, or a new one. Raises ConfigError."""
    run = store.latest_run()
    if new and run is not None and not run.status.terminal:
        # The caller holds the lock, so that no engine is working on it.
        _end(store, run, RunStatus.STOPPED, "put aside for a new run")
    check_settings_of_runs(project, store, task.name, new=new)
    if run is not None and not new:
        return run
    return new_run(project.settings, store)


def _work(project: Project, store: Store, run: Run, task: Task) -> RunStatus:
    control = Control(store, run.id, EngineProcess.current())
    try:
        # From the first row on that says it is running, nothing but SIGKILL ends it without one.
        with control.signals():
            _begin(store, run)
            control.beat()
            make_items(project.settings, store, run, task)
            seat = StudentSeat(lambda: load_student(project.settings.student, task.name, run.seed))
            context = RunContext(project, project.settings, store, run.id, task, seat, control)
            check_questions(context)
            tell_of_change(context, run)
            _tell_of_template(context)
            _iterate(context)
    except StopRequested:
        return _end(store, run, RunStatus.STOPPED, "stopped; `tripost run` goes on from here")
    except BudgetUsedUp as error:
        return _end(store, run, RunStatus.STOPPED, str(error), {"cause": BUDGET_CAUSE})
    except BaseException as error:
        # A full or damaged database cannot take the news; the log has it.
        with suppress(StoreError):
            _end(store, run, RunStatus.FAILED, str(error) or type(error).__name__, _facts(error))
        raise
    return _end(store, run, RunStatus.FINISHED, "finished")


def _begin(store: Store, run: Run) -> None:
    first_time = run.started_at is None
    with store.transaction():
        store.set_run_status(run.id, RunStatus.RUNNING)
        store.add_event(
            run.id,
            "run.started" if first_time else "run.resumed",
            f"run {run.id} {'started' if first_time else 'goes on'}",
            data={"seed": run.seed, "iterations": run.iterations},
        )


def _tell_of_template(context: RunContext) -> None:
    """Say why a chat model is asked in plain text, once in a run."""
    if (complaint := context.student.form.complaint) and not context.store.stages(context.run_id):
        text = f"asked in plain text, not as a chat: {complaint}"
        context.store.add_event(context.run_id, "alert", text, level=Level.WARNING)


def _iterate(context: RunContext) -> None:
    """Go through the iterations; what is done already costs next to nothing."""
    remove_leftovers(context)
    evaluate(context, 0)
    settings = context.settings
    if not facts_of(settings).trains:
        if not is_done(context, 1, StageName.EVALUATE):
            restore_iteration(context, 0)
            evaluate(context, 1, demonstrations(context))
        return
    for iteration in range(1, settings.run.iterations + 1):
        trained = is_done(context, iteration, StageName.TRAIN)
        if not trained:
            restore_iteration(context, iteration - 1)
            if attempts_by(settings) is not Attempts.NOBODY:
                collect(context, iteration)
                if not is_done(context, iteration, StageName.POSTPROCESS):
                    await_reviews(context, iteration)
            select(context, iteration)
            train(context, iteration)
        if not is_done(context, iteration, StageName.EVALUATE):
            restore_iteration(context, iteration)
            evaluate(context, iteration)


def _end(
    store: Store, run: Run, status: RunStatus, reason: str, facts: Json | None = None
) -> RunStatus:
    level = Level.ERROR if status is RunStatus.FAILED else Level.INFO
    with store.transaction():
        store.set_run_status(run.id, status, reason)
        text = f"run {run.id}: {reason}"
        store.add_event(run.id, f"run.{status}", text, level=level, data=facts)
    return status


def _facts(error: BaseException) -> Json:
    """What whoever follows the run needs to tell an error as the engine does."""
    if not isinstance(error, TripostError):
        return {}
    facts = {"title": error.title, "message": error.message, "exit_code": error.exit_code}
    if isinstance(error, ExpertUnavailable):
        facts["expert"] = error.expert
    return facts
