"""The first rows of a run: the run itself, and the questions of its project."""

from __future__ import annotations

import importlib.metadata
import sqlite3

from db.records import Level, Run, Split, Subtask
from db.store import Store
from engine.config import settings_hash
from engine.errors import RunFailed
from engine.methods import iterations_of
from engine.settings import Settings
from engine.task_setup import left_out
from engine.tasks.base import Task, mixed_subtasks

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "safetensors", "tripost-tui")


def new_run(settings: Settings, store: Store) -> Run:
    """Store a new run, which has not begun yet."""
    return store.create_run(
        seed=settings.run.seed,
        iterations=iterations_of(settings),
        config=settings.model_dump(mode="json"),
        config_hash=settings_hash(settings),
        versions=versions(),
        student=settings.student.path,
    )


def make_items(settings: Settings, store: Store, run: Run, task: Task) -> None:
    """Generate the items once; test first, then dev, so that training takes what is left.

    Raises:
        RunFailed: a question would be in two splits.
    """
    there = {item.question for item in store.items(task.name)}
    wanted = settings.task
    plan = (
        (Split.TEST, mixed_subtasks(wanted.test_items, wanted.unseen_share), wanted.test_items),
        (Split.DEV, (Subtask.SEEN,), wanted.dev_items),
        (Split.TRAIN, (Subtask.SEEN,), wanted.train_items),
    )
    if there:
        return
    with store.transaction():
        for split, subtasks, count in plan:
            items = task.generate(split, subtasks, count, wanted.seed, there)
            if store.add_items(items) != len(items):
                raise RunFailed(f"The {split} questions repeat questions of another split.")
            there.update(item.question for item in items)
        if problems := left_out(task):
            store.add_event(run.id, "alert", problems, level=Level.WARNING)


def versions() -> dict[str, str]:
    """Return the versions of what a run's results may depend on, by package."""
    found = {"sqlite": sqlite3.sqlite_version}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found
