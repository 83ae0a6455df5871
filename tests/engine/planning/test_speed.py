"""Speeds follow the roofline: FLOPs from first principles, never above what the card can do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo import architecture

from engine.planning.architecture import Architecture
from engine.planning.cards import CARDS, Card, find_card
from engine.planning.models import MODELS
from engine.planning.speed import (
    WEIGHTED_SHARE,
    generation_tokens_per_s,
    training_flops,
    training_tokens_per_s,
)
from engine.planning.workload import Workload

CATALOGUE = st.sampled_from([model.architecture for model in MODELS])
LISTED = st.sampled_from(CARDS)
QLORA = Workload()


def products(model: Architecture, work: Workload) -> float:
    """FLOPs per token beside attention and the head, in units of linear parameters."""
    head = 2 * model.embedding_parameters * (2 if work.adapter == "lora" else 3) * WEIGHTED_SHARE
    return (training_flops(model, work, 0) - head) / model.linear_parameters


def test_a_frozen_base_takes_6_flops_a_weight_with_checkpoints_and_4_without() -> None:
    model = architecture("llama", hidden_size=512, intermediate_size=2048)
    thin = replace(QLORA, lora_rank=1)
    assert products(model, thin) == pytest.approx(6, rel=0.1)
    assert products(model, replace(thin, gradient_checkpointing=False)) == pytest.approx(4, rel=0.1)


def test_training_all_weights_takes_8_flops_a_weight_with_checkpoints_and_6_without() -> None:
    model = architecture("llama")
    full = Workload(quantisation="none", adapter="full")
    assert products(model, full) == 8
    assert products(model, replace(full, gradient_checkpointing=False)) == 6


def test_a_window_bounds_the_cost_of_attention() -> None:
    model = architecture("gemma3_text", num_hidden_layers=6, sliding_window=16)
    slope = training_flops(model, QLORA, 8000) - training_flops(model, QLORA, 4000)
    everywhere = replace(model, windows=(None,) * 6)
    full = training_flops(everywhere, QLORA, 8000) - training_flops(everywhere, QLORA, 4000)
    assert slope == pytest.approx(full / 6)


@given(CATALOGUE, LISTED, st.integers(256, 16384))
def test_training_is_slower_than_the_cards_peak(
    model: Architecture, card: Card, tokens: int
) -> None:
    speed = training_tokens_per_s(model, QLORA, card, tokens)
    assert speed is not None
    assert speed * training_flops(model, QLORA, QLORA.example_tokens) < card.tflops * 1e12


@given(CATALOGUE, LISTED, st.integers(256, 8192))
def test_larger_micro_batches_are_never_slower(
    model: Architecture, card: Card, tokens: int
) -> None:
    small = training_tokens_per_s(model, QLORA, card, tokens)
    large = training_tokens_per_s(model, QLORA, card, 2 * tokens)
    assert large >= small


@given(CATALOGUE, LISTED, st.integers(1, 64))
def test_generation_reads_all_weights_for_each_token_of_a_batch(
    model: Architecture, card: Card, rows: int
) -> None:
    speed = generation_tokens_per_s(model, QLORA, card, rows)
    assert speed is not None
    steps = speed / rows
    assert steps * model.linear_parameters / 2 < card.bandwidth_gb_s * 1e9


def test_a_card_that_is_not_known_has_no_speed() -> None:
    model, card = architecture("llama"), Card("mine", 12, None, None)
    assert training_tokens_per_s(model, QLORA, card, 1024) is None
    assert generation_tokens_per_s(model, QLORA, replace(card, tflops=50), 8) is None


def test_products_in_fp32_are_slower() -> None:
    model, card = architecture("llama"), find_card("3090")
    work = Workload(quantisation="none", precision="bf16")
    bf16 = training_tokens_per_s(model, work, card, 1024)
    fp32 = training_tokens_per_s(model, replace(work, precision="fp32"), card, 1024)
    assert fp32 < bf16
