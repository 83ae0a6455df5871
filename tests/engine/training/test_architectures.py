"""Every architecture that is supported, as a tiny model of its real class, in 4 bits and whole."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from architectures import ARCHITECTURES, MIX_PACKED_ROWS, save_tiny
from tiny_students import load
from torch.nn.functional import cross_entropy
from trainings import frozen_weights, numbers, same, settings, weighted_rows, weights_of

from engine.student.generation import Request, Sampler
from engine.student.merging import merged
from engine.student.model import Student
from engine.student_place import Place
from engine.training.batching import why_not_packed
from engine.training.checkpoints import load_state, load_weights, save_state, save_weights
from engine.training.encoding import Encoded
from engine.training.trainer import Trainer

NF4 = {"adapter": "lora", "lora_rank": 4, "quantisation": "nf4"}
WHOLE = {"adapter": "full"}
WAYS = {"nf4": NF4, "whole": WHOLE}
PACKING = [name for name in ARCHITECTURES if name not in MIX_PACKED_ROWS]
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


@pytest.fixture(scope="module")
def rows() -> list[Encoded]:
    return weighted_rows()


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders of tiny models, each made when it is first asked for."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = save_tiny(name, tmp_path_factory.mktemp("model"))
        return made[name]

    return folder


def shake(student: Student) -> Student:
    """Give an adapter weights that do something: half of a new one's are zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in student.trained_weights().values():
            noise = torch.randn(weight.shape, generator=generator)
            weight.add_(0.1 * noise * weight.abs().mean().clamp(min=0.05))
    return student


def naive_gradients(student: Student, rows: list[Encoded]) -> dict[str, torch.Tensor]:
    """Gradients of the weighted mean loss by the model's own logits, a row at a time."""
    total = torch.zeros(())
    student.model.eval()
    for row in rows:
        logits = student.model(input_ids=torch.tensor([row.ids]), use_cache=False).logits[0, :-1]
        losses = cross_entropy(logits.float(), torch.tensor(row.ids[1:]), reduction="none")
        total = total + (losses * torch.tensor(row.weights[1:])).sum()
    (total / sum(sum(row.weights) for row in rows)).backward()
    return gradients(student)


def gradients(student: Student) -> dict[str, torch.Tensor]:
    found = {n: w.grad.clone() for n, w in student.trained_weights().items() if w.grad is not None}
    student.model.zero_grad()
    return found


def step_gradients(
    student: Student, rows: list[Encoded], packing: str, *, packs: bool
) -> dict[str, torch.Tensor]:
    """Gradients of one optimizer step, at a learning rate too small to change anything."""
    kept: dict[str, torch.Tensor] = {}
    wanted = settings(
        epochs=1,
        batch_tokens=10_000,
        micro_tokens=300,
        packing=packing,
        clip=0.0,
        learning_rate=1e-30,
        weight_decay=0.0,
        gradient_checkpointing="on",
    )
    trainer = Trainer(student, rows, wanted, 0)
    assert (trainer.why_padded is None) == (packs and packing == "on")
    hooks = [
        weight.register_post_accumulate_grad_hook(
            lambda w, name=name: kept.__setitem__(name, w.grad.detach().clone())
        )
        for name, weight in student.trained_weights().items()
    ]
    assert len(list(trainer.steps())) == 1
    for hook in hooks:
        hook.remove()
    return kept


@pytest.mark.parametrize("way", WAYS)
@every_architecture
def test_packed_and_padded_weighted_gradients_are_those_of_the_models_own_logits(
    name: str, way: str, folder_of: Callable[[str], Path], rows: list[Encoded]
) -> None:
    student = shake(load(folder_of(name), **WAYS[way]))
    expected = naive_gradients(student, rows)
    assert len(expected) == len(student.trained_weights())
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for packing in ("on", "off"):
        found = step_gradients(student, rows, packing, packs=name in PACKING)
        assert found.keys() == expected.keys()
        for weight, gradient in found.items():
            torch.testing.assert_close(
                gradient, expected[weight], rtol=1e-3, atol=1e-4 * largest, msg=weight
            )


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("name", PACKING)
def test_packed_rows_are_separate_ones_in_every_precision(
    name: str, precision: str, folder_of: Callable[[str], Path], rows: list[Encoded]
) -> None:
    student = shake(load(folder_of(name), precision=precision, **NF4))
    assert why_not_packed(student, rows) is None


