"""Stage 2 of a run: which examples are trained on, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from db.records import Example, Level, Split, StageName
from db.store import Store
from engine.drafting import Drafting, choose, used_reviews
from engine.errors import ConfigError, RunFailed
from engine.methods import Gold, facts_of
from engine.postprocess import Draft
from engine.settings import Settings
from engine.stage import RunContext, finish, is_done, working
from engine.stage_two import CHANGED, settings_of_now, stage_two_values, told, values_before
from engine.training.encoding import encode


def select(context: RunContext, iteration: int) -> None:
    """Make the iteration's examples, mark what is left out, store all of them.

    Raises:
        RunFailed: nothing is left to train on.
    """
    if is_done(context, iteration, StageName.POSTPROCESS):
        return
    store = context.store
    settings = _settings(context)
    # Read once: what is decided from now on comes too late, and is not counted either.
    reviews = store.review_states(context.run_id, iteration)
    items = store.items(context.task.name, Split.TRAIN)
    making = Drafting(settings, context.task, items, iteration, context.control.pulse)
    drafts: list[Draft] = []
    if making.has_trajectories:
        by_id = {item.id: item for item in items}
        for row in store.trajectories(context.run_id, iteration):
            review = reviews.get(row.id)
            drafts += making.of_trajectory(row.id, row.text, by_id[row.item_id], review)
    drafts += map(making.of_gold, making.gold_items())
    with working(context, iteration, StageName.POSTPROCESS, len(drafts)) as work:
        drafts = choose(drafts, settings, iteration, lambda draft: _is_long(context, draft))
        selected = Counter(str(draft.kind) for draft in drafts if draft.dropped is None)
        if not selected:
            raise RunFailed(
                f"Iteration {iteration} has nothing to train on: {_why_nothing(drafts)}"
            )
        with store.transaction():
            store.add_examples(
                [_example_row(context, iteration, p, draft) for p, draft in enumerate(drafts)]
            )
            _warn_of_few_gold_questions(context, making)
            values = _tell_of_change(context, settings, iteration)
            work.advance(len(drafts))
            finish(
                context,
                iteration,
                StageName.POSTPROCESS,
                {
                    "selected": dict(selected),
                    **used_reviews(reviews.values()),
                    "settings": values,
                },
                ", ".join(f"{count} {kind}" for kind, count in selected.items()),
            )


def _settings(context: RunContext) -> Settings:
    """Return the run's settings, with p and the weights as a person has them now."""
    try:
        return settings_of_now(context.project, context.settings)
    except ConfigError as error:
        context.alert(
            "project.toml cannot be read for p and the weights; those that this run was started "
            f"with hold: {error.message}"
        )
        return context.settings


def _tell_of_change(context: RunContext, settings: Settings, iteration: int) -> dict[str, float]:
    """Tell where p or a weight is not that of the iteration before; return those of now."""
    store: Store = context.store
    now = stage_two_values(settings)
    before = values_before(store, store.run(context.run_id), iteration)
    if what := told(before, now):
        context.tell(CHANGED, f"iteration {iteration}: {what}", iteration=iteration, values=now)
    return now


def _warn_of_few_gold_questions(context: RunContext, making: Drafting) -> None:
    """Say so where spare questions are fewer than an iteration asks: ground truth is scarce."""
    if facts_of(making.settings).gold is not Gold.GROUND_TRUTH:
        return
    spare, asked = making.spare_gold()
    if 0 < spare < asked:
        wanted = asked * (making.settings.run.iterations + 1)
        context.store.add_event(
            context.run_id,
            "alert",
            f"iteration {making.iteration}: gold rationales of {spare} spare questions alone; "
            f"task.train_items = {wanted} would give {asked}",
            level=Level.WARNING,
        )


def _is_long(context: RunContext, draft: Draft) -> bool:
    context.control.pulse()
    limit = context.settings.train.max_tokens
    if context.student.context_tokens is not None:
        limit = min(limit, context.student.context_tokens)
    return len(encode(context.student.form, draft.segments)) > limit


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
