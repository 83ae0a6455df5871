"""Training is exact: taken up it goes on bit by bit, and each token counts with its weight."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_students import load
from torch.nn.functional import cross_entropy
from trainings import frozen_weights, numbers, same, settings, weighted_rows, weights_of

from engine.training.checkpoints import load_state, save_state
from engine.training.encoding import Encoded
from engine.training.schedule import learning_rate_at
from engine.training.trainer import StepResult, Trainer


@pytest.fixture(scope="module")
def rows() -> list[Encoded]:
    return weighted_rows()


LORA = {"adapter": "lora", "lora_rank": 4, "quantisation": "none"}
NF4 = LORA | {"quantisation": "nf4"}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "full": ({"adapter": "full"}, {}),
    "full, 8-bit state": ({"adapter": "full"}, {"optimizer": "adamw_8bit"}),
    "full bf16": ({"adapter": "full", "precision": "bf16"}, {}),
    "full fp16": ({"adapter": "full", "precision": "fp16"}, {}),
    "lora": (LORA | {"lora_dropout": 0.2}, {}),
    "lora bf16": (LORA | {"precision": "bf16"}, {}),
    "rank-stabilised, some layers": (
        LORA | {"lora_rs": True, "lora_targets": ("q_proj", "down_proj")},
        {},
    ),
    "nf4": (NF4 | {"lora_dropout": 0.2}, {"optimizer": "adamw_8bit"}),
    "nf4 bf16, packed, checkpointing": (
        NF4 | {"precision": "bf16", "lora_dropout": 0.1},
        {"packing": "on", "gradient_checkpointing": "on", "optimizer": "adamw_8bit"},
    ),
    "nf4 fp16": (NF4 | {"precision": "fp16"}, {}),
}
"""Settings of the student and of training: everything that a hobbyist may combine."""
kinds = pytest.mark.parametrize(("student", "train"), KINDS.values(), ids=KINDS.keys())


@kinds
def test_taken_up_at_any_step_it_is_as_if_it_had_never_stopped(
    random_student: Path,
    rows: list[Encoded],
    tmp_path: Path,
    student: dict[str, Any],
    train: dict[str, Any],
) -> None:
    first = load(random_student, **student)
    trainer = Trainer(first, rows, settings(**train), seed=5)
    assert (trainer.why_padded is None) == (train.get("packing") == "on")
    results = []
    for result in trainer.steps():
        save_state(trainer.state(), tmp_path / f"after{trainer.next_step}")
        results.append(result)
    assert len(results) == len(trainer.plans) >= 6
    final = weights_of(first)
    for cut in range(1, len(results)):
        other = load(random_student, **student)
        resumed = Trainer(other, rows, settings(**train), seed=5)
        resumed.restore(load_state(tmp_path / f"after{cut}"))
        torch.rand(cut)  # whatever else draws random numbers
        resumed.restore(load_state(tmp_path / f"after{cut}"))
        assert numbers(list(resumed.steps())) == numbers(results[cut:])
        assert same(weights_of(other), final)


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_the_same_seed_gives_the_same_training_and_another_another(
    random_student: Path, rows: list[Encoded], adapter: str
) -> None:
    def trained(seed: int) -> tuple[list[tuple[float, ...]], dict[str, torch.Tensor]]:
        student = load(random_student, adapter)
        results = list(Trainer(student, rows, settings(epochs=1), seed).steps())
        return numbers(results), weights_of(student)

    once, again, other = trained(1), trained(1), trained(2)
    assert once[0] == again[0]
    assert same(once[1], again[1])
    assert once[0] != other[0]


@kinds
def test_it_learns_and_changes_nothing_but_what_it_trains(
    random_student: Path, rows: list[Encoded], student: dict[str, Any], train: dict[str, Any]
) -> None:
    learner = load(random_student, **student)
    frozen, before = frozen_weights(learner), weights_of(learner)
    wanted = settings(epochs=6, learning_rate=0.02, **train)
    results = list(Trainer(learner, rows, wanted, 0).steps())
    first, last = (sum(r.loss for r in part) for part in (results[:4], results[-4:]))
    assert last < 0.9 * first
    changed = weights_of(learner)
    assert all(not torch.equal(changed[name], before[name]) for name in before)
    assert {weight.dtype for weight in changed.values()} == {torch.float32}
    assert same(frozen_weights(learner), frozen)


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
    normalise: str,
) -> None:
    def trained(micro_tokens: int) -> tuple[list[StepResult], int]:
        student = load(random_student)
        wanted = settings(
            epochs=1, batch_tokens=500, normalise=normalise, micro_tokens=micro_tokens
        )
        micro_batches = 0

        def count() -> None:
            nonlocal micro_batches
            micro_batches += 1

        results = list(Trainer(student, rows, wanted, 0).steps(count))
        return results, micro_batches

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
