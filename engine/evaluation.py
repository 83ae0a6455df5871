"""The test after each iteration: the same items and the same scoring for every student.

What counts as final is the last answer that the student states by itself; nothing but its
own feedback stops it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from db.records import (
    Evaluation,
    Item,
    Split,
    StageName,
)
from engine.rollout import Rollout, roll_out
from engine.scoring import score_attempts
from engine.stage import RunContext, finish, is_done, working
from engine.student.generation import chunks
from engine.tasks.base import Task


def score(task: Task, item: Item, rollout: Rollout, run_id: int, iteration: int) -> Evaluation:
    """Score one rollout: the first attempt and the final one, strictly and flexibly."""
    attempts = rollout.attempts or tuple(turn.attempt.text for turn in rollout.trajectory.turns)
    scores = score_attempts(task, item.question, item.answer, attempts)
    return Evaluation(
        run_id=run_id,
        iteration=iteration,
        item_id=item.id,
        text=rollout.text,
        first_answer=scores.first_answer,
        final_answer=scores.final_answer,
        first_correct=scores.first_correct,
        final_correct=scores.final_correct,
        first_flexible=scores.first_flexible,
        final_flexible=scores.final_flexible,
        updates=rollout.trajectory.updates,
        finish_reason=str(rollout.end),
        tokens=rollout.tokens,
    )


def batches_of(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Cut test items into batches of one length, the same for the same items.

    They are shuffled, so that the part that is done at any time speaks for the whole.
    """
    items = sorted(items, key=lambda item: (len(item.question), item.id))
    batches = list(chunks(items, size))
    random.Random("evaluate").shuffle(batches)
    return batches


def evaluate(context: RunContext, iteration: int, examples: str | None = None) -> None:
    """Let the student answer the test items greedily; iteration 0 is the start.

    With ``examples`` it is prompted to check and update what it wrote (`engine.eliciting`).
    """
    if is_done(context, iteration, StageName.EVALUATE):
        return
    settings = context.settings.evaluate
    items = context.store.items(context.task.name, Split.TEST)
    batches = batches_of(items, settings.batch_size)
    there = context.store.evaluated_items(context.run_id, iteration)
    sampler = context.sampler(temperature=0.0)
    with working(context, iteration, StageName.EVALUATE, len(items)) as work:
        work.advance(len(there), len(items))
        for chunk in batches:
            if chunk[0].id in there:
                continue
            rollouts = roll_out(
                sampler,
                [item.question for item in chunk],
                [0] * len(chunk),
                context.task.hint,
                max_updates=settings.max_updates,
                max_attempt_tokens=settings.max_attempt_tokens,
                examples=examples,
            )
            rows = []
            for item, rollout in zip(chunk, rollouts, strict=True):
                rows.append(score(context.task, item, rollout, context.run_id, iteration))
                # A checker of the person's own may take its time.
                context.control.pulse()
            with context.store.transaction():
                context.store.add_evaluations(rows)
                work.advance(work.count + len(rows))
            work.show()
            context.control.safe_point()
    counts = context.store.evaluation_counts(context.run_id, iteration)
    n, first, final = (
        sum(getattr(c, name) for c in counts) for name in ("n", "first_correct", "final_correct")
    )
    with context.store.transaction():
        finish(
            context,
            iteration,
            StageName.EVALUATE,
            {"items": n, "first_correct": first, "final_correct": final},
            f"{final} of {n} right" + (f", {first} at first" if first != final else ""),
        )
        if iteration:
            context.store.add_event(
                context.run_id,
                "iteration.finished",
                f"iteration {iteration} of {context.settings.run.iterations} is finished",
                data={"iteration": iteration},
            )
