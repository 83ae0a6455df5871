"""What TriPosT and its controls train on, by real engine processes."""

from collections import Counter
from pathlib import Path

import pytest
from engines import TRAINING_ALONE, Engines, run_of, undisturbed

from db.records import ExampleKind
from db.store import Store


def test_gold_rationales_alone_are_trained_on_without_sampling(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = {**TRAINING_ALONE, "train.token_budget": 1500}
    rows = undisturbed(engines, tmp_path / "p", able_student, values).rows
    assert rows.attempts == rows.trajectories == []
    assert {e.kind for e in rows.examples} == {ExampleKind.GROUND_TRUTH}
    assert not any("Feedback:" in text for e in rows.examples for text, _ in e.segments)
    tokens = [step.tokens for step in rows.train_steps]
    assert sum(tokens) >= 1500 > sum(tokens[:-1])


@pytest.mark.parametrize(("items", "warned"), [(8, False), (11, True), (16, False)])
def test_few_spare_questions_for_gold_rationales_are_told(
    engines: Engines, able_student: Path, tmp_path: Path, items: int, warned: bool
) -> None:
    values = {
        "run.iterations": 1,
        "task.train_items": items,
        "task.test_items": 0,
        "collect.questions": 8,
        "collect.passes": 1,
    }
    project = undisturbed(engines, tmp_path / "p", able_student, values).project
    with Store.open(project.db_path, readonly=True) as store:
        alerts = [e.message for e in store.events(run_of(project).id) if e.kind == "alert"]
    assert (
        alerts
        == [
            "iteration 1: gold rationales of 3 spare questions alone; "
            "task.train_items = 16 would give 8"
        ]
        * warned
    )


def test_rejection_sampling_trains_on_the_students_own_right_attempts(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    values = {"run.method": "lmsi", "run.iterations": 1}
    rows = undisturbed(engines, tmp_path / "p", able_student, values).rows
    right = {t.item_id: t for t in rows.trajectories}
    assert right
    assert {t.updates for t in rows.trajectories} == {0}
    assert Counter(d.reason for d in rows.drops)["answer is wrong"] > 0
    texts = ["".join(text for text, _ in e.segments) for e in rows.examples if e.selected]
    assert not any("Feedback:" in text for text in texts)
    answers = {item.id: item.answer for item in rows.items}
    for example in rows.examples:
        assert f"So the answer is {answers[example.item_id]}." in example.segments[-1][0]
