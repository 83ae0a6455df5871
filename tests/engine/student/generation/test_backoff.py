"""Where memory runs out, batches shrink and results stay."""

import pytest
import torch
from continuations import alone, requests, room_for
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.errors import StudentError
from engine.student.generation import OutOfMemory, Sampler
from engine.student.text_format import TextFormat

CPU = "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: "
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError(f"{CPU}can't allocate memory: you tried to allocate 99 bytes. Error code 12"),
    RuntimeError(f"{CPU}not enough memory: you tried to allocate 99 bytes."),
    MemoryError(),
]


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("step", [0, 30], ids=["reading", "writing"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_smaller_batch_gives_the_same(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    rows: int,
    step: int,
    temperature: float,
) -> None:
    form, wanted = TextFormat(tokenizer), requests()
    expected = alone(Sampler(model, form, temperature), wanted)
    told: list[OutOfMemory] = []
    sampler = Sampler(model, form, temperature, on_backoff=told.append)
    with room_for(model, rows, step, ERRORS[0]):
        assert sampler.generate(wanted) == expected
        times = len(told)
        assert times >= 1
        # It has learned from that.
        assert sampler.generate(wanted) == expected
    assert len(told) == times


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_each_way_to_run_out_is_told(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, error: Exception
) -> None:
    told: list[OutOfMemory] = []
    sampler = Sampler(model, TextFormat(tokenizer), 0.0, on_backoff=told.append)
    with room_for(model, 8, 0, error):
        assert len(sampler.generate(requests())) == len(requests())
    assert told == [OutOfMemory(len(requests()), str(error))]


def test_a_text_that_does_not_fit_alone_is_an_error_that_says_what_to_lower(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    sampler = Sampler(model, TextFormat(tokenizer), 1.0)
    model.train()
    try:
        with (
            room_for(model, 0, 0, ERRORS[0]),
            pytest.raises(StudentError, match=r"2\.00 GiB.*max_attempt_tokens"),
        ):
            sampler.generate(requests())
        assert model.training
    finally:
        model.eval()


def test_another_error_is_none_of_memory(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    told: list[OutOfMemory] = []
    sampler = Sampler(model, TextFormat(tokenizer), 1.0, on_backoff=told.append)
    with (
        room_for(model, 1, 0, RuntimeError("shapes cannot be multiplied")),
        pytest.raises(RuntimeError, match="multiplied"),
    ):
        sampler.generate(requests())
    assert told == []
