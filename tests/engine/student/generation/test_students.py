"""Students as the engine loads them: in any number format, with an adapter or without."""

from pathlib import Path

import pytest
import torch
from continuations import alone, requests
from tiny_students import load, random_model, save
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast

from engine.settings import StudentSettings
from engine.student.generation import Sampler, TextGenerator, text_generator
from engine.student.model import Student

KINDS = [
    ("full", "none", "fp32"),
    ("full", "none", "bf16"),
    ("full", "none", "fp16"),
    ("lora", "none", "fp32"),
    ("lora", "none", "bf16"),
    ("lora", "none", "fp16"),
    ("lora", "nf4", "fp32"),
    ("lora", "nf4", "bf16"),
    ("lora", "nf4", "fp16"),
]


@pytest.fixture(scope="module")
def folder(
    one_thread: None, tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerFast
) -> Path:
    """A random student whose layers are as wide as 4-bit blocks need them."""
    return save(random_model(hidden=64), tokenizer, tmp_path_factory.mktemp("wide"))


def loaded(folder: Path, adapter: str, quantisation: str, precision: str) -> Student:
    return load(folder, adapter, quantisation=quantisation, precision=precision)


def generator(student: Student, temperature: float = 1.0, **settings: object) -> TextGenerator:
    return text_generator(student, StudentSettings.model_validate(settings), temperature)


def adapt(student: Student) -> None:
    """Give the adapter weights that make a difference; they begin with none."""
    torch.manual_seed(5)
    for name, weight in student.trained_weights().items():
        if "lora_B" in name:
            weight.data.normal_(std=0.5)


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_every_kind_of_student_can_be_sampled_and_trained_in_turn(
    folder: Path, kind: tuple[str, str, str]
) -> None:
    student = loaded(folder, *kind)
    first = generator(student).generate(requests())
    assert sum(g.tokens for g in first) > 100
    frozen = frozen_bytes(student)

    assert_gradients_reach_all_that_is_trained(student)
    assert generator(student).generate(requests()) == first

    # What is sampled from is what is trained, bit for bit.
    assert frozen_bytes(student) == frozen
    assert_gradients_reach_all_that_is_trained(student)


def frozen_bytes(student: Student) -> dict[str, bytes]:
    return {
        name: weight.detach().reshape(-1).view(torch.uint8).numpy().tobytes()
        for name, weight in student.model.named_parameters()
        if not weight.requires_grad
    }


def assert_gradients_reach_all_that_is_trained(student: Student) -> None:
    student.model.train()
    student.model.zero_grad()
    ids = torch.tensor([student.form.prompt_ids(["Q: (1 + 2) =\nAnswer: 3."])])
    with student.autocast():
        logits = student.model(input_ids=ids, use_cache=False).logits
    cross_entropy(logits[0, :-1].float(), ids[0, 1:]).backward()
    student.model.eval()
    for name, weight in student.trained_weights().items():
        assert weight.grad is not None, name
        # The A of an adapter that is new gets its gradient through a B of zeros.
        assert "lora_A" in name or bool(weight.grad.any()), name


@pytest.mark.parametrize("kind", [k for k in KINDS if k[2] == "fp32"], ids=" ".join)
def test_a_result_in_a_batch_is_the_result_alone(folder: Path, kind: tuple[str, str, str]) -> None:
    student = loaded(folder, *kind)
    if kind[0] == "lora":
        adapt(student)
    for temperature in (0.0, 1.0):
        sampler = generator(student, temperature)
        assert sampler.generate(requests()) == alone(sampler, requests())


def test_weights_in_fp32_calculate_in_half_precision_when_asked(folder: Path) -> None:
    student = loaded(folder, "full", "none", "bf16")
    seen = set()
    layer = student.language_model.get_submodule("model.layers.0.mlp.down_proj")
    hook = layer.register_forward_hook(lambda _, __, output: seen.add(output.dtype))
    generator(student).generate(requests(count=2))
    hook.remove()
    assert seen == {torch.bfloat16}
    assert layer.weight.dtype == torch.float32


@pytest.mark.parametrize("quantisation", ["none", "nf4"])
@pytest.mark.parametrize("kind", ["batch", "continuous"])
def test_base_and_tuned_student_take_turns(folder: Path, quantisation: str, kind: str) -> None:
    student = loaded(folder, "lora", quantisation, "fp32")
    base_model = loaded(folder, "full", "none", "fp32")
    for temperature in (0.0, 1.0):
        sampler = generator(student, temperature, generation=kind)
        # An adapter that is new changes nothing.
        for_new = sampler.generate(requests())
        adapt(student)
        tuned = sampler.generate(requests())
        assert tuned != for_new
        with student.untrained():
            base = sampler.generate(requests())
        assert base == for_new
        if quantisation == "none":
            assert base == Sampler(
                base_model.language_model, base_model.form, temperature
            ).generate(requests())
        assert sampler.generate(requests()) == tuned

        with pytest.raises(InterruptedError), student.untrained():
            raise InterruptedError
        assert sampler.generate(requests()) == tuned
        for name, weight in student.trained_weights().items():
            if "lora_B" in name:
                weight.data.zero_()
