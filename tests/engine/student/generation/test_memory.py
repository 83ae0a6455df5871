"""What a batch takes is told before it is made, and it is cut by that alone."""

import pytest
import torch
from architectures import ARCHITECTURES, tiny_model
from continuations import alone, requests
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.student.device import total_bytes
from engine.student.generation import Sampler
from engine.student.generation.cache import new_cache
from engine.student.generation.memory import (
    RowMemory,
    budget_bytes,
    first_batch,
    longest_first,
)
from engine.student.generation.prompts import Prompt
from engine.student.text_format import TextFormat

ROW = RowMemory(layers=((10, None), (10, 8)), state=0, working=3, drawing=100)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("tokens", [5, 50])
def test_the_cache_takes_what_was_told(name: str, tokens: int) -> None:
    model = tiny_model(name).to(torch.bfloat16).eval()
    cache = new_cache(model)
    with torch.no_grad():
        for _ in range(tokens):
            model(input_ids=torch.ones(3, 1, dtype=torch.long), past_key_values=cache)
    told = 3 * RowMemory.of(model).cache(tokens)
    # A sliding window needs one token less than it is wide, since the newest comes along.
    unneeded = sum(
        (layer.keys.nbytes + layer.values.nbytes) // layer.keys.shape[2]
        for layer in cache.layers
        if getattr(layer, "is_sliding", False) and tokens > layer.keys.shape[2]
    )
    assert told == sum(map(taken, cache.layers)) + unneeded


def taken(layer: object) -> int:
    held = [getattr(layer, "keys", None), getattr(layer, "values", None)]
    for name in ("conv_states", "recurrent_states"):
        held += getattr(layer, name, {}).values()
    return sum(tensor.nbytes for tensor in held if tensor is not None)


def test_windows_bound_what_a_row_takes() -> None:
    assert ROW.cache(5) == 100
    assert ROW.cache(8) == 160
    assert ROW.cache(20) == 280


def test_the_larger_of_reading_and_writing_counts() -> None:
    assert ROW.peak(prompt_tokens=100, new_tokens=1) == ROW.cache(100) + 300 + 100
    assert ROW.peak(prompt_tokens=2, new_tokens=50) == ROW.cache(52) + 100


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=30),
    st.one_of(st.none(), st.integers(0, 20_000)),
    st.randoms(use_true_random=False),
)
def test_batches_fit_and_follow_from_the_requests_alone(
    lengths: list[tuple[int, int]], budget: int | None, random: object
) -> None:
    prompts = [
        Prompt(place, [7] * length, most, seed=0, stop="")
        for place, (length, most) in enumerate(lengths)
    ]
    batches = cut(prompts, budget)
    assert sorted(p.place for batch in batches for p in batch) == list(range(len(prompts)))
    for batch in batches:
        longest, steps = max(len(p.ids) for p in batch), max(p.max_tokens for p in batch)
        assert budget is None or len(batch) == 1 or len(batch) * ROW.peak(longest, steps) <= budget
        assert [p.place for p in batch] == sorted(p.place for p in batch)
    if budget is None:
        assert len(batches) == 1
    shuffled = list(prompts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cut(shuffled, budget) == batches


def cut(prompts: list[Prompt], budget: int | None) -> list[tuple[Prompt, ...]]:
    waiting, batches = longest_first(prompts), []
    while waiting:
        batches.append(first_batch(waiting, ROW, budget).prompts)
        waiting = waiting[len(batches[-1]) :]
    return batches


@pytest.mark.parametrize("rows", [1, 2, 4, 7, 100])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_budget_changes_no_result(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: int, temperature: float
) -> None:
    form, wanted = TextFormat(tokenizer), requests(max_tokens=range(5, 40, 3))
    longest = max(len(form.prompt_ids(request.prompt)) for request in wanted)
    budget = rows * RowMemory.of(model).peak(longest, 40)
    sampler = Sampler(model, form, temperature, budget=budget)
    batches: list[int] = []
    model_sees = model.register_forward_pre_hook(
        lambda _, __, kwargs: batches.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    try:
        found = sampler.generate(wanted)
    finally:
        model_sees.remove()
    assert batches[0] == min(rows, len(wanted))
    assert found == alone(Sampler(model, form, temperature), wanted)


def test_the_budget_is_a_share_of_what_the_model_leaves(model: LlamaForCausalLM) -> None:
    there = total_bytes(torch.device("cpu"))
    own = sum(parameter.nbytes for parameter in model.parameters())
    assert 0.49 * there < budget_bytes(model, 0.5) < 0.5 * (there - own)
