"""Rows for the store's tests: complete, small, and different where it matters."""

from pathlib import Path
from typing import Any

from db.records import (
    Attempt,
    Checkpoint,
    CheckpointKind,
    Drop,
    DropStage,
    Evaluation,
    Example,
    ExampleKind,
    Item,
    Origin,
    Run,
    Split,
    Subtask,
    TrainStep,
    Trajectory,
    Turn,
    TurnKind,
    Verdict,
)
from db.store import Store


def new_store(folder: Path) -> Store:
    return Store.create(folder / "tripost.db")


def new_run(store: Store) -> Run:
    return store.create_run(
        seed=7,
        iterations=3,
        config={"train": {"epochs": 4}},
        config_hash="c0ffee",
        versions={"torch": "2.13.0"},
        student="embedded",
    )


def item(question: str, split: Split = Split.TRAIN, subtask: Subtask = Subtask.SEEN) -> Item:
    return Item(
        task="arithmetic",
        split=split,
        subtask=subtask,
        question=question,
        answer="5",
        rationale="(1) 2 + 3 = 5",
        meta={"operands": [2, 3]},
    )


def add_items(store: Store, count: int, subtask: Subtask = Subtask.SEEN) -> list[int]:
    store.add_items(item(f"{n} + 3 ({subtask})", subtask=subtask) for n in range(count))
    return [stored.id for stored in store.items("arithmetic", subtask=subtask)]


def attempt(run_id: int, item_id: int, **changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "iteration": 1,
        "pass_": 0,
        "text": "(1) 2 + 3 = 6",
        "seed": 11,
        "temperature": 1.0,
        "finish_reason": "eos",
        "tokens": 9,
    }
    return Attempt(run_id=run_id, item_id=item_id, **(values | changes))


TURNS = (
    Turn(kind=TurnKind.ATTEMPT, author="student", text="(1) 2 + 3 = 6"),
    Turn(
        kind=TurnKind.FEEDBACK,
        author="script",
        text='In step (1) the part "2 + 3 = 6" is incorrect.',
        verdict=Verdict.INCORRECT,
        step="1",
        span="2 + 3 = 6",
        reason="2 + 3 is 5",
    ),
    Turn(kind=TurnKind.ATTEMPT, author="expert:gemma", text="(1) 2 + 3 = 5"),
    Turn(kind=TurnKind.FEEDBACK, author="script", text="Correct.", verdict=Verdict.CORRECT),
)


def trajectory(run_id: int, attempt_id: int, item_id: int, **changes: Any) -> Trajectory:
    values: dict[str, Any] = {
        "iteration": 1,
        "origin": Origin.EDITED,
        "text": "the whole text",
        "updates": 1,
        "turns": TURNS,
    }
    return Trajectory(run_id=run_id, attempt_id=attempt_id, item_id=item_id, **(values | changes))


def drop(run_id: int, reason: str, **changes: Any) -> Drop:
    values: dict[str, Any] = {"iteration": 1, "stage": DropStage.EDIT}
    return Drop(run_id=run_id, reason=reason, **(values | changes))


def example(run_id: int, item_id: int, **changes: Any) -> Example:
    values: dict[str, Any] = {
        "iteration": 1,
        "kind": ExampleKind.IMPROVING,
        "segments": (("Q: 2 + 3\n", 1.0), ("Feedback: …", 1.5)),
        "text_hash": "abc",
        "selected": True,
    }
    return Example(run_id=run_id, item_id=item_id, **(values | changes))


def train_step(run_id: int, step: int, **changes: Any) -> TrainStep:
    values: dict[str, Any] = {
        "iteration": 1,
        "epoch": step / 10,
        "loss": 2.5,
        "learning_rate": 1e-4,
        "grad_norm": 0.7,
        "tokens": 2048,
        "weighted_tokens": 900,
        "seconds": 0.4,
    }
    return TrainStep(run_id=run_id, step=step, **(values | changes))


def evaluation(run_id: int, item_id: int, first: bool, final: bool, **changes: Any) -> Evaluation:
    values: dict[str, Any] = {
        "iteration": 0,
        "text": "raw",
        "first_answer": "5" if first else "6",
        "final_answer": "5" if final else None,
        "first_correct": first,
        "final_correct": final,
        "first_flexible": first,
        "final_flexible": final,
        "updates": int(first != final),
        "finish_reason": "eos",
        "tokens": 12,
    }
    return Evaluation(run_id=run_id, item_id=item_id, **(values | changes))


def checkpoint(run_id: int, iteration: int, step: int, path: str, **changes: Any) -> Checkpoint:
    values: dict[str, Any] = {"kind": CheckpointKind.STEP, "sha256": "00"}
    return Checkpoint(run_id=run_id, iteration=iteration, step=step, path=path, **values | changes)
