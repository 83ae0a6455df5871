"""Stage 2 of a run: which examples are trained on, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from db.records import (
    Example,
    ExampleKind,
    Item,
    Level,
    Split,
    StageName,
    Trajectory,
)
from db.review_records import ReviewState, ReviewStatus
from engine.collection import training_questions
from engine.editing import DropReason
from engine.errors import RunFailed
from engine.expert_settings import SCRIPT
from engine.postprocess import (
    Draft,
    Weights,
    drop_repeats,
    ground_truth,
    plain,
    rebalance,
    short_answer,
    split_into_turns,
)
from engine.rollout import item_seed
from engine.stage import RunContext, finish, is_done, working
from engine.tasks.base import CannotJudge
from engine.training.encoding import encode
from engine.trajectory import correct, parse, parse_attempt


def select(context: RunContext, iteration: int) -> None:
    """Make the iteration's examples, mark what is left out, store all of them.

    Raises:
        RunFailed: nothing is left to train on.
    """
    if is_done(context, iteration, StageName.POSTPROCESS):
        return
    # Read once: what is decided from now on comes too late, and is not counted either.
    reviews = context.store.review_states(context.run_id, iteration)
    drafts = drop_repeats(_drafts(context, iteration, reviews))
    with working(context, iteration, StageName.POSTPROCESS, len(drafts)) as work:
        drafts = _drop_long(context, drafts)
        if context.settings.run.method == "tripost":
            seed = item_seed(context.seed, iteration, "rebalance")
            drafts = rebalance(drafts, context.settings.postprocess.ratio, seed)
        selected = Counter(str(draft.kind) for draft in drafts if draft.dropped is None)
        if not selected:
            raise RunFailed(
                f"Iteration {iteration} has nothing to train on: {_why_nothing(drafts)}"
            )
        with context.store.transaction():
            context.store.add_examples(
                [_example_row(context, iteration, p, draft) for p, draft in enumerate(drafts)]
            )
            _warn_of_few_gold_questions(context, iteration)
            work.advance(len(drafts))
            finish(
                context,
                iteration,
                StageName.POSTPROCESS,
                {"selected": dict(selected), **used_reviews(reviews)},
                ", ".join(f"{count} {kind}" for kind, count in selected.items()),
            )


def used_reviews(reviews: Mapping[int, ReviewState]) -> dict[str, Any]:
    """Return what the stage's account says of reviews: nothing, where there are none."""
    if not reviews:
        return {}
    counts = Counter(state.status for state in reviews.values())
    return {
        "reviewed": {
            "accepted": counts[ReviewStatus.ACCEPTED],
            "rejected": counts[ReviewStatus.REJECTED],
            "edited": sum(
                state.edited is not None and state.status is not ReviewStatus.REJECTED
                for state in reviews.values()
            ),
            "flagged": [key for key, state in sorted(reviews.items()) if state.flagged],
        }
    }


def _drafts(context: RunContext, iteration: int, reviews: Mapping[int, ReviewState]) -> list[Draft]:
    settings, hint = context.settings, context.task.hint
    weights = Weights(
        question=settings.train.question_weight,
        wrong_attempt=settings.train.wrong_attempt_weight,
        change=settings.train.change_factor,
        improvement=settings.train.weight,
    )
    method = settings.run.method
    if method == "continued_rationale":
        return [
            plain(q.question, q.rationale, hint, q.id, weights, ExampleKind.GROUND_TRUTH)
            for q in training_questions(context, iteration)
            if q.rationale
        ]
    drafts: list[Draft] = []
    items = {item.id: item for item in context.store.items(context.task.name, Split.TRAIN)}
    for row in context.store.trajectories(context.run_id, iteration):
        item = items[row.item_id]
        drafts += _of_trajectory(context, row, item, reviews.get(row.id), weights)
    if method == "tripost":
        drafts += [_gold(context, q, weights) for q in _gold_questions(context, iteration)]
    return drafts


