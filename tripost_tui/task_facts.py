"""What there is to tell of a task, as data: for JSON, and for `tripost_tui.task_text`."""

from __future__ import annotations

from typing import Any

from db.records import Item, Split, Subtask
from engine.tasks import TASKS
from engine.tasks.base import BuiltInTask, Task
from engine.tasks.own import OwnTask
from engine.tasks.trial import with_answer

_LOOKED_AT = 20


def about(task: type[BuiltInTask]) -> dict[str, Any]:
    """Return what distinguishes a built-in task."""
    return {
        "name": task.name,
        "title": task.title,
        "seen": list(task.paper_seen),
        "unseen": list(task.paper_unseen),
        "notation": task.notation,
    }


def all_about(task: Task) -> dict[str, Any]:
    """Return all about a task, with an example; no script of the person's is run."""
    if isinstance(task, OwnTask):
        return _own(task)
    items = task.generate(Split.TRAIN, [Subtask.SEEN], _LOOKED_AT, seed=1)
    return {
        **about(TASKS[task.name]),
        "hint": task.hint,
        "example": _example(items[0]),
        "wrong_attempt": _wrong_attempt(task, items),
    }


def _own(task: OwnTask) -> dict[str, Any]:
    folder, settings = task.folder, task.folder.settings
    named = {"feedback": settings.feedback, "improve": settings.improve}
    first = next((row for row in folder.rows if row.rationale), next(iter(folder.rows), None))
    example = None
    if first is not None:
        example = {"question": first.asked, "answer": first.answer}
        if first.rationale is not None:
            example["rationale"] = task.rationale(first.asked).text
    return {
        "name": task.name,
        "title": task.title,
        "folder": str(folder.path),
        "hint": task.hint,
        "answer": settings.answer.model_dump(),
        "scripts": {name: part.script for name, part in named.items() if part is not None},
        "rows": task.row_counts(),
        "subtasks": sorted({row.subtask for row in folder.rows}),
        "problems": sum(folder.counts.values()),
        "example": example,
    }


def _example(item: Item) -> dict[str, str]:
    return {"question": item.question, "answer": item.answer, "rationale": item.rationale}


def _wrong_attempt(task: Task, items: list[Item]) -> dict[str, str]:
    """Plant another question's answer, and let the script find it."""
    item = items[0]
    other = next(one.answer for one in items if one.answer != item.answer)
    wrong = with_answer(item, other)
    return {"attempt": wrong.text, "feedback": task.feedback(item.question, wrong).render()}
