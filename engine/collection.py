"""Stage 1 of a run: the student samples, FBK and IMP edit, pass after pass."""

from __future__ import annotations

from collections.abc import Sequence

from db.records import (
    Attempt,
    Drop,
    DropStage,
    Item,
    Origin,
    Split,
    StageName,
    Trajectory,
    TurnKind,
)
from db.records import Turn as TurnRow
from engine import trajectory as trj
from engine.editing import Dropped, DropReason, Editor, Kept, Limits
from engine.errors import RunFailed
from engine.rollout import RolloutEnd, item_seed, roll_out
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.stage import RunContext, finish, is_done, working
from engine.student.generation import chunks

_EDITED_AT_ONCE = 100


def collect(context: RunContext, iteration: int) -> None:
    """Sample and edit until there are enough trajectories.

    Raises:
        RunFailed: all passes gave fewer than ``collect.minimum``.
        StopRequested: a person asked for it.
    """
    if is_done(context, iteration, StageName.EDIT):
        return
    settings = context.settings.collect
    questions = training_questions(context, iteration)
    kept = 0
    # A later pass is only begun when the earlier ones were not enough: not to be asked again
    # when some of its own trajectories are there.
    begun = max((a.pass_ for a in context.store.attempts(context.run_id, iteration)), default=0)
    for pass_ in range(begun, settings.passes if settings.target else 1):
        _sample(context, iteration, pass_, questions)
        _edit(context, iteration)
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
    count = min(context.settings.collect.questions, len(items))
    start = (iteration - 1) * count
    chosen = [items[(start + offset) % len(items)] for offset in range(count)]
    return sorted(chosen, key=lambda item: (len(item.question), item.id))


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


def _edit(context: RunContext, iteration: int) -> None:
    edited = context.store.edited_attempts(context.run_id, iteration)
    attempts = context.store.attempts(context.run_id, iteration)
    items = {item.id: item for item in context.store.items(context.task.name, Split.TRAIN)}
    with working(context, iteration, StageName.EDIT, len(attempts)) as work:
        work.advance(len(edited), len(attempts))
        waiting = [attempt for attempt in attempts if attempt.id not in edited]
        for chunk in chunks(waiting, _EDITED_AT_ONCE):
            kept: list[Trajectory] = []
            drops: list[Drop] = []
            for attempt in chunk:
                context.control.pulse()
                result = _edit_one(context, items[attempt.item_id], attempt)
                if isinstance(result, Kept):
                    kept.append(_trajectory_row(context, attempt, result))
                else:
                    drops.append(_drop_row(context, attempt, result))
            with context.store.transaction():
                context.store.add_edits(kept, drops)
                work.advance(work.count + len(chunk))
            work.show()
            context.control.safe_point()


def _edit_one(context: RunContext, item: Item, attempt: Attempt) -> Kept | Dropped:
    if attempt.finish_reason == RolloutEnd.TOO_LONG:
        return Dropped(DropReason.ATTEMPT_TOO_LONG, f"{attempt.tokens} tokens")
    student = trj.parse_body(item.question, attempt.text, context.task.hint)
    if context.settings.run.method == "lmsi":
        answer = context.task.answer(student.first)
        question, text = item.question, student.first.text
        if not context.task.is_right(answer, item.answer, question=question, attempt=text):
            return Dropped(DropReason.WRONG)
        first = trj.Turn(student.first)
        return Kept(trj.Trajectory(item.question, (first,)), Origin.CORRECT)
    editor = Editor(
        ScriptedFeedback(context.task, context.settings.collect.show_working),
        ScriptedImprove(context.task),
        Limits(updates=context.settings.collect.max_updates),
    )
    return editor.edit(student)


def _trajectory_row(context: RunContext, attempt: Attempt, kept: Kept) -> Trajectory:
    turns: list[TurnRow] = []
    for turn in kept.trajectory.turns:
        turns.append(
            TurnRow(kind=TurnKind.ATTEMPT, author=turn.attempt_author, text=turn.attempt.text)
        )
        if turn.feedback is not None and turn.feedback_text is not None:
            turns.append(
                TurnRow(
                    kind=TurnKind.FEEDBACK,
                    author=turn.feedback_author,
                    text=turn.feedback_text,
                    verdict=turn.feedback.verdict,
                    step=turn.feedback.step,
                    span=turn.feedback.span,
                    reason=turn.feedback.reason,
                )
            )
    return Trajectory(
        run_id=context.run_id,
        iteration=attempt.iteration,
        attempt_id=attempt.id,
        item_id=attempt.item_id,
        origin=kept.origin,
        text=trj.render(kept.trajectory, context.task.hint),
        updates=kept.trajectory.updates,
        turns=tuple(turns),
    )


def _drop_row(context: RunContext, attempt: Attempt, dropped: Dropped) -> Drop:
    return Drop(
        run_id=context.run_id,
        iteration=attempt.iteration,
        stage=DropStage.EDIT,
        reason=str(dropped.reason),
        detail=dropped.detail,
        attempt_id=attempt.id,
    )
