"""The tasks, by name."""

from __future__ import annotations

from collections.abc import Sequence

from engine.tasks.base import Task
from engine.tasks.date_understanding import DateUnderstanding
from engine.tasks.logical_deduction import LogicalDeduction
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.word_sorting import WordSorting

_BUILT_IN: tuple[type[Task], ...] = (
    MultistepArithmetic,
    WordSorting,
    DateUnderstanding,
    LogicalDeduction,
)
TASKS: dict[str, type[Task]] = {task.name: task for task in _BUILT_IN}


def make_task(name: str, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> Task:
    """Return a task; ``seen`` and ``unseen`` name difficulties in its own notation.

    Raises:
        ValueError: a difficulty that the task does not know; the text says what it knows.
        KeyError: no such task.
    """
    return TASKS[name](seen, unseen)
