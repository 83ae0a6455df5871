"""Stage 3 of a run: train on what was selected, with checkpoints that can be taken up exactly."""

from __future__ import annotations

import math
import time
from pathlib import Path

from db.records import (
    Checkpoint,
    CheckpointKind,
    Level,
    StageName,
    TrainStep,
)
from engine.control import StopRequested
from engine.errors import RunFailed, StudentError
from engine.rollout import item_seed
from engine.stage import RunContext, Work, finish, is_done, working
from engine.training.checkpoints import (
    folder_hash,
    load_state,
    load_weights,
    remove_folder,
    save_state,
    save_weights,
)
from engine.training.encoding import encode
from engine.training.trainer import StepResult, Trainer

_STORE_EVERY_S = 1.0


def train(context: RunContext, iteration: int) -> None:
    """Train on the iteration's examples from the weights that the student has now.

    Raises:
        RunFailed: the loss is not a number; a checkpoint of the state before it was saved.
        StopRequested: a person asked for it; a checkpoint was saved.
    """
    if is_done(context, iteration, StageName.TRAIN):
        return
    examples = context.store.examples(context.run_id, iteration, selected=True)
    rows = [encode(context.student.form, example.segments) for example in examples]
    seed = item_seed(context.seed, iteration, "train") % 2**32
    wanted = context.settings.train
    rate = wanted.learning_rate * wanted.iteration_factor ** (iteration - 1)
    settings = wanted.model_copy(update={"learning_rate": rate})
    trainer = Trainer(context.student, rows, settings, seed)
    total = len(trainer.plans)
    with working(context, iteration, StageName.TRAIN, total) as work:
        _take_up(context, iteration, trainer)
        work.advance(trainer.next_step, total)
        _Loop(context, iteration, trainer, work).run()
        digest_path = _iteration_folder(context, iteration)
        digest = save_weights(context.student, context.project.path / digest_path)
        tokens = sum(step.tokens for step in context.store.train_steps(context.run_id, iteration))
        with context.store.transaction():
            _record(context, iteration, total, CheckpointKind.ITERATION, digest_path, digest)
            finish(
                context,
                iteration,
                StageName.TRAIN,
                {"steps": total, "tokens": tokens, "examples": len(rows)},
                f"{total} steps, {tokens:,} tokens",
            )
    _forget_steps(context, keep=None)


class _Loop:
    """Runs the steps, stores them, saves checkpoints when it is time or somebody asks."""

    def __init__(self, context: RunContext, iteration: int, trainer: Trainer, work: Work) -> None:
        self._context = context
        self._iteration = iteration
        self._trainer = trainer
        self._work = work
        self._waiting: list[StepResult] = []
        self._stored_at = self._saved_at = time.monotonic()

    def run(self) -> None:
        every = self._context.settings.train.checkpoint_every_s
        try:
            for result in self._trainer.steps(self._context.control.pulse):
                self._waiting.append(result)
                if not result.is_finite:
                    self._stop_at_nan(result)
                now = time.monotonic()
                if now - self._stored_at >= _STORE_EVERY_S:
                    self._store()
                due = now - self._saved_at >= every
                wants_to_end = self._context.control.wants_to_end
                if due or wants_to_end:
                    self._save()
                if self._context.control.safe_point() and not due:
                    self._save()
        except StopRequested:
            self._save()
            raise
        self._store()

    def _store(self) -> None:
        """Write the finished steps and how far training is, in one transaction."""
        context, steps = self._context, self._waiting
        self._stored_at = time.monotonic()
        if not steps:
            return
        with context.store.transaction():
            context.store.add_train_steps([self._row(step) for step in steps])
            self._work.advance(self._trainer.next_step)
        last = steps[-1]
        context.control.progress(
            last.step, f"train {last.step}/{len(self._trainer.plans)}, loss {last.loss:.3f}"
        )
        self._waiting = []

    def _save(self) -> None:
        self._store()
        context, step = self._context, self._trainer.next_step
        path = f"checkpoints/run{context.run_id}-iteration{self._iteration}-step{step}"
        if any(c.path == path for c in context.store.checkpoints(context.run_id)):
            return
        digest = save_state(self._trainer.state(), context.project.path / path)
        with context.store.transaction():
            _record(context, self._iteration, step, CheckpointKind.STEP, path, digest)
            context.store.add_event(
                context.run_id,
                "checkpoint.saved",
                f"iteration {self._iteration}: checkpoint at step {step}",
                data={"iteration": self._iteration, "step": step, "path": path},
            )
        _forget_steps(context, keep=path)
        self._saved_at = time.monotonic()

    def _stop_at_nan(self, result: StepResult) -> None:
        # The step was not applied, so the weights are still good.
        self._save()
        self._context.store.add_event(
            self._context.run_id,
            "alert",
            f"iteration {self._iteration}, step {result.step}: the loss is not a number",
            level=Level.ERROR,
            data={"step": result.step},
        )
        raise RunFailed(
            f"Iteration {self._iteration}, step {result.step}: loss or gradient is not a number. "
            "Lower train.learning_rate, or set train.clip."
        )

    def _row(self, step: StepResult) -> TrainStep:
        return TrainStep(
            run_id=self._context.run_id,
            iteration=self._iteration,
            step=step.step,
            epoch=step.epoch,
            loss=step.loss if math.isfinite(step.loss) else None,
            learning_rate=step.learning_rate,
            grad_norm=step.grad_norm if math.isfinite(step.grad_norm) else None,
            tokens=step.tokens,
            weighted_tokens=step.weighted_tokens,
            seconds=step.seconds,
        )