@pytest.mark.parametrize("name", MIX_PACKED_ROWS)
def test_a_model_that_mixes_packed_rows_is_padded_and_says_so(
    name: str, folder_of: Callable[[str], Path], rows: list[Encoded]
) -> None:
    trainer = Trainer(load(folder_of(name), **NF4), rows, settings(packing="on"), 0)
    assert trainer.why_padded is not None
    assert "a row sees the one before it" in trainer.why_padded
    assert trainer.setup()["packed"] is False


@every_architecture
def test_who_attends_eagerly_is_known(name: str, folder_of: Callable[[str], Path]) -> None:
    """Of these, only the architecture that caps its attention scores has no fused kernel."""
    student = load(folder_of(name), **WHOLE)
    assert student.attends_eagerly == (name == "gemma2")


@every_architecture
def test_the_whole_way_in_4_bits(
    name: str, folder_of: Callable[[str], Path], rows: list[Encoded], tmp_path: Path
) -> None:
    """Load, sample, train with everything on, take up, sample, save, merge."""
    wanted = settings(
        epochs=4,
        learning_rate=0.01,
        packing="on",
        gradient_checkpointing="on",
        optimizer="adamw_8bit",
    )
    way = NF4 | {"precision": "bf16", "lora_dropout": 0.1}
    student = load(folder_of(name), **way)
    frozen = frozen_weights(student)
    before = written(student)
    trainer = Trainer(student, rows, wanted, 1)
    steps = trainer.steps()
    first = [next(steps) for _ in range(3)]
    save_state(trainer.state(), tmp_path / "state")
    rest = list(steps)
    assert sum(r.loss for r in rest[-3:]) < sum(r.loss for r in first)
    assert same(frozen_weights(student), frozen)
    after = written(student)
    assert after != before
    with student.untrained():
        assert written(student) == before
    assert written(student) == after

    other = load(folder_of(name), **way)
    written(other)
    taken_up = Trainer(other, rows, wanted, 1)
    taken_up.restore(load_state(tmp_path / "state"))
    assert numbers(list(taken_up.steps())) == numbers(rest)
    assert same(weights_of(other), weights_of(student))

    save_weights(student, tmp_path / "adapter")
    again = load(folder_of(name), **way)
    load_weights(again, tmp_path / "adapter")
    assert written(again) == after
    # The adapter's folder is a student as well, to be trained further.
    further = load(tmp_path / "adapter", **way)
    assert same(weights_of(further), weights_of(student))
    assert written(further) == after


@every_architecture
def test_merged_it_is_the_adapter_on_the_whole_model(
    name: str, folder_of: Callable[[str], Path], rows: list[Encoded], tmp_path: Path
) -> None:
    whole = NF4 | {"quantisation": "none"}
    student = shake(load(folder_of(name), **whole))
    save_weights(student, tmp_path / "adapter")
    place = Place(str(folder_of(name)), str(folder_of(name)), tmp_path / "adapter")
    model = merged(place, "fp32").eval()
    student.model.eval()
    with torch.no_grad():
        ids = torch.tensor([rows[0].ids])
        expected = student.model(input_ids=ids, use_cache=False).logits
        found = model(input_ids=ids, use_cache=False).logits
        with student.untrained():
            untrained = student.model(input_ids=ids, use_cache=False).logits
    scale = float(expected.abs().max())
    assert float((untrained - expected).abs().max()) > 0.01 * scale
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * scale)


def written(student: Student) -> list[str]:
    sampler = Sampler(student.language_model, student.form, 1.0)
    requests = [Request(("Q: (1 + 2) =\nAnswer:",), seed, 12) for seed in range(3)]
    return [generation.text for generation in sampler.generate(requests)]
