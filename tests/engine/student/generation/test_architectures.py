"""Whatever a student's architecture: results do not depend on the batch, and it can be trained."""

from collections.abc import Sequence

import pytest
import torch
from architectures import ARCHITECTURES, tiny_model
from continuations import PROMPTS, alone
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from engine.errors import StudentError
from engine.student.generation import (
    ContinuousSampler,
    FinishReason,
    Generation,
    Request,
    Sampler,
)
from engine.student.generation.continuous import check_continuous
from engine.student.head import find_head
from engine.student.model import Student
from engine.student.text_format import TextFormat

REFUSED = {
    "gemma2": "caps the logits of its attention",
    "gemma4_text": "heads of several sizes",
    "qwen3_5_text": "layers of the kind linear_attention",
    "lfm2": "layers of the kind conv",
}
WINDOW = 32
LONG = PROMPTS[1] * 5


def model_of(name: str) -> PreTrainedModel:
    if name != "mistral sliding":
        return tiny_model(name).eval()
    config = tiny_model("mistral").config
    config.sliding_window = WINDOW
    torch.manual_seed(1)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        parameter.data.mul_(4)
    return model.eval()


every_architecture = pytest.mark.parametrize("name", [*ARCHITECTURES, "mistral sliding"])


def wanted() -> list[Request]:
    """Texts of many lengths, which leave at different steps; some outgrow the windows."""
    prompts = [*PROMPTS, LONG]
    return [
        Request((prompts[seed % len(prompts)],), seed, [60, 9, 33, 47][seed % 4], "9")
        for seed in range(18)
    ]


def are_worth_comparing(found: Sequence[Generation]) -> bool:
    return len({g.text for g in found}) > 6 and len(set("".join(g.text for g in found))) > 8


temperatures = pytest.mark.parametrize("temperature", [0.0, 1.0], ids=["greedy", "sampled"])


@every_architecture
@temperatures
def test_results_in_a_batch_are_results_alone(
    one_thread: None, tokenizer: PreTrainedTokenizerFast, name: str, temperature: float
) -> None:
    model, form = model_of(name), TextFormat(tokenizer)
    sampler = Sampler(model, form, temperature)
    expected = alone(sampler, wanted())
    assert are_worth_comparing(expected)
    assert sampler.generate(wanted()) == expected


@every_architecture
@temperatures
def test_continuous_batching_gives_the_same_or_is_refused(
    one_thread: None, tokenizer: PreTrainedTokenizerFast, name: str, temperature: float
) -> None:
    model, form = model_of(name), TextFormat(tokenizer)
    student = Student(model, form, find_head(model), torch.float32)
    if name in REFUSED:
        with pytest.raises(StudentError, match=REFUSED[name]):
            check_continuous(student)
        return
    check_continuous(student)
    expected = Sampler(model, form, temperature).generate(wanted())
    assert ContinuousSampler(model, form, temperature, budget=10**8).generate(wanted()) == expected


@every_architecture
def test_it_can_be_trained_after_sampling_as_before(
    one_thread: None, tokenizer: PreTrainedTokenizerFast, name: str
) -> None:
    model, form = model_of(name), TextFormat(tokenizer)
    ids = torch.tensor([form.prompt_ids([LONG + PROMPTS[3]])])
    before = gradients(model, ids)
    Sampler(model, form, 1.0).generate(wanted())
    after = gradients(model, ids)
    assert all(torch.equal(before[key], after[key]) for key in before)


def gradients(model: PreTrainedModel, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    model.train()
    model.zero_grad()
    logits = model(input_ids=ids, use_cache=False).logits
    cross_entropy(logits[0, :-1], ids[0, 1:]).backward()
    model.eval()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    assert len(found) == len(list(model.parameters()))
    return found


def test_a_text_ends_where_its_angles_would_no_longer_fit_its_keys(
    one_thread: None, tokenizer: PreTrainedTokenizerFast
) -> None:
    model, form = model_of("phi3 longrope"), TextFormat(tokenizer)
    form.end_ids = frozenset()
    short = Request(("7",), 1, 250)
    long = Request(("7" * 250,), 2, 20)
    too_long = Request(("7" * 256,), 3, 20)
    sampler = Sampler(model, form, 1.0)
    found = sampler.generate([short, long, too_long])
    assert found == alone(sampler, [short, long, too_long])
    assert [g.tokens for g in found] == [250, 6, 0]
    assert {g.finish_reason for g in found} == {FinishReason.LENGTH}
