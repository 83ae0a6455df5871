"""The checkpoints of a run as its stages see them: recorded, taken up, replaced, removed."""

from __future__ import annotations

from pathlib import Path

from db.records import (
    Checkpoint,
    CheckpointKind,
    Level,
    StageName,
)
from engine.errors import StudentError
from engine.stage import RunContext, is_done
from engine.training.checkpoints import (
    TrainingState,
    folder_hash,
    load_state,
    load_weights,
    remove_folder,
    save_state,
    save_weights,
)


def save_step(context: RunContext, iteration: int, state: TrainingState) -> None:
    """Save what training goes on from, and forget what it replaces; a step has one at most."""
    path = f"{_iteration_path(context, iteration)}-step{state.step}"
    if any(c.path == path for c in context.store.checkpoints(context.run_id)):
        return
    digest = save_state(state, context.project.path / path)
    with context.store.transaction():
        _record(context, iteration, state.step, CheckpointKind.STEP, path, digest)
        context.store.add_event(
            context.run_id,
            "checkpoint.saved",
            f"iteration {iteration}: checkpoint at step {state.step}",
            data={"iteration": iteration, "step": state.step, "path": path},
        )
    # The best weights that this state knows stay; they may be older or newer than others'.
    forget_steps(context, keep=(path, best_path(context, iteration, state.more.get("step"))))


def save_best(context: RunContext, iteration: int, step: int) -> None:
    """Save the student's weights as the best so far."""
    path = best_path(context, iteration, step)
    if any(c.path == path for c in context.store.checkpoints(context.run_id)):
        return
    digest = save_weights(context.student, context.project.path / path)
    _record(context, iteration, step, CheckpointKind.BEST, path, digest)


def load_best(context: RunContext, iteration: int, step: int) -> None:
    """Give the student the weights that were the best. Raises StudentError."""
    load_weights(context.student, context.project.path / best_path(context, iteration, step))


def save_iteration(context: RunContext, iteration: int) -> tuple[str, str]:
    """Save the weights that an iteration ends with; return path and hash, yet to be recorded."""
    path = _iteration_path(context, iteration)
    return path, save_weights(context.student, context.project.path / path)


def record_iteration(
    context: RunContext, iteration: int, step: int, path: str, digest: str
) -> None:
    """Record the weights that `save_iteration` saved."""
    _record(context, iteration, step, CheckpointKind.ITERATION, path, digest)


def newest_state(context: RunContext, iteration: int) -> TrainingState | None:
    """Return the newest whole state of an iteration's training; one that is damaged is told."""
    newest_first = sorted(
        context.store.checkpoints(context.run_id), key=lambda c: c.step, reverse=True
    )
    for checkpoint in newest_first:
        if checkpoint.iteration != iteration or checkpoint.kind is not CheckpointKind.STEP:
            continue
        folder = context.project.path / checkpoint.path
        if _is_whole(folder, checkpoint):
            return load_state(folder)
        context.store.add_event(
            context.run_id,
            "alert",
            f"checkpoint {checkpoint.path} is missing or damaged; an older state is used",
            level=Level.WARNING,
        )
    return None


def restore_iteration(context: RunContext, iteration: int) -> None:
    """Give the student the weights that an iteration ended with; iteration 0 is the start.

    Raises:
        StudentError: the checkpoint is missing or damaged.
    """
    if iteration == 0:
        context.seat.restore(None)
        return
    checkpoint = context.store.latest_checkpoint(
        context.run_id, iteration, CheckpointKind.ITERATION
    )
    folder = context.project.path / (checkpoint.path if checkpoint else "")
    if checkpoint is None or not _is_whole(folder, checkpoint):
        raise StudentError(
            f"The weights of iteration {iteration} are missing or damaged: {folder}. Restore the "
            "folder, or start a new run: tripost run --new.",
            "A checkpoint is damaged",
        )
    context.seat.restore(folder)


def remove_leftovers(context: RunContext) -> None:
    """Remove checkpoints, whole or partial, that an engine was killed over."""
    known = set()
    for checkpoint in context.store.checkpoints(context.run_id):
        over = is_done(context, checkpoint.iteration, StageName.TRAIN)
        if over and checkpoint.kind is not CheckpointKind.ITERATION:
            context.store.forget_checkpoint(checkpoint.id)
        else:
            known.add(checkpoint.path)
    for folder in context.project.checkpoints.iterdir():
        ours = folder.name.removeprefix(".").startswith(f"run{context.run_id}-")
        if ours and folder.relative_to(context.project.path).as_posix() not in known:
            remove_folder(folder)


def forget_steps(context: RunContext, keep: tuple[str, ...] = ()) -> None:
    """Remove what a newer state, or the end of the iteration, has replaced."""
    for checkpoint in context.store.checkpoints(context.run_id):
        if checkpoint.kind is not CheckpointKind.ITERATION and checkpoint.path not in keep:
            context.store.forget_checkpoint(checkpoint.id)
            remove_folder(context.project.path / checkpoint.path)


def best_path(context: RunContext, iteration: int, step: int | None) -> str:
    """Return where the weights of a step are that did best, from the project's folder on."""
    return f"{_iteration_path(context, iteration)}-best{step}"


def _iteration_path(context: RunContext, iteration: int) -> str:
    return f"checkpoints/run{context.run_id}-iteration{iteration}"


def _is_whole(folder: Path, checkpoint: Checkpoint) -> bool:
    return folder.is_dir() and folder_hash(folder) == checkpoint.sha256


def _record(
    context: RunContext, iteration: int, step: int, kind: CheckpointKind, path: str, digest: str
) -> None:
    context.store.add_checkpoint(
        Checkpoint(
            run_id=context.run_id,
            iteration=iteration,
            step=step,
            kind=kind,
            path=path,
            sha256=digest,
        )
    )
