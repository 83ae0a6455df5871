"""Stage 3 of a run: train on what was selected, with checkpoints that can be taken up exactly."""

from __future__ import annotations

import math
import time
from typing import Any

from db.records import Level, StageName, TrainStep
from engine.control import StopRequested
from engine.dev_set import DevSet, Looked, looks
from engine.errors import RunFailed
from engine.iteration_weights import (
    forget_steps,
    load_best,
    newest_state,
    record_iteration,
    save_best,
    save_iteration,
    save_step,
)
from engine.seeds import item_seed
from engine.settings import TrainSettings
from engine.stage import RunContext, Work, finish, is_done, working
from engine.student.piecewise import count_cut_otherwise
from engine.training.encoding import encode
from engine.training.trainer import StepResult, Trainer
from engine.training_speed import speed_facts

_STORE_EVERY_S = 1.0


def train(context: RunContext, iteration: int) -> None:
    """Train on the iteration's examples from the weights that the student has now.

    Raises:
        RunFailed: the loss is not a number, or not even one example fits into memory; a
            checkpoint of the state before it was saved.
        StopRequested: a person asked for it; a checkpoint was saved.
    """
    if is_done(context, iteration, StageName.TRAIN):
        return
    examples = context.store.examples(context.run_id, iteration, selected=True)
    rows = [encode(context.student.form, example.segments) for example in examples]
    seed = item_seed(context.seed, iteration, "train") % 2**32
    trainer = Trainer(context.student, rows, _settings(context, iteration), seed)
    total = len(trainer.plans)
    with working(context, iteration, StageName.TRAIN, total) as work:
        loop = _Loop(context, iteration, trainer, work)
        if loop.take_up() == 0:
            texts = ([text for text, _ in example.segments] for example in examples)
            loop.begin(count_cut_otherwise(context.student.form, texts), speed_facts(context, rows))
        loop.run()
        path, digest = save_iteration(context, iteration)
        tokens = sum(step.tokens for step in context.store.train_steps(context.run_id, iteration))
        detail = {"steps": trainer.next_step, "tokens": tokens, "examples": len(rows)}
        detail |= speed_facts(context, rows)
        with context.store.transaction():
            record_iteration(context, iteration, trainer.next_step, path, digest)
            finish(
                context,
                iteration,
                StageName.TRAIN,
                detail | loop.outcome(),
                f"{trainer.next_step} steps, {tokens:,} tokens",
            )
    forget_steps(context)


def _settings(context: RunContext, iteration: int) -> TrainSettings:
    """Return the settings of training with the learning rate of this iteration."""
    wanted = context.settings.train
    rate = wanted.learning_rate * wanted.iteration_factor ** (iteration - 1)
    return wanted.model_copy(update={"learning_rate": rate})


class _Loop:
    """Runs the steps, stores them, saves checkpoints when it is time or somebody asks."""

    def __init__(self, context: RunContext, iteration: int, trainer: Trainer, work: Work) -> None:
        self._context = context
        self._iteration = iteration
        self._trainer = trainer
        self._work = work
        self._waiting: list[StepResult] = []
        self._stored_at = self._saved_at = time.monotonic()
        self._looks = looks(trainer.plans, context.settings.train)
        self._dev = DevSet(context) if self._looks else None
        self._looked = Looked()

    def take_up(self) -> int:
        """Go on from the newest checkpoint, forget the steps after it; return how many are done."""
        context, trainer = self._context, self._trainer
        if state := newest_state(context, self._iteration):
            trainer.restore(state)
            self._looked = Looked(**state.more)
        context.store.delete_train_steps_after(context.run_id, self._iteration, trainer.next_step)
        self._work.advance(trainer.next_step, len(trainer.plans))
        return trainer.next_step

    def begin(self, cut_otherwise: int, speed: dict[str, Any]) -> None:
        """Find out what fits before the first step, and tell how it trains.

        ``cut_otherwise`` of the examples have other tokens than their whole texts would;
        ``speed`` is what tokens a second are set against.
        """
        context, trainer = self._context, self._trainer
        wanted = trainer.micro_tokens
        if context.student.device.type != "cpu":
            # On a CPU nobody says that memory runs out: the system ends the process.
            trainer.preflight(context.control.pulse)
        self._tell_halving(wanted, "before the first step")
        how = f"padded, since {trainer.why_padded}" if trainer.why_padded else "packed"
        if cut_otherwise:
            how += f"; {cut_otherwise} examples are tokenised otherwise than as whole texts"
        context.store.add_event(
            context.run_id,
            "train.setup",
            f"iteration {self._iteration}: {trainer.micro_tokens} tokens at once, {how}",
            data={
                "iteration": self._iteration,
                "cut_otherwise": cut_otherwise,
                **trainer.setup(),
                **speed,
            },
        )

    def run(self) -> None:
        """Run the steps still to come, up to the last or until it gets no better."""
        try:
            self._steps()
        except StopRequested:
            self._save()
            raise
        except RunFailed:
            self._save()
            raise
        self._store()
        if self._dev is not None and self._looked.step != self._trainer.next_step:
            load_best(self._context, self._iteration, self._looked.step)

    def outcome(self) -> dict[str, float | int | bool]:
        """Return what the development questions have decided, for the stage's account."""
        if self._dev is None:
            return {}
        return {
            "best_step": self._looked.step,
            "best_value": self._looked.value,
            "stopped_early": self._trainer.next_step < len(self._trainer.plans),
        }

    def _steps(self) -> None:
        every = self._context.settings.train.checkpoint_every_s
        if self._is_enough():
            return
        micro_tokens = self._trainer.micro_tokens
        for result in self._trainer.steps(self._context.control.pulse):
            self._waiting.append(result)
            if not result.is_finite:
                self._stop_at_nan(result)
            self._tell_halving(micro_tokens, f"step {result.step}")
            micro_tokens = result.micro_tokens
            now = time.monotonic()
            if now - self._stored_at >= _STORE_EVERY_S:
                self._store()
            if result.step in self._looks:
                self._look(result.step)
            due = now - self._saved_at >= every
            wants_to_end = self._context.control.wants_to_end
            if due or wants_to_end:
                self._save()
            if self._context.control.safe_point() and not due:
                self._save()
            if self._is_enough():
                return

    def _is_enough(self) -> bool:
        patience = self._context.settings.train.patience
        return bool(patience) and self._looked.worse >= patience

    def _look(self, step: int) -> None:
        """Look at the development questions; keep the weights if they are the best so far."""
        assert self._dev is not None
        self._store()
        context = self._context
        value = self._dev.look(self._trainer)
        self._looked = self._looked.after(step, value)
        is_best = self._looked.step == step
        if is_best:
            save_best(context, self._iteration, step)
        context.store.add_event(
            context.run_id,
            "train.dev",
            f"iteration {self._iteration}, step {step}: {self._dev.told(value)}"
            + (", the best so far" if is_best else ""),
            data={"iteration": self._iteration, "step": step, "value": value, "best": is_best},
        )

    def _tell_halving(self, before: int, when: str) -> None:
        now = self._trainer.micro_tokens
        if now == before:
            return
        self._context.store.add_event(
            self._context.run_id,
            "alert",
            f"iteration {self._iteration}, {when}: memory ran out; {now} tokens at once instead "
            f"of {before}, the result is the same",
            level=Level.WARNING,
            data={"micro_tokens": now},
        )

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
        save_step(self._context, self._iteration, self._trainer.state(self._looked.state()))
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
            memory_bytes=step.memory_bytes,
            micro_tokens=step.micro_tokens,
        )
