"""Continuous batching gives what our own batches give, and fails aloud."""

from pathlib import Path

import pytest
import torch
from continuations import PROMPTS, alone, requests
from tiny_students import load, random_model
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.student.generation import (
    ContinuousBatchingFailed,
    ContinuousSampler,
    FinishReason,
    Generation,
    OutOfMemory,
    Request,
    Sampler,
    text_generator,
)
from engine.student.generation.memory import RowMemory
from engine.student.text_format import TextFormat


def batched(
    model: LlamaForCausalLM, form: TextFormat, temperature: float, wanted: list[Request]
) -> list[Generation]:
    return Sampler(model, form, temperature).generate(wanted)


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_ends_limits_and_stop_strings_are_as_with_batches(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, temperature: float
) -> None:
    form, free = TextFormat(tokenizer), requests(max_tokens=range(1, 60, 7), count=30)
    expected = batched(model, form, temperature, free)
    # Each text is cut at a piece of its own; one more token would be the limit for some.
    cut = [
        Request(request.prompt, request.seed, request.max_tokens, found.text[-2:])
        for request, found in zip(free, expected, strict=True)
    ]
    for wanted in (free, cut, free[:1]):
        sampler = ContinuousSampler(model, form, temperature)
        assert sampler.generate(wanted) == batched(model, form, temperature, wanted)
    reasons = {g.finish_reason for g in (*expected, *batched(model, form, temperature, cut))}
    assert {FinishReason.LENGTH, FinishReason.MARKER} <= reasons


def test_a_result_is_the_same_alone_and_among_others(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    sampler = ContinuousSampler(model, TextFormat(tokenizer), 1.0)
    wanted = requests(count=5)
    assert sampler.generate(wanted) == alone(sampler, wanted)


def test_texts_that_have_to_leave_the_cache_come_back(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    form = TextFormat(tokenizer)
    form.end_ids = frozenset({tokenizer.eos_token_id})
    wanted = [Request((PROMPTS[seed % 5],), seed, 300, "\n\n\n") for seed in range(12)]
    told: list[OutOfMemory] = []
    sampler = ContinuousSampler(model, form, 0.7, budget=0, on_backoff=told.append)
    assert sampler.generate(wanted) == batched(model, form, 0.7, wanted)
    assert told == []


def test_nothing_asked_nothing_done_and_no_room_no_text(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = random_model().eval()
    model.config.max_position_embeddings = 24
    sampler = ContinuousSampler(model, TextFormat(tokenizer), 0.0)
    assert sampler.generate([]) == []
    assert sampler.generate([Request(("7" * 24,), 0, 9)]) == [
        Generation("", 0, FinishReason.LENGTH)
    ]
    long = Request(("7" * 20,), 0, 99)
    assert sampler.generate([long]) == Sampler(model, TextFormat(tokenizer), 0.0).generate([long])


def test_it_shows_that_it_lives_and_leaves_the_model_as_it_was(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    beats: list[int] = []
    attention = model.config._attn_implementation
    model.train()
    try:
        ContinuousSampler(model, TextFormat(tokenizer), 1.0, lambda: beats.append(1)).generate(
            requests()
        )
        assert model.training
    finally:
        model.eval()
    assert beats
    assert model.config._attn_implementation == attention


def test_an_error_inside_is_raised_and_not_swallowed(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    sampler = ContinuousSampler(model, TextFormat(tokenizer), 1.0)
    hook = model.register_forward_pre_hook(fail)
    try:
        with pytest.raises(ContinuousBatchingFailed, match="multiplied"):
            sampler.generate(requests())
    finally:
        hook.remove()
    assert sampler.generate(requests()) == batched(model, TextFormat(tokenizer), 1.0, requests())


def test_what_the_pulse_raises_ends_it(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    def interrupt() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        ContinuousSampler(model, TextFormat(tokenizer), 1.0, interrupt).generate(requests())


def test_where_memory_runs_out_it_goes_on_with_less(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    form, wanted = TextFormat(tokenizer), requests(max_tokens=[100], count=30)
    told: list[OutOfMemory] = []
    failures = iter([True, True])

    def look(*_: object) -> None:
        if next(failures, False):
            raise torch.OutOfMemoryError("out of memory")

    sampler = ContinuousSampler(model, form, 1.0, on_backoff=told.append)
    hook = model.register_forward_pre_hook(look)
    try:
        found = sampler.generate(wanted)
    finally:
        hook.remove()
    assert found == batched(model, form, 1.0, wanted)
    assert told == [OutOfMemory(30, "out of memory")] * 2


def test_without_memory_for_one_text_it_says_what_to_lower(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    def look(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    sampler = ContinuousSampler(model, TextFormat(tokenizer), 1.0)
    hook = model.register_forward_pre_hook(look)
    try:
        with pytest.raises(StudentError, match="max_attempt_tokens"):
            sampler.generate(requests())
    finally:
        hook.remove()


CONTINUOUS = StudentSettings(generation="continuous")


def test_fp32_weights_that_calculate_in_half_precision_are_refused(random_student: Path) -> None:
    student = load(random_student, "full", precision="bf16")
    with pytest.raises(StudentError, match=r'student\.generation is "continuous", but .*"batch"'):
        text_generator(student, CONTINUOUS, 1.0)


def test_layers_that_have_no_pages_are_refused(random_student: Path) -> None:
    student = load(random_student)
    student.language_model.config.layer_types = ["full_attention", "linear_attention"]
    with pytest.raises(StudentError, match="linear_attention"):
        text_generator(student, CONTINUOUS, 1.0)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("quantisation", ["none", "nf4"])
def test_students_with_an_adapter_can_be_sampled(
    random_student: Path, quantisation: str, precision: str
) -> None:
    student = load(random_student, "lora", quantisation=quantisation, precision=precision)
    sampler = text_generator(student, CONTINUOUS, 1.0)
    found = sampler.generate(requests(count=6))
    assert sum(g.tokens for g in found) > 40
    assert sampler.generate(requests(count=6)) == found


def test_the_pages_stay_within_the_budget(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    row = RowMemory.of(model)
    budget = row.cache(64) * 60
    sampler = ContinuousSampler(model, TextFormat(tokenizer), 1.0, budget=budget)
    wanted = requests(max_tokens=[400], count=60)
    built = {}
    make = model.init_continuous_batching

    def watch(generation: object, continuous: object) -> object:
        built["bytes"] = row.cache(continuous.num_blocks * continuous.page_size)
        return make(generation, continuous)

    model.init_continuous_batching = watch
    try:
        found = sampler.generate(wanted)
    finally:
        del model.init_continuous_batching
    assert 0 < built["bytes"] <= budget
    assert len(found) == 60
