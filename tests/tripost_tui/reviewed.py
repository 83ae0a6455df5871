"""A project with trajectories to review: arithmetic, as scripts edit it."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import recorded

from db.records import (
    Attempt,
    Item,
    Origin,
    Split,
    Subtask,
    Trajectory,
    Turn,
    TurnKind,
)
from db.store import Store
from engine import trajectory as trj
from engine.project import Project
from engine.review import check_some
from engine.task_setup import project_task
from engine.tasks.base import Task
from engine.tasks.trial import with_answer


def review_project(folder: Path, count: int = 12, *, checked: bool = True) -> tuple[Project, int]:
    """A project and its run; in every fourth trajectory praise follows a wrong update."""
    project = recorded.new_project(folder)
    clock = recorded.Clock(recorded.BEGIN)
    with (
        patch("time.time", clock),
        Store.open(project.db_path) as store,
        closing(project_task(project)) as task,
    ):
        with store.transaction():
            run_id = store.create_run(
                seed=1,
                iterations=2,
                config={},
                config_hash="",
                versions={},
                student="embedded",
            ).id
            add(store, run_id, task, count)
        while checked and check_some(store, task, run_id):
            pass
    return project, run_id


def add(store: Store, run_id: int, task: Task, count: int, seed: int = 1) -> list[int]:
    """Add trajectories on new questions; return their ids."""
    known = {item.question for item in store.items(task.name)}
    store.add_items(task.generate(Split.TRAIN, [Subtask.SEEN], count, seed, exclude=known))
    items = [item for item in store.items(task.name) if item.question not in known]
    wanted = [(item, turns_of(task, item, place)) for place, item in enumerate(items)]
    return add_trajectories(store, run_id, task.hint, wanted)


def add_trajectories(
    store: Store,
    run_id: int,
    hint: str,
    wanted: list[tuple[Item, tuple[trj.Turn, ...]]],
    rows: tuple[Turn, ...] | None = None,
    *,
    iteration: int = 1,
    pass_: int = 0,
) -> list[int]:
    """Store trajectories; ``rows`` replaces the turns of all."""
    attempts = store.add_attempts(
        Attempt(
            run_id=run_id,
            iteration=iteration,
            pass_=pass_,
            item_id=item.id,
            text="",
            seed=1,
            temperature=1.0,
            finish_reason="eos",
            tokens=1,
        )
        for item, _ in wanted
    )
    return store.add_edits(
        Trajectory(
            run_id=run_id,
            iteration=iteration,
            attempt_id=attempt,
            item_id=item.id,
            origin=Origin.EDITED if len(turns) > 1 else Origin.CORRECT,
            text=trj.render(trj.Trajectory(item.question, turns), hint),
            updates=len(turns) - 1,
            turns=rows or turn_rows(turns),
        )
        for attempt, (item, turns) in zip(attempts, wanted, strict=True)
    )


def turns_of(task: Task, item: Item, place: int) -> tuple[trj.Turn, ...]:
    if place % 5 == 3:
        gold = task.rationale(item.question)
        return (trj.Turn.of(gold, trj.correct(gold)),)
    wrong = with_answer(item, "12345")
    flagged = task.feedback(item.question, wrong)
    update = task.improve(item.question, wrong, flagged)
    if place % 4 == 2:
        update = with_answer(item, "54321")
    end = trj.Turn.of(update, trj.correct(update), attempt_author=trj.Author.SCRIPT)
    return (trj.Turn.of(wrong, flagged), end)


def turn_rows(turns: tuple[trj.Turn, ...]) -> tuple[Turn, ...]:
    rows = []
    for turn in turns:
        row = Turn(kind=TurnKind.ATTEMPT, author=turn.attempt_author, text=turn.attempt.text)
        rows.append(row)
        if (feedback := turn.feedback) is not None:
            rows.append(
                replace(
                    row,
                    kind=TurnKind.FEEDBACK,
                    author=turn.feedback_author,
                    text=turn.feedback_text or "",
                    verdict=feedback.verdict,
                    step=feedback.step,
                    span=feedback.span,
                    reason=feedback.reason,
                )
            )
    return tuple(rows)
