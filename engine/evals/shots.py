"""Worked examples that go before a question, made from the task's own training questions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from db.records import Item, Split, Subtask
from engine.errors import ConfigError
from engine.experts.planting import plant
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.trajectory import Attempt, Trajectory, Turn, correct, parse_attempt, prompt, render_body

_SEED = 1


def make_shots(
    task: Task, count: int, *, self_improving: bool, exclude: Collection[str] = ()
) -> list[Trajectory]:
    """Return ``count`` examples, none of a question in ``exclude``.

    With ``self_improving`` they have feedback, and every other one begins with a planted error
    that is put right, where the task's scripts can do that; else each is a gold rationale alone.

    Raises:
        ConfigError: the task has not so many training questions with rationales.
    """
    if not count:
        return []
    try:
        items = task.generate(Split.TRAIN, (Subtask.SEEN,), count, _SEED, exclude)
    except ValueError:
        items = []
    items = [item for item in items if item.rationale]
    if len(items) < count:
        raise ConfigError(
            f"{task.name}: {count} examples are asked for, and it has fewer training questions "
            "with rationales. Lower --shots.",
            "Too few examples",
        )
    if not self_improving:
        return [Trajectory(i.question, (Turn(parse_attempt(i.rationale)),)) for i in items]
    return [
        Trajectory(
            item.question, (_corrected(task, item) if number % 2 == 0 else ()) or _praised(item)
        )
        for number, item in enumerate(items)
    ]


def as_prefix(shots: Sequence[Trajectory], hint: str) -> str:
    """Return examples as the text before a student's question.

    With the question it is what `engine.trajectory.prompt` takes for one: its first ``Q: `` is
    that of the first example.
    """
    texts = [prompt(shot.question, hint) + render_body(shot.turns, hint) for shot in shots]
    return "".join(f"{text}\n\nQ: " for text in texts).removeprefix("Q: ")


def _praised(item: Item) -> tuple[Turn, ...]:
    right = parse_attempt(item.rationale)
    return (Turn.of(right, correct(right)),)


def _corrected(task: Task, item: Item) -> tuple[Turn, ...]:
    """Return an attempt with a planted error, and its update; nothing where there can be none."""
    try:
        planted = next(plant(task, [item], 1, _SEED), None)
        if planted is None:
            return ()
        improved = task.improve(item.question, planted.attempt, planted.truth)
        if not task.feedback(item.question, improved).is_correct:
            return ()
    except (CannotImprove, CannotJudge):
        return ()
    wrong: Attempt = planted.attempt
    return Turn.of(wrong, planted.truth), Turn.of(improved, correct(improved))
