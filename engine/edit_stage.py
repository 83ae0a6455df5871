"""Editing in a run: what the student wrote is corrected, by scripts or by experts, and stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

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
from engine.demonstrating import author_of
from engine.editing import Dropped, DropReason, Kept
from engine.expert_session import asked, traffic_note
from engine.experts.failing import missing_replies, told_as_ours
from engine.experts.parallel import in_order
from engine.experts.team import Team
from engine.methods import facts_of
from engine.rollout import RolloutEnd
from engine.stage import RunContext, Work, working
from local_experts.errors import NotRecorded
from local_experts.gate import Cancelled

_STORED_AT_ONCE = 100
_STORE_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class _Missing:
    """An attempt that cannot be edited offline, since a reply to it is not recorded."""

    what: str


def edit(context: RunContext, iteration: int) -> None:
    """Correct the iteration's attempts that have not been, and store them in their order.

    Raises:
        StopRequested: a person asked for it.
        ExpertUnavailable, BudgetUsedUp: an expert cannot be asked any more.
    """
    done = context.store.edited_attempts(context.run_id, iteration)
    attempts = context.store.attempts(context.run_id, iteration)
    items = {item.id: item for item in context.store.items(context.task.name, Split.TRAIN)}
    waiting = [attempt for attempt in attempts if attempt.id not in done]
    with working(context, iteration, StageName.EDIT, len(attempts)) as work:
        work.advance(len(done), len(attempts))
        if not waiting:
            return
        with told_as_ours(), asked(context, iteration) as team:
            while waiting:
                edited = _edit_on(context, team, items, waiting, work, len(attempts))
                waiting = waiting[edited:]
                # Calls that were under way when a person asked for a pause are finished by now.
                context.control.safe_point()


def _edit_on(
    context: RunContext,
    team: Team,
    items: dict[int, Item],
    attempts: Sequence[Attempt],
    work: Work,
    total: int,
) -> int:
    """Edit and store until all is done or a person wants something; return how many were stored.

    ``total`` counts the stage's attempts, with those that were edited before.

    Raises an ExpertError after what came before it is stored.
    """
    waiting = iter(attempts)
    stored = 0
    missing: list[_Missing] = []
    batch: list[tuple[Attempt, Kept | Dropped]] = []
    last = time.monotonic()

    def show() -> None:
        work.show(traffic_note(work.count, total, team.callers.values()))

    try:
        for result in _results(context, team, items, attempts, show):
            attempt = next(waiting)
            if missing or isinstance(result, _Missing):
                # Rows come in the order of attempts, so that what follows a gap is left for later.
                missing += [result] if isinstance(result, _Missing) else []
                continue
            batch.append((attempt, result))
            due = time.monotonic() - last >= _STORE_EVERY_S
            if len(batch) >= _STORED_AT_ONCE or due or context.control.wants_to_end:
                stored += _store(context, batch, work)
                show()
                last = time.monotonic()
                if context.control.wants_to_end:
                    break
    except Cancelled:
        pass
    finally:
        stored += _store(context, batch, work)
    if missing:
        raise missing_replies([one.what for one in missing], len(attempts))
    return stored


def _results(
    context: RunContext,
    team: Team,
    items: dict[int, Item],
    attempts: Sequence[Attempt],
    show: Callable[[], None],
) -> Iterator[Kept | Dropped | _Missing]:
    """Yield what editing made of each attempt, in order; ``show`` how it goes now and then."""

    def one(attempt: Attempt) -> Kept | Dropped | _Missing:
        try:
            return _edit_one(context, team, items[attempt.item_id], attempt)
        except NotRecorded as error:
            return _Missing(error.message)

    def watch() -> None:
        show()
        if context.control.wants_to_end:
            team.cancelled.set()

    if team.callers:
        team.cancelled.clear()
        yield from in_order(attempts, one, team.workers, team.cancelled, watch)
    else:
        for attempt in attempts:
            context.control.pulse()
            yield one(attempt)


def _edit_one(context: RunContext, team: Team, item: Item, attempt: Attempt) -> Kept | Dropped:
    if attempt.finish_reason == RolloutEnd.TOO_LONG:
        return Dropped(DropReason.ATTEMPT_TOO_LONG, f"{attempt.tokens} tokens")
    student = trj.parse_body(item.question, attempt.text, context.task.hint)
    author = author_of(attempt)
    if author != trj.Author.STUDENT:
        if not attempt.text:
            return Dropped(DropReason.NO_DEMONSTRATION)
        student = replace(
            student, turns=tuple(replace(turn, attempt_author=author) for turn in student.turns)
        )
    if not facts_of(context.settings).corrects:
        answer = context.task.answer(student.first)
        question, text = item.question, student.first.text
        if not context.task.is_right(answer, item.answer, question=question, attempt=text):
            return Dropped(DropReason.WRONG)
        first = trj.Turn(student.first)
        return Kept(trj.Trajectory(item.question, (first,)), Origin.CORRECT)
    return team.editor(item, attempt.seed).edit(student)


def _store(context: RunContext, batch: list[tuple[Attempt, Kept | Dropped]], work: Work) -> int:
    """Store edited attempts with the progress; return how many, and forget them."""
    if not batch:
        return 0
    kept = [_trajectory_row(context, a, r) for a, r in batch if isinstance(r, Kept)]
    drops = [_drop_row(context, a, r) for a, r in batch if isinstance(r, Dropped)]
    with context.store.transaction():
        context.store.add_edits(kept, drops)
        work.advance(work.count + len(batch))
    count = len(batch)
    batch.clear()
    return count


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
