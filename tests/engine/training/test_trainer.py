"""Training is exact: taken up it goes on bit by bit, and each token counts with its weight."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_students import load, questions
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast

import engine.training.trainer
from engine.settings import TrainSettings
from engine.student.model import Student
from engine.student.text_format import TextFormat
from engine.training.checkpoints import load_state, save_state
from engine.training.encoding import Encoded, encode
from engine.training.trainer import StepResult, Trainer, learning_rate_at, plan_steps
from engine.trajectory import prompt

HINT = " Recall."
Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def rows(tokenizer: PreTrainedTokenizerFast) -> list[Encoded]:
    """Rationales of different lengths, weighted unevenly."""
    return [
        encode(
            TextFormat(tokenizer),
            [
                (prompt(item.question, HINT), 0.0),
                (item.rationale[: 30 + 5 * index], 1.0),
                (item.rationale[30 + 5 * index : 60 + 5 * index], 1.5),
            ],
        )
        for index, item in enumerate(questions(8))
    ]


def settings(**values: Any) -> TrainSettings:
    given: dict[str, Any] = {"epochs": 3, "learning_rate": 0.01, "batch_tokens": 220}
    return TrainSettings.model_validate(given | values)


def weights_of(student: Student) -> Weights:
    return {name: w.detach().clone() for name, w in student.trained_weights().items()}


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def numbers(results: Sequence[StepResult]) -> list[tuple[float, ...]]:
    """All of the results but how long they took."""
    return [
        (r.step, r.epoch, r.loss, r.learning_rate, r.grad_norm, r.tokens, r.weighted_tokens)
        for r in results
    ]


ADAPTERS = {
    "full": {"adapter": "full"},
    "lora": {"adapter": "lora", "lora_rank": 4, "lora_dropout": 0.2},
    "bf16": {"adapter": "full", "precision": "bf16"},
    "bf16 lora": {"adapter": "lora", "lora_rank": 4, "precision": "bf16"},
}


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
def test_taken_up_at_any_step_it_is_as_if_it_had_never_stopped(
    random_student: Path, rows: list[Encoded], tmp_path: Path, adapter: dict[str, Any]
) -> None:
    student = load(random_student, **adapter)
    trainer = Trainer(student, rows, settings(), seed=5)
    results = []
    for result in trainer.steps():
        save_state(trainer.state(), tmp_path / f"after{trainer.next_step}")
        results.append(result)
    assert len(results) == len(trainer.plans) >= 6
    final = weights_of(student)
    for cut in range(1, len(results)):
        other = load(random_student, **adapter)
        resumed = Trainer(other, rows, settings(), seed=5)
        resumed.restore(load_state(tmp_path / f"after{cut}"))
        torch.rand(cut)  # whatever else draws random numbers
        resumed.restore(load_state(tmp_path / f"after{cut}"))
        assert numbers(list(resumed.steps())) == numbers(results[cut:])
        assert same(weights_of(other), final)


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_the_same_seed_gives_the_same_training_and_another_another(
    random_student: Path, rows: list[Encoded], adapter: str
) -> None:
    def trained(seed: int) -> tuple[list[tuple[float, ...]], Weights]:
        student = load(random_student, adapter)
        results = list(Trainer(student, rows, settings(epochs=1), seed).steps())
        return numbers(results), weights_of(student)

    once, again, other = trained(1), trained(1), trained(2)
    assert once[0] == again[0]
    assert same(once[1], again[1])
    assert once[0] != other[0]


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
def test_it_learns_and_changes_nothing_but_what_it_trains(
    random_student: Path, rows: list[Encoded], adapter: dict[str, Any]
) -> None:
    student = load(random_student, **adapter)
    frozen = {
        name: p.detach().clone()
        for name, p in student.model.named_parameters()
        if not p.requires_grad
    }
    before = weights_of(student)
    results = list(Trainer(student, rows, settings(epochs=6, learning_rate=0.02), 0).steps())
    first, last = (sum(r.loss for r in part) for part in (results[:4], results[-4:]))
    assert last < 0.9 * first
    changed = weights_of(student)
    assert all(not torch.equal(changed[name], before[name]) for name in before)
    assert all(
        torch.equal(p, frozen[n]) for n, p in student.model.named_parameters() if n in frozen
    )


def test_an_adapter_starts_from_the_seeds_weights(random_student: Path) -> None:
    first, again = (weights_of(load(random_student, "lora")) for _ in range(2))
    assert same(first, again)


@pytest.mark.parametrize("normalise", ["weights", "tokens"])
def test_the_loss_is_the_weighted_mean_over_the_whole_step(
    random_student: Path, rows: list[Encoded], normalise: str
) -> None:
    student = load(random_student)
    total = weight_sum = targets = 0.0
    with torch.no_grad():
        for row in rows:
            logits = student.language_model(torch.tensor([row.ids])).logits[0, :-1]
            losses = cross_entropy(logits, torch.tensor(row.ids[1:]), reduction="none")
            weights = torch.tensor(row.weights[1:])
            total += float((losses * weights).sum())
            weight_sum += float(weights.sum())
            targets += int((weights > 0).sum())
    one_step = settings(batch_tokens=100_000, normalise=normalise, epochs=1)
    (result,) = Trainer(student, rows, one_step, 0).steps()
    divisor = weight_sum if normalise == "weights" else targets
    assert result.loss == pytest.approx(total / divisor, rel=1e-5)
    assert result.weighted_tokens == targets
    assert result.tokens == sum(map(len, rows))


@pytest.mark.parametrize("normalise", ["weights", "tokens"])
def test_how_a_step_is_cut_into_micro_batches_does_not_matter(
    random_student: Path,
    rows: list[Encoded],
    monkeypatch: pytest.MonkeyPatch,
    normalise: str,
) -> None:
    def trained(micro_tokens: int) -> tuple[list[StepResult], int, Weights]:
        monkeypatch.setattr(engine.training.trainer, "_MICRO_TOKENS", micro_tokens)
        student = load(random_student)
        wanted = settings(epochs=1, batch_tokens=500, normalise=normalise)
        micro_batches = 0

        def count() -> None:
            nonlocal micro_batches
            micro_batches += 1

        results = list(Trainer(student, rows, wanted, 0).steps(count))
        return results, micro_batches, weights_of(student)

    one_row, all_rows = trained(1), trained(100_000)
    assert one_row[1] == len(rows)
    assert all_rows[1] == len(all_rows[0])
    for single, joint in zip(one_row[0], all_rows[0], strict=True):
        assert single.loss == pytest.approx(joint.loss, rel=1e-4)
        assert single.grad_norm == pytest.approx(joint.grad_norm, rel=1e-3)


def test_clipping_bounds_the_step_and_zero_is_no_clipping(
    random_student: Path, rows: list[Encoded]
) -> None:
    norms = [
        next(Trainer(load(random_student), rows, settings(clip=clip), 0).steps()).grad_norm
        for clip in (0.0, 1e-3, 1000.0)
    ]
    assert norms[0] == norms[1] == norms[2]
    student = load(random_student)
    before = weights_of(student)
    next(Trainer(student, rows, settings(clip=0.0, weight_decay=0.0), 0).steps())
    assert not same(weights_of(student), before)


lengths = st.lists(st.integers(2, 30), min_size=1, max_size=12)


def encoded(length: int) -> Encoded:
    return Encoded(tuple(range(length)), (0.0, *[1.0] * (length - 1)))


@given(lengths, st.integers(16, 60), st.integers(1, 4), st.integers(0, 99))
def test_each_epoch_has_every_example_once(
    sizes: list[int], batch_tokens: int, epochs: int, seed: int
) -> None:
    rows = [encoded(size) for size in sizes]
    plans = plan_steps(rows, settings(batch_tokens=batch_tokens, epochs=epochs), seed)
    taken = [index for plan in plans for index in plan.rows]
    for epoch in range(epochs):
        part = taken[epoch * len(rows) : (epoch + 1) * len(rows)]
        assert sorted(part) == list(range(len(rows)))
    assert len(taken) == epochs * len(rows)
    assert plans[-1].epoch == epochs
    assert all(before.epoch < after.epoch for before, after in pairwise(plans))
    assert plans == plan_steps(rows, settings(batch_tokens=batch_tokens, epochs=epochs), seed)


@given(lengths, st.integers(1, 500), st.integers(0, 99))
def test_a_token_budget_is_met_to_within_one_step(sizes: list[int], budget: int, seed: int) -> None:
    rows = [encoded(size) for size in sizes]
    # Epochs count for nothing: few examples are passed over more often, many in part.
    plans = plan_steps(rows, settings(batch_tokens=40, epochs=1, token_budget=budget), seed)
    tokens = [sum(sizes[index] for index in plan.rows) for plan in plans]
    assert sum(tokens) >= budget > sum(tokens[:-1])


def test_nothing_to_train_on_is_no_step() -> None:
    assert plan_steps([], settings(token_budget=100), 0) == []


def test_examples_come_in_another_order_in_each_epoch_and_for_each_seed() -> None:
    rows = [encoded(10)] * 8
    orders = [
        [index for plan in plan_steps(rows, settings(epochs=2), seed) for index in plan.rows]
        for seed in (0, 1)
    ]
    assert len({tuple(part) for order in orders for part in (order[:8], order[8:])}) == 4


def rates(**values: Any) -> list[float]:
    wanted = settings(learning_rate=0.5, **values)
    return [learning_rate_at(step, 10, wanted) for step in range(10)]


def test_the_learning_rate_warms_up_and_falls_as_the_schedule_says() -> None:
    assert rates(schedule="constant", warmup=0.0) == [0.5] * 10
    assert rates(schedule="constant", warmup=0.4) == pytest.approx([0.125, 0.25, 0.375, *[0.5] * 7])
    assert rates(schedule="linear", warmup=0.0) == pytest.approx(
        [0.05 * n for n in range(10, 0, -1)]
    )
    assert rates(schedule="linear", warmup=0.2) == pytest.approx(
        [0.25, 0.5, *(0.0625 * n for n in range(8, 0, -1))]
    )
    assert rates(schedule="cosine", warmup=0.0) == pytest.approx(
        [0.25 * (1 + math.cos(math.pi * n / 10)) for n in range(10)]
    )
    assert rates(schedule="cosine", warmup=1.0) == pytest.approx([0.05 * n for n in range(1, 11)])


@given(
    st.integers(1, 50),
    st.sampled_from(["cosine", "linear", "constant"]),
    st.floats(0, 1, allow_nan=False),
)
def test_the_learning_rate_is_positive_and_never_above_its_setting(
    steps: int, schedule: str, warmup: float
) -> None:
    wanted = settings(learning_rate=0.5, schedule=schedule, warmup=warmup)
    found = [learning_rate_at(step, steps, wanted) for step in range(steps)]
    assert all(0 < rate <= 0.5 for rate in found)
    peak = found.index(max(found))
    assert found[: peak + 1] == sorted(found[: peak + 1])
    assert found[peak:] == sorted(found[peak:], reverse=True)


def test_each_step_uses_its_learning_rate(random_student: Path, rows: list[Encoded]) -> None:
    trainer = Trainer(load(random_student), rows, settings(warmup=0.3), 0)
    found = [result.learning_rate for result in trainer.steps()]
    steps = len(trainer.plans)
    assert found == [learning_rate_at(step, steps, settings(warmup=0.3)) for step in range(steps)]


def test_a_loss_that_is_no_number_ends_training_and_leaves_the_weights(
    random_student: Path, rows: list[Encoded]
) -> None:
    student = load(random_student)
    trainer = Trainer(student, rows, settings(), 0)
    steps = trainer.steps()
    assert next(steps).is_finite
    with torch.no_grad():
        student.head.weight[7] = torch.nan
    before = weights_of(student)
    broken = next(steps)
    assert math.isnan(broken.loss)
    assert (broken.step, broken.is_finite) == (2, False)
    assert list(steps) == []
    assert trainer.next_step == trainer.state().step == 1
    for name, weight in weights_of(student).items():
        assert torch.equal(weight.nan_to_num(9), before[name].nan_to_num(9))