def _of_trajectory(
    context: RunContext, row: Trajectory, item: Item, review: ReviewState | None, weights: Weights
) -> list[Draft]:
    """Make a trajectory's examples as a person left it: edited, or marked as rejected."""
    hint = context.task.hint
    dropped: DropReason | None = None
    trajectory = parse(row.text, hint)
    if trajectory is None:
        raise RunFailed(f"Trajectory {row.id} cannot be read back; the database is damaged.")
    if review is not None and review.edited is not None:
        if edited := parse(review.edited, hint):
            trajectory = edited
        else:
            dropped = DropReason.EDIT_UNREADABLE
    if review is not None and review.status is ReviewStatus.REJECTED:
        dropped = DropReason.REJECTED
    if context.settings.run.method == "lmsi":
        kind = ExampleKind.NON_IMPROVING
        attempt = trajectory.first.text
        drafts = [
            plain(item.question, attempt, hint, item.id, weights, kind, row.id),
            short_answer(item.question, item.answer, item.id, weights, row.id),
        ]
    else:
        drafts = split_into_turns(trajectory, hint, weights, item.id, row.id)
    return drafts if dropped is None else [replace(draft, dropped=dropped) for draft in drafts]


def _gold(context: RunContext, item: Item, weights: Weights) -> Draft:
    """Make the example of a gold rationale; what scripted FBK does not accept is no ground truth.

    Where language models alone give feedback, nobody is asked about an answer that is right.
    """
    context.control.pulse()
    hint, gold = context.task.hint, parse_attempt(item.rationale)
    show_working = context.settings.collect.show_working
    if SCRIPT not in context.settings.experts.feedback:
        draft = ground_truth(item.question, gold, correct(gold), hint, item.id, weights)
        return draft if gold.steps else replace(draft, dropped=DropReason.ATTEMPT_UNREADABLE)
    try:
        praise = context.task.feedback(item.question, gold, show_working=show_working)
    except CannotJudge:
        kind = ExampleKind.GROUND_TRUTH
        draft = plain(item.question, item.rationale, hint, item.id, weights, kind)
        return replace(draft, dropped=DropReason.FEEDBACK_FAILED)
    draft = ground_truth(item.question, gold, praise, hint, item.id, weights)
    return draft if praise.is_correct else replace(draft, dropped=DropReason.GOLD_REJECTED)


def _gold_questions(context: RunContext, iteration: int) -> list[Item]:
    """Return the questions whose gold rationales are trained on.

    An edited attempt often ends as the gold rationale of its question, and repeats are dropped;
    ground truth is therefore taken from questions that no iteration asks, if there are any.
    """
    asked = training_questions(context, iteration)
    items = context.store.items(context.task.name, Split.TRAIN)
    first = len(asked) * context.settings.run.iterations
    spare = [item for item in items[first:] if item.rationale]
    if not spare:
        return [item for item in asked if item.rationale]
    start = (iteration - 1) * len(asked)
    count = min(len(asked), len(spare))
    return [spare[(start + offset) % len(spare)] for offset in range(count)]


def _warn_of_few_gold_questions(context: RunContext, iteration: int) -> None:
    """Say so where spare questions are fewer than an iteration asks: ground truth is scarce."""
    settings = context.settings
    if settings.run.method != "tripost":
        return
    asked = len(training_questions(context, iteration))
    used = asked * settings.run.iterations
    if 0 < settings.task.train_items - used < asked:
        context.store.add_event(
            context.run_id,
            "alert",
            f"iteration {iteration}: gold rationales of {settings.task.train_items - used} spare "
            f"questions alone; task.train_items = {used + asked} would give {asked}",
            level=Level.WARNING,
        )


def _drop_long(context: RunContext, drafts: Iterable[Draft]) -> list[Draft]:
    limit = context.settings.train.max_tokens
    if context.student.context_tokens is not None:
        limit = min(limit, context.student.context_tokens)
    marked = []
    for draft in drafts:
        if draft.dropped is None:
            context.control.pulse()
            if len(encode(context.student.form, draft.segments)) > limit:
                draft = replace(draft, dropped=DropReason.TOO_LONG)
        marked.append(draft)
    return marked


def _example_row(context: RunContext, iteration: int, position: int, draft: Draft) -> Example:
    return Example(
        run_id=context.run_id,
        iteration=iteration,
        item_id=draft.item_id,
        kind=draft.kind,
        segments=draft.segments,
        text_hash=draft.text_hash,
        selected=draft.dropped is None,
        trajectory_id=draft.trajectory_id,
        drop_reason=None if draft.dropped is None else str(draft.dropped),
        position=position,
    )


def _why_nothing(drafts: Iterable[Draft]) -> str:
    counts = Counter(f"{draft.kind}: {draft.dropped}" for draft in drafts)
    listed = ", ".join(f"{count} {what}" for what, count in counts.most_common())
    return (listed or "no examples") + "."
