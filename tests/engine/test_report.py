"""The report says what the store holds: what helped, by how much, and whether that is luck."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from db.records import (
    Attempt,
    Drop,
    DropStage,
    Evaluation,
    Example,
    ExampleKind,
    Item,
    Origin,
    Run,
    RunStatus,
    Split,
    StageName,
    Subtask,
    TrainStep,
    Trajectory,
)
from db.store import Store
from engine.config import Settings, settings_hash, with_values
from engine.report import Report, build_report
from engine.report_formats import to_json, to_markdown
from engine.report_tables import report_tables
from engine.statistics import Share, mcnemar
from engine.tasks import TASKS
from engine.trajectory import UPDATE_PREFIX

TASK = "multistep_arithmetic"
HINT = TASKS[TASK].hint


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "tripost.db") as store:
        yield store


@pytest.fixture
def run(store: Store) -> Run:
    settings = with_values(Settings(), {"run.seed": 7, "train.epochs": 2})
    return store.create_run(
        seed=7,
        iterations=3,
        config=settings.model_dump(mode="json"),
        config_hash=settings_hash(settings),
        versions={"torch": "2.13.0", "tripost-tui": "0.1.0"},
        student="embedded",
    )


def add_items(store: Store, seen: int, unseen: int, split: Split = Split.TEST) -> list[int]:
    subtasks = [Subtask.SEEN] * seen + [Subtask.UNSEEN] * unseen
    store.add_items(
        Item(
            task=TASK,
            split=split,
            subtask=subtask,
            question=f"{split} {number}",
            answer="5",
            rationale="",
        )
        for number, subtask in enumerate(subtasks)
    )
    return [item.id for item in store.items(TASK, split)]


def evaluate(
    store: Store, run: Run, iteration: int, outcomes: Sequence[tuple[int, bool, bool]], **more: Any
) -> None:
    """Evaluations of (item, first right, final right); an update wherever these differ."""
    for item, first, final in outcomes:
        values: dict[str, Any] = {
            "text": "(1) 2 + 3 = 5",
            "first_flexible": first,
            "final_flexible": final,
            "updates": int(first != final),
            "finish_reason": "stop",
            "tokens": 9,
        }
        evaluation = Evaluation(
            run_id=run.id,
            iteration=iteration,
            item_id=item,
            first_answer="5" if first else "6",
            final_answer="5" if final else "6",
            first_correct=first,
            final_correct=final,
            **(values | more),
        )
        store.add_evaluations([evaluation])


def right(items: Sequence[int], count: int) -> list[tuple[int, bool, bool]]:
    """The first ``count`` items are right, at first and finally."""
    return [(item, index < count, index < count) for index, item in enumerate(items)]


def json_of(report: Report) -> dict[str, Any]:
    """As a reader of the file gets it: it is JSON all through."""
    loaded: dict[str, Any] = json.loads(json.dumps(to_json(report), allow_nan=False))
    return loaded


def test_a_run_without_anything_has_a_report_that_says_so(store: Store, run: Run) -> None:
    report = build_report(store, run.id)
    assert report.headline == "No evaluation yet."
    text = to_markdown(report)
    for line in ("No evaluation yet.", "Nothing collected yet.", "No training yet."):
        assert f"\n{line}\n" in text
    assert json_of(report)["evaluations"] == []


def test_accuracy_is_by_seen_unseen_and_all(store: Store, run: Run) -> None:
    items = add_items(store, seen=6, unseen=4)
    evaluate(
        store, run, 0, [(item, i in (0, 6), i in (0, 1, 2, 6)) for i, item in enumerate(items)]
    )
    (evaluation,) = build_report(store, run.id).evaluations
    accuracy = evaluation.accuracy
    assert {name: one.first for name, one in accuracy.items()} == {
        "seen": Share(1, 6),
        "unseen": Share(1, 4),
        "all": Share(2, 10),
    }
    assert {name: one.final for name, one in accuracy.items()} == {
        "seen": Share(3, 6),
        "unseen": Share(1, 4),
        "all": Share(4, 10),
    }


def test_a_group_without_items_is_left_out(store: Store, run: Run) -> None:
    evaluate(store, run, 0, right(add_items(store, seen=3, unseen=0), 1))
    (evaluation,) = build_report(store, run.id).evaluations
    assert set(evaluation.accuracy) == {"seen", "all"}


def test_flexible_answers_count_beside_the_strict_ones(store: Store, run: Run) -> None:
    items = add_items(store, seen=4, unseen=0)
    evaluate(store, run, 0, right(items, 1), first_flexible=True, final_flexible=True)
    (evaluation,) = build_report(store, run.id).evaluations
    assert evaluation.accuracy["all"].final == Share(1, 4)
    assert evaluation.accuracy["all"].final_flexible == Share(4, 4)


def test_updates_are_counted_by_what_they_did(store: Store, run: Run) -> None:
    items = add_items(store, seen=8, unseen=0)
    evaluate(store, run, 0, right(items, 4))
    evaluate(store, run, 1, [(item, False, True) for item in items[:3]])
    evaluate(store, run, 1, [(item, True, False) for item in items[3:4]])
    evaluate(store, run, 1, [(items[4], False, False)], updates=2)
    evaluate(store, run, 1, right(items[5:7], 2))
    evaluate(store, run, 1, right(items[7:], 0), finish_reason="length")
    evaluation = build_report(store, run.id).evaluations[1]
    assert evaluation.updated == Share(5, 8)
    assert evaluation.wrong_to_right == Share(3, 8)
    assert evaluation.right_to_wrong == Share(1, 8)
    assert evaluation.unchanged == Share(1, 5)
    assert evaluation.cut_off == Share(1, 8)


def test_an_update_that_repeats_the_first_attempt_is_a_collapse(store: Store, run: Run) -> None:
    items = add_items(store, seen=3, unseen=0)
    wrong, repaired = (f"(1) 2 + 3 = {n}.\n(Final response) So the answer is {n}." for n in (6, 5))
    feedback = '\nFeedback: In step (1) the part "6" is incorrect. This is because 2 + 3 = 5.\n'
    update = f"{UPDATE_PREFIX}{HINT}\n"
    outcome = (False, False)
    evaluate(store, run, 0, [(items[0], *outcome)], text=wrong)
    evaluate(
        store, run, 0, [(items[1], *outcome)], text=wrong + feedback + update + wrong, updates=1
    )
    evaluate(
        store, run, 0, [(items[2], *outcome)], text=wrong + feedback + update + repaired, updates=1
    )
    (evaluation,) = build_report(store, run.id).evaluations
    assert evaluation.collapsed == Share(1, 2)


def test_an_iteration_is_compared_with_the_start_item_by_item(store: Store, run: Run) -> None:
    items = add_items(store, seen=100, unseen=100)
    evaluate(store, run, 0, right(items, 100))
    evaluate(store, run, 3, [*right(items[1:], 119), (items[0], True, False)])
    report = build_report(store, run.id)
    comparison = report.evaluations[1].against_start
    assert comparison is not None
    assert (comparison.pairs, comparison.fixed, comparison.broken) == (200, 20, 1)
    assert comparison.difference == pytest.approx(0.095)
    assert comparison.p == mcnemar(20, 1)
    assert comparison.interval.low < 0.095 < comparison.interval.high
    assert report.headline == (
        "After 3 iterations the student answers 59.5% of 200 test items right: "
        "better than the start by 9.5 points, p < 0.0001."
    )


def test_what_may_be_luck_is_called_so(store: Store, run: Run) -> None:
    items = add_items(store, seen=100, unseen=0)
    evaluate(store, run, 0, right(items, 50))
    evaluate(store, run, 1, right(items, 53))
    assert build_report(store, run.id).headline == (
        "After 1 iteration the student answers 53.0% of 100 test items right: "
        "not distinguishable from luck (p = 0.25)."
    )


def test_what_got_worse_is_called_so(store: Store, run: Run) -> None:
    items = add_items(store, seen=100, unseen=0)
    evaluate(store, run, 0, right(items, 50))
    evaluate(store, run, 1, right(items, 40))
    assert "worse than the start by 10.0 points, p = 0.002." in build_report(store, run.id).headline


def test_only_items_that_both_have_are_compared(store: Store, run: Run) -> None:
    items = add_items(store, seen=10, unseen=0)
    evaluate(store, run, 0, right(items[:6], 0))
    evaluate(store, run, 1, right(items[4:], 6))
    evaluate(store, run, 2, right(items[6:], 4))
    first, second = build_report(store, run.id).evaluations[1:]
    assert first.against_start is not None
    assert first.against_start.pairs == 2
    assert second.against_start is None


def test_an_evaluation_under_way_is_called_so(store: Store, run: Run) -> None:
    items = add_items(store, seen=10, unseen=0)
    stage = store.start_stage(run.id, 0, StageName.EVALUATE, 10)
    evaluate(store, run, 0, right(items[:4], 2))
    report = build_report(store, run.id)
    assert not report.evaluations[0].complete
    assert "so far: the evaluation has done 4 of 10" in report.headline
    assert "Iteration 0 is under way: 4 of 10 items." in to_markdown(report)
    store.finish_stage(stage.id)
    assert build_report(store, run.id).evaluations[0].complete


def test_what_was_collected_and_trained_on_is_counted(store: Store, run: Run) -> None:
    items = add_items(store, seen=8, unseen=0, split=Split.TRAIN)
    attempts = store.add_attempts(
        Attempt(
            run_id=run.id,
            iteration=1,
            pass_=0,
            item_id=item,
            text="(1)",
            seed=1,
            temperature=1.0,
            finish_reason="stop",
            tokens=3,
        )
        for item in items
    )
    origins = [Origin.CORRECT, Origin.EDITED, Origin.EDITED, Origin.EDITED, Origin.TRUNCATED]
    store.add_edits(
        [
            Trajectory(
                run_id=run.id,
                iteration=1,
                attempt_id=attempt,
                item_id=item,
                origin=origin,
                text="",
                updates=1,
            )
            for attempt, item, origin in zip(attempts, items, origins, strict=False)
        ],
        [
            Drop(
                run_id=run.id,
                iteration=1,
                stage=DropStage.EDIT,
                reason=reason,
                attempt_id=attempt,
            )
            for attempt, reason in zip(
                attempts[5:], ["too long", "too long", "no answer"], strict=True
            )
        ],
    )
    kinds = [ExampleKind.IMPROVING] * 3 + [ExampleKind.NON_IMPROVING] * 2
    kinds += [ExampleKind.GROUND_TRUTH] * 2
    store.add_examples(
        Example(
            run_id=run.id,
            iteration=1,
            item_id=items[0],
            kind=kind,
            segments=(("text", 1.0),),
            text_hash=str(number),
            selected=number != 6,
            drop_reason="surplus" if number == 6 else None,
        )
        for number, kind in enumerate(kinds)
    )
    report = build_report(store, run.id)
    (collection,) = report.collections
    assert (collection.attempts, collection.trajectories) == (8, 5)
    assert collection.kept == {Origin.CORRECT: 1, Origin.EDITED: 3, Origin.TRUNCATED: 1}
    assert collection.dropped == {"too long": 2, "no answer": 1}
    assert collection.left_out == {"surplus": 1}
    assert collection.improving == Share(3, 6)
    assert report.wanted_p == pytest.approx(3 / 7)
    assert "| 1 | attempt | too long | 2 |" in to_markdown(report)
    assert json_of(report)["collections"][0]["p"] == 0.5


def test_a_loss_that_was_no_number_is_told_as_such(store: Store, run: Run) -> None:
    store.add_train_steps(
        TrainStep(
            run_id=run.id,
            iteration=1,
            step=step,
            epoch=step / 2,
            loss=loss,
            learning_rate=1e-4,
            grad_norm=1.0,
            tokens=1000,
            weighted_tokens=400,
            seconds=2.0,
        )
        for step, loss in enumerate([2.5, 1.25, float("nan")], start=1)
    )
    report = build_report(store, run.id)
    (training,) = report.trainings
    assert (training.steps, training.tokens, training.weighted_tokens) == (3, 3000, 1200)
    assert (training.first_loss, training.last_loss, training.seconds) == (2.5, None, 6.0)
    assert "| 1 | 3 | 3,000 | 1,200 | 2.5000 | NaN | 6.0 s |" in to_markdown(report)
    assert json_of(report)["trainings"][0]["last_loss"] is None


def test_the_speed_of_training_is_told_with_the_share_of_what_the_device_can_do(
    store: Store, run: Run
) -> None:
    store.add_train_steps(
        TrainStep(
            run_id=run.id,
            iteration=1,
            step=step,
            epoch=step / 2,
            loss=1.0,
            learning_rate=1e-4,
            grad_norm=1.0,
            tokens=4000,
            weighted_tokens=400,
            seconds=2.0,
            memory_bytes=step * 10**9,
            micro_tokens=2048,
        )
        for step in (1, 2)
    )
    text = to_markdown(build_report(store, run.id))
    assert "| 1 | 2,000 | – | 2,048 | 2.00 GB |" in text
    stage = store.start_stage(run.id, 1, StageName.TRAIN, 2)
    store.finish_stage(stage.id, {"flops_per_token": 12 * 10**9, "peak_tflops": 50.0})
    report = build_report(store, run.id)
    assert "| 1 | 2,000 | 48.0% | 2,048 | 2.00 GB |" in to_markdown(report)
    assert json_of(report)["trainings"][0]["share_of_peak"] == pytest.approx(0.48)


def test_working_time_is_told_by_stage(store: Store, run: Run) -> None:
    for name, seconds in ((StageName.SAMPLE, 75.0), (StageName.EDIT, 0.5)):
        stage = store.start_stage(run.id, 1, name, 10)
        store.advance_stage(stage.id, 10, seconds)
        store.finish_stage(stage.id)
    text = to_markdown(build_report(store, run.id))
    assert "| 1 | 1 min 15 s | 0.5 s | – | – | – |" in text
    assert "Working time in all: 1 min 16 s." in text


def test_settings_that_differ_from_the_defaults_are_told(store: Store, run: Run) -> None:
    text = to_markdown(build_report(store, run.id))
    assert "| train.epochs | 2 | 4 |" in text
    assert "| run.seed | 7 | 1 |" in text
    assert "train.clip" not in text
    assert "| torch | 2.13.0 |" in text


def test_a_run_of_an_older_version_with_other_settings_has_a_report(store: Store) -> None:
    run = store.create_run(
        seed=1, iterations=1, config={"x": 1}, config_hash="", versions={}, student="embedded"
    )
    evaluate(store, run, 0, right(add_items(store, seen=2, unseen=0), 1), updates=1)
    report = build_report(store, run.id)
    assert report.evaluations[0].collapsed is None
    assert report.wanted_p is None
    assert "| x | 1 | – |" in to_markdown(report)
    assert json_of(report)["evaluations"][0]["collapsed"] is None


def test_a_reason_from_elsewhere_is_no_markup(store: Store, run: Run) -> None:
    store.set_run_status(run.id, RunStatus.FAILED, "a | b\n# c <script> `x` \x1b[31m [y](z) *d*")
    text = to_markdown(build_report(store, run.id))
    (line,) = [line for line in text.splitlines() if "failed: " in line]
    assert line == r"| Status | failed: a \| b # c \<script> \`x\`  \[31m \[y\](z) \*d\* |"


def test_every_table_has_rows_as_wide_as_its_head_or_a_note(store: Store, run: Run) -> None:
    evaluate(store, run, 0, right(add_items(store, seen=2, unseen=2), 1))
    for table in report_tables(build_report(store, run.id)):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(column < len(table.columns) for column in table.numbers)
        assert table.rows or table.note
