"""Stage 1 of a run: the student samples, FBK and IMP edit, pass after pass."""

from __future__ import annotations

from collections.abc import Sequence

from db.records import (
    Attempt,
    Item,
    Split,
    StageName,
)
from engine.demonstrating import demonstrate
from engine.edit_stage import edit
from engine.errors import RunFailed
from engine.methods import Attempts, attempts_by
from engine.questions import asked_questions
from engine.rollout import roll_out
from engine.seeds import item_seed
from engine.stage import RunContext, finish, is_done, working
from engine.student.generation import chunks


def collect(context: RunContext, iteration: int) -> None:
    """Sample and edit until there are enough trajectories.

    Raises:
        RunFailed: all passes gave fewer than ``collect.minimum``.
        StopRequested: a person asked for it.
        ExpertUnavailable, BudgetUsedUp: an expert cannot be asked any more.
    """
    if is_done(context, iteration, StageName.EDIT):
        return
    settings = context.settings.collect
    questions = training_questions(context, iteration)
    by_expert = attempts_by(context.settings) is Attempts.EXPERT
    kept = 0
    # A later pass is only begun when the earlier ones were not enough: not to be asked again
    # when some of its own trajectories are there.
    begun = max((a.pass_ for a in context.store.attempts(context.run_id, iteration)), default=0)
    for pass_ in range(begun, settings.passes if settings.target else 1):
        if by_expert:
            demonstrate(context, iteration, pass_, questions)
        else:
            _sample(context, iteration, pass_, questions)
        edit(context, iteration)
        counts = context.store.collect_counts(context.run_id, iteration)
        kept = sum(counts.kept.values())
        if kept >= settings.target:
            break
    if kept < settings.minimum:
        raise RunFailed(
            f"Iteration {iteration} collected {kept} trajectories, fewer than "
            f"collect.minimum = {settings.minimum}. Raise collect.questions or collect.passes, "
            "and begin again with: tripost run --new"
        )
    finish(
        context,
        iteration,
        StageName.SAMPLE,
        {"attempts": counts.attempts},
        f"{counts.attempts} attempts",
    )
    finish(
        context,
        iteration,
        StageName.EDIT,
        {"kept": kept, "dropped": sum(counts.dropped.values())},
        f"{kept} trajectories kept",
    )


def training_questions(context: RunContext, iteration: int) -> list[Item]:
    """Return the iteration's questions, shortest first: fresh ones as long as there are any."""
    items = context.store.items(context.task.name, Split.TRAIN)
    return asked_questions(items, context.settings, iteration)


def _sample(context: RunContext, iteration: int, pass_: int, questions: Sequence[Item]) -> None:
    settings = context.settings.collect
    sampler = context.sampler(settings.temperature)
    there = context.store.attempted_items(context.run_id, iteration, pass_)
    total = len(questions) * (pass_ + 1)
    with working(context, iteration, StageName.SAMPLE, total) as work:
        work.advance(pass_ * len(questions) + len(there), total)
        for chunk in chunks(questions, settings.batch_size):
            if chunk[0].id in there:
                continue
            seeds = [item_seed(context.seed, iteration, pass_, item.id) for item in chunk]
            rollouts = roll_out(
                sampler,
                [item.question for item in chunk],
                seeds,
                context.task.hint,
                max_updates=settings.max_updates,
                max_attempt_tokens=settings.max_attempt_tokens,
            )
            rows = [
                Attempt(
                    run_id=context.run_id,
                    iteration=iteration,
                    pass_=pass_,
                    item_id=item.id,
                    text=rollout.text,
                    seed=seed,
                    temperature=settings.temperature,
                    finish_reason=str(rollout.end),
                    tokens=rollout.tokens,
                )
                for item, seed, rollout in zip(chunk, seeds, rollouts, strict=True)
            ]
            with context.store.transaction():
                context.store.add_attempts(rows)
                work.advance(work.count + len(rows))
            work.show()
            context.control.safe_point()
