"""Bytes are those of the real tensors, budgets hold, and more of anything never takes less."""

from dataclasses import replace

import bitsandbytes
import pytest
import torch
from bitsandbytes.functional import quantize_4bit
from hypothesis import given
from hypothesis import strategies as st
from zoo import TINY, architecture

from engine.planning.architecture import Architecture
from engine.planning.memory import generation_memory, nf4_bytes, training_memory, weight_bytes
from engine.planning.models import MODELS, find_model
from engine.planning.workload import Precision, Workload

CATALOGUE = st.sampled_from([model.architecture for model in MODELS])
TOKENS = st.integers(1, 32_768)
WORKLOADS = st.builds(
    Workload,
    quantisation=st.sampled_from(["none", "nf4"]),
    precision=st.sampled_from(["fp32", "bf16", "fp16"]),
    lora_rank=st.integers(1, 128),
    lora_dropout=st.sampled_from([0.0, 0.1]),
    optimizer=st.sampled_from(["adamw", "adamw_8bit", "paged_adamw_8bit"]),
    gradient_checkpointing=st.booleans(),
    packed=st.booleans(),
    max_tokens=TOKENS,
    micro_tokens=TOKENS,
    batch_size=st.integers(1, 512),
)


def named(name: str) -> Architecture:
    found = find_model(name)
    assert found is not None
    return found.architecture


@pytest.mark.parametrize("shape", [(64, 64), (2048, 8192), (100, 77), (1, 3)])
def test_a_tensor_in_nf4_takes_what_bitsandbytes_stores(shape: tuple[int, int]) -> None:
    packed, state = quantize_4bit(
        torch.randn(shape), quant_type="nf4", compress_statistics=True, blocksize=64
    )
    parts = [packed, state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code]
    assert nf4_bytes(shape[0] * shape[1]) == sum(part.nbytes for part in parts)


def test_weights_in_nf4_take_about_half_a_byte() -> None:
    model = named("Llama 3.1 8B")
    quantised = weight_bytes(model, Workload()) - 2 * model.other_parameters
    assert quantised / model.linear_parameters == pytest.approx(0.516, abs=0.0005)


@pytest.mark.parametrize("family", TINY)
def test_weights_that_are_not_quantised_take_their_precision(family: str) -> None:
    model = architecture(family)
    work = Workload(quantisation="none")
    assert weight_bytes(model, work) == 2 * model.parameters
    assert weight_bytes(model, replace(work, precision="fp32")) == 4 * model.parameters


@pytest.mark.parametrize("rank", [1, 16, 64])
def test_the_state_of_8_bit_adamw_is_as_large_as_planned(rank: int) -> None:
    model = architecture("llama")
    weights = [torch.nn.Parameter(torch.randn(size)) for size in model.lora_tensors(rank)]
    optimizer = bitsandbytes.optim.AdamW8bit(weights)
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    optimizer.step()
    names = ("state1", "state2", "absmax1", "absmax2")
    stored = sum(
        value.nbytes
        for state in optimizer.state.values()
        for name, value in state.items()
        if name in names
    )
    work = Workload(lora_rank=rank)
    assert training_memory(model, work).optimizer == stored


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_what_is_trained_is_fp32_whatever_is_calculated_in(precision: Precision) -> None:
    model = architecture("qwen3")
    full = Workload(quantisation="none", adapter="full", optimizer="adamw", precision=precision)
    memory = training_memory(model, full)
    assert memory.weights == memory.gradients == 4 * model.parameters
    assert memory.optimizer == 8 * model.parameters
    lora = Workload(optimizer="adamw")
    assert training_memory(model, lora).optimizer == 8 * model.lora_parameters(16)


def test_only_large_tensors_are_paged() -> None:
    model = named("Llama 3.2 3B")
    work = Workload(optimizer="paged_adamw_8bit", lora_rank=8)
    assert training_memory(model, work).movable == 0
    higher = replace(work, lora_rank=64)
    assert 0 < training_memory(model, higher).movable < training_memory(model, higher).optimizer
    assert training_memory(model, higher, on_cpu=True).movable == 0


@pytest.mark.parametrize(
    ("name", "tokens", "budget"), [("Llama 3.1 8B", 1024, 7.5e9), ("Llama 3.2 3B", 2048, 4e9)]
)
def test_the_budgets_hold(name: str, tokens: int, budget: float) -> None:
    work = Workload(max_tokens=tokens, micro_tokens=tokens)
    assert training_memory(named(name), work).total <= budget


def test_an_example_longer_than_a_micro_batch_is_planned_for() -> None:
    model = named("Qwen2.5 1.5B")
    work = Workload(max_tokens=4096, micro_tokens=1024)
    assert training_memory(model, work) == training_memory(model, replace(work, micro_tokens=4096))


@given(CATALOGUE, WORKLOADS, TOKENS)
def test_more_tokens_never_take_less(model: Architecture, work: Workload, more: int) -> None:
    for changed in (
        replace(work, micro_tokens=work.micro_tokens + more),
        replace(work, max_tokens=work.max_tokens + more),
    ):
        assert training_memory(model, changed).total >= training_memory(model, work).total


@given(CATALOGUE, WORKLOADS, st.integers(1, 128))
def test_a_higher_rank_never_takes_less(model: Architecture, work: Workload, more: int) -> None:
    higher = replace(work, lora_rank=work.lora_rank + more)
    assert training_memory(model, higher).total > training_memory(model, work).total
    assert generation_memory(model, higher).total > generation_memory(model, work).total


@given(CATALOGUE, WORKLOADS, st.integers(1, 64))
def test_more_texts_at_once_take_more(model: Architecture, work: Workload, more: int) -> None:
    larger = replace(work, batch_size=work.batch_size + more)
    assert generation_memory(model, larger).total > generation_memory(model, work).total


@given(CATALOGUE, WORKLOADS)
def test_what_saves_memory_never_takes_more(model: Architecture, work: Workload) -> None:
    spending = replace(work, quantisation="none", optimizer="adamw")
    saving = replace(work, quantisation="nf4", optimizer="adamw_8bit")
    assert training_memory(model, saving).weights < training_memory(model, spending).weights
    assert training_memory(model, saving).optimizer <= training_memory(model, spending).optimizer


@given(CATALOGUE, WORKLOADS, st.booleans())
def test_parts_add_up(model: Architecture, work: Workload, on_cpu: bool) -> None:
    for memory in (
        training_memory(model, work, on_cpu=on_cpu),
        generation_memory(model, work, on_cpu=on_cpu),
    ):
        assert all(size > 0 for _, size in memory.items())
        assert memory.total == sum(size for _, size in memory.items())
        assert memory.needed == memory.total - memory.movable