def _take_up(context: RunContext, iteration: int, trainer: Trainer) -> None:
    """Restore the newest whole checkpoint of this iteration; forget the steps after it."""
    newest_first = sorted(
        context.store.checkpoints(context.run_id), key=lambda c: c.step, reverse=True
    )
    for checkpoint in newest_first:
        if checkpoint.iteration != iteration or checkpoint.kind is not CheckpointKind.STEP:
            continue
        folder = context.project.path / checkpoint.path
        if _is_whole(folder, checkpoint):
            trainer.restore(load_state(folder))
            break
        context.store.add_event(
            context.run_id,
            "alert",
            f"checkpoint {checkpoint.path} is missing or damaged; an older state is used",
            level=Level.WARNING,
        )
    context.store.delete_train_steps_after(context.run_id, iteration, trainer.next_step)


def restore_iteration(context: RunContext, iteration: int) -> None:
    """Give the student the weights that an iteration ended with; iteration 0 is the start.

    Raises:
        StudentError: the checkpoint is missing or damaged.
    """
    if iteration == 0:
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
    load_weights(context.student, folder)


def _is_whole(folder: Path, checkpoint: Checkpoint) -> bool:
    return folder.is_dir() and folder_hash(folder) == checkpoint.sha256


def _iteration_folder(context: RunContext, iteration: int) -> str:
    return f"checkpoints/run{context.run_id}-iteration{iteration}"


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


def remove_leftovers(context: RunContext) -> None:
    """Remove checkpoints, whole or partial, that an engine was killed over."""
    known = set()
    for checkpoint in context.store.checkpoints(context.run_id):
        over = is_done(context, checkpoint.iteration, StageName.TRAIN)
        if over and checkpoint.kind is CheckpointKind.STEP:
            context.store.forget_checkpoint(checkpoint.id)
        else:
            known.add(checkpoint.path)
    for folder in context.project.checkpoints.iterdir():
        ours = folder.name.removeprefix(".").startswith(f"run{context.run_id}-")
        if ours and folder.relative_to(context.project.path).as_posix() not in known:
            remove_folder(folder)


def _forget_steps(context: RunContext, keep: str | None) -> None:
    """Remove step checkpoints that a newer one, or the end of the iteration, has replaced."""
    for checkpoint in context.store.checkpoints(context.run_id):
        if checkpoint.kind is CheckpointKind.STEP and checkpoint.path != keep:
            context.store.forget_checkpoint(checkpoint.id)
            remove_folder(context.project.path / checkpoint.path)
