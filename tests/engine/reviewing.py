"""A store with trajectories to review: arithmetic, as scripts edit it."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from db.records import (
    Attempt,
    Item,
    Origin,
    Split,
    Subtask,
    Trajectory,
    TurnKind,
)
from db.records import Turn as TurnRow
from db.store import Store
from engine import trajectory as trj
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.trial import with_answer

TASK = MultistepArithmetic(seen=("3x1",))


class Collected(NamedTuple):
    store: Store
    run_id: int
    items: list[Item]
    rows: list[Trajectory]


def edited(item: Item) -> trj.Trajectory:
    """A wrong attempt, FBK's feedback, IMP's update and praise."""
    wrong = with_answer(item, "12345")
    flagged = TASK.feedback(item.question, wrong)
    update = TASK.improve(item.question, wrong, flagged)
    return trj.Trajectory(
        item.question,
        (
            trj.Turn.of(wrong, flagged),
            trj.Turn.of(update, trj.correct(update), attempt_author=trj.Author.SCRIPT),
        ),
    )


def rows_of(trajectory: trj.Trajectory) -> tuple[TurnRow, ...]:
    rows = []
    for turn in trajectory.turns:
        author, text = turn.attempt_author, turn.attempt.text
        rows.append(TurnRow(kind=TurnKind.ATTEMPT, author=author, text=text))
        if turn.feedback and turn.feedback_text:
            feedback = turn.feedback
            rows.append(
                TurnRow(
                    kind=TurnKind.FEEDBACK,
                    author=turn.feedback_author,
                    text=turn.feedback_text,
                    verdict=feedback.verdict,
                    step=feedback.step,
                    span=feedback.span,
                    reason=feedback.reason,
                )
            )
    return tuple(rows)


def collected(path: Path, count: int) -> Collected:
    """A store in which each question has an edited trajectory."""
    store = Store.create(path)
    run = store.create_run(
        seed=1, iterations=1, config={}, config_hash="", versions={}, student="none"
    )
    store.add_items(TASK.generate(Split.TRAIN, [Subtask.SEEN], count, seed=1))
    items = store.items(TASK.name)
    add(store, run.id, items, [edited(item) for item in items])
    return Collected(store, run.id, items, store.trajectories(run.id, 1))


def add(store: Store, run_id: int, items: list[Item], found: list[trj.Trajectory]) -> None:
    attempts = store.add_attempts(
        Attempt(
            run_id=run_id,
            iteration=1,
            pass_=0,
            item_id=item.id,
            text="",
            seed=1,
            temperature=1.0,
            finish_reason="eos",
            tokens=1,
        )
        for item in items
    )
    store.add_edits(
        Trajectory(
            run_id=run_id,
            iteration=1,
            attempt_id=attempt,
            item_id=item.id,
            origin=Origin.EDITED,
            text=trj.render(one, TASK.hint),
            updates=one.updates,
            turns=rows_of(one),
        )
        for attempt, item, one in zip(attempts, items, found, strict=True)
    )


def wrong_at_last(item: Item) -> trj.Trajectory:
    """Praise of an update that is wrong."""
    good = edited(item)
    bad = with_answer(item, "54321")
    return replace(good, turns=(good.turns[0], trj.Turn.of(bad, trj.correct(bad))))
