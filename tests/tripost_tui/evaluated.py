"""A project with a run whose tests are made by hand: which items are right is written down."""

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import recorded

from db.records import (
    Evaluation,
    Item,
    RunStatus,
    Split,
    StageName,
    Subtask,
)
from db.store import Store
from engine.config import demo_settings
from engine.project import Project
from engine.task_setup import hint_of

TASK = recorded.TASK

# One sign for each item: r right at first and at the end, u right after an update, s spoiled by
# one, w wrong throughout, f wrong but right when it is read flexibly.
START = "rrrrrrrwwwwwwwwwwwwf"
FIRST = "rrrrrswwuuwwwwwwwwwf"
SECOND = "rrrrrwwuuuuuurwwwwwf"
"""From `START` to `SECOND` 7 items go from wrong to right and 2 back; 5 stay right, 6 wrong."""
BETTER = "rrrrrrruuuuuuuurwwwf"
"""From `START` 9 items go from wrong to right and none back."""
STANDARD = (START, FIRST, SECOND)


def evaluated_project(
    folder: Path,
    tests: Sequence[str] = STANDARD,
    *,
    done: int | None = None,
    iterations: int = 3,
    status: RunStatus | None = None,
    offset: int = 0,
    copies: int = 1,
) -> Project:
    """A project with a run that has been tested so after each iteration from the start on.

    Of the last test ``done`` items have been answered, all when None. Questions begin at
    ``offset``: with another one it is another test. ``copies`` repeats the signs, for more items.
    """
    project = recorded.new_project(folder)
    with (
        patch("time.time", recorded.Clock(recorded.BEGIN)),
        Store.open(project.db_path) as store,
        store.transaction(),
    ):
        length = max((len(signs) for signs in tests), default=20) * copies
        # Rows of training in between, so that ids of items tell nothing of their place.
        store.add_items(_item(n, Split.TRAIN) for n in range(5_000, 5_003 + offset % 7))
        store.add_items(_item(n + offset, Split.TEST) for n in range(length))
        add_run(store, [signs * copies for signs in tests], done, iterations, status)
    return project


def add_run(
    store: Store,
    tests: Sequence[str],
    done: int | None = None,
    iterations: int = 3,
    status: RunStatus | None = None,
) -> int:
    """Another run on the project's items; return its id."""
    run_id = store.create_run(
        seed=1,
        iterations=iterations,
        config=demo_settings().model_dump(mode="json"),
        config_hash="0" * 64,
        versions={},
        student="embedded",
    ).id
    store.set_run_status(run_id, RunStatus.RUNNING)
    for iteration, signs in enumerate(tests):
        answered = done if done is not None and iteration == len(tests) - 1 else len(signs)
        evaluate(store, run_id, iteration, signs, 0, answered)
    if status is not None:
        store.set_run_status(run_id, status, "by the test's wish")
    return run_id


def evaluate(store: Store, run_id: int, iteration: int, signs: str, begin: int, end: int) -> None:
    """Store the tests of items from ``begin`` to ``end``; the last of them finishes the stage."""
    items = store.items(TASK, Split.TEST)
    stage = store.start_stage(run_id, iteration, StageName.EVALUATE, len(signs))
    store.add_evaluations(
        _evaluation(run_id, iteration, item, sign)
        for item, sign in list(zip(items, signs, strict=True))[begin:end]
    )
    store.advance_stage(stage.id, end, 1.0)
    if end == len(signs):
        store.finish_stage(stage.id)


def _item(n: int, split: Split) -> Item:
    return Item(
        task=TASK,
        split=split,
        subtask=Subtask.UNSEEN if n % 2 else Subtask.SEEN,
        question=f"({n} * {n} - 1) =",
        answer=str(n * n - 1),
        rationale=_attempt(n, n * n - 1),
    )


def _attempt(n: int, answer: int) -> str:
    return (
        f"(1) Let's calculate {n} * {n} = {answer + 1}.\n"
        f"(2) Then, the final equation is {answer + 1} - 1 = {answer}.\n"
        f"(Final response) So the answer is {answer}."
    )


def _evaluation(run_id: int, iteration: int, item: Item, sign: str) -> Evaluation:
    right = int(item.answer)
    n = round((right + 1) ** 0.5)
    wrong = right + 10 + iteration
    praise = "Feedback: Steps (1) to (2) are correct. The final response is also correct."
    flagged = 'Feedback: In step (1) the part "{0}" is incorrect. This is because {1} is {2}.'
    answers = {"r": (right,), "u": (wrong, right), "s": (right, wrong)}.get(sign, (wrong,))
    text = _attempt(n, answers[0])
    if len(answers) > 1:
        text += (
            f"\n{flagged.format(f'{n} * {n} = {answers[0] + 1}', f'{n} * {n}', answers[1] + 1)}"
            f"\nUpdated Answer: Let's think step by step.{hint_of(TASK)}\n"
            f"{_attempt(n, answers[1])}"
        )
    return Evaluation(
        run_id=run_id,
        iteration=iteration,
        item_id=item.id,
        text=f"{text}\n{praise}",
        first_answer=str(answers[0]),
        final_answer=None if sign == "f" else str(answers[-1]),
        first_correct=sign in "rs",
        final_correct=sign in "ru",
        first_flexible=sign in "rsf",
        final_flexible=sign in "ruf",
        updates=len(answers) - 1,
        finish_reason="eos",
        tokens=100,
    )
