"""Sampling depends on the item's seed alone, and is what plain generation would be."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
import torch
from continuations import PROMPTS, alone, requests
from tiny_students import random_model
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

import engine.student.generation.cache
from engine.student.generation import FinishReason, Request, Sampler, chunks
from engine.student.text_format import TextFormat


@pytest.fixture(params=[0.0, 1.0], ids=["greedy", "sampled"])
def sampler(
    request: pytest.FixtureRequest, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> Sampler:
    return Sampler(model, TextFormat(tokenizer), request.param)


def test_a_result_is_the_same_alone_and_in_any_batch(sampler: Sampler) -> None:
    wanted = requests()
    expected = alone(sampler, wanted)
    order = list(range(len(wanted)))
    for size in (len(wanted), 7, 2):
        Random(size).shuffle(order)
        found = [
            generation
            for chunk in chunks([wanted[index] for index in order], size)
            for generation in sampler.generate(chunk)
        ]
        assert found == [expected[index] for index in order]


def test_rows_that_end_early_leave_and_change_nothing(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One row ends at every step, and the cache grows in between.
    monkeypatch.setattr(engine.student.generation.cache, "_GROWTH", 3)
    wanted = requests(max_tokens=range(1, 30))
    found = sampler.generate(wanted)
    assert found == alone(sampler, wanted)
    assert [g.tokens for g in found] == [r.max_tokens for r in wanted]


def test_a_longer_limit_only_adds_to_the_text(sampler: Sampler) -> None:
    short, long = (sampler.generate(requests([limit])) for limit in (10, 40))
    pairs = list(zip(short, long, strict=True))
    assert all(after.text.startswith(before.text) for before, after in pairs)


def test_seeds_make_the_difference(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    sampler = Sampler(model, TextFormat(tokenizer), 1.0)
    texts = [g.text for g in sampler.generate([Request(("Q: ",), seed, 20) for seed in range(20)])]
    assert len(set(texts)) == 20


def test_greedy_is_what_transformers_generates(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    for text, found in zip(
        PROMPTS,
        Sampler(model, TextFormat(tokenizer), 0.0).generate(
            [Request((p,), 0, 60) for p in PROMPTS]
        ),
        strict=True,
    ):
        prompt = tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        ids = model.generate(**prompt, do_sample=False, max_new_tokens=60)
        written = ids[0, prompt["input_ids"].shape[1] :].tolist()
        assert found.tokens == len(written)
        if written[-1] == tokenizer.eos_token_id:
            written.pop()
        assert found.text == tokenizer.decode(written)


def test_samples_follow_the_models_chances(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    count, temperature = 4000, 1.5
    ids = tokenizer(PROMPTS[0], return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        logits = model(input_ids=ids).logits[0, -1]
    chances = torch.softmax(logits.double() / temperature, -1)
    sampler = Sampler(model, TextFormat(tokenizer), temperature)
    drawn = sampler.generate([Request((PROMPTS[0],), seed, 1) for seed in range(count)])
    counts = Counter(g.text for g in drawn if g.finish_reason is FinishReason.LENGTH)
    # Chi-square over the tokens that are to come up at least five times, and all others.
    statistic, rest, cells = 0.0, float(count), 0
    seen_rest = count
    for index, chance in enumerate(chances.tolist()):
        expected = chance * count
        if expected >= 5 and index != tokenizer.eos_token_id:
            seen = counts[tokenizer.decode([index])]
            statistic += (seen - expected) ** 2 / expected
            rest, seen_rest, cells = rest - expected, seen_rest - seen, cells + 1
    statistic += (seen_rest - rest) ** 2 / rest
    # Far out in the tail: mean `cells`, variance twice that. The seeds are fixed.
    assert cells > 20
    assert statistic < cells + 4 * math.sqrt(2 * cells)


def test_a_stop_string_ends_the_text_and_is_not_part_of_it(sampler: Sampler) -> None:
    stopped = 0
    for request, free in zip(requests(), alone(sampler, requests()), strict=True):
        for start in (0, 3, 11):
            stop = free.text[start : start + 3]
            if len(stop) < 3:
                continue
            (found,) = sampler.generate([Request(request.prompt, request.seed, 40, stop)])
            assert found.text == free.text[: free.text.index(stop)]
            assert found.finish_reason is FinishReason.MARKER
            assert found.tokens <= free.tokens
            stopped += 1
    assert stopped > 20


def test_a_stop_string_that_is_not_written_changes_nothing(sampler: Sampler) -> None:
    assert sampler.generate(requests(stop="never written")) == sampler.generate(requests())


def test_the_end_of_text_token_ends_it(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    sampler = Sampler(model, TextFormat(tokenizer), 1.0)
    ended = [
        g
        for g in sampler.generate([Request(("Q: ",), seed, 100) for seed in range(40)])
        if g.finish_reason is FinishReason.STOP
    ]
    assert ended
    assert all(g.tokens == len(tokenizer(g.text)["input_ids"]) + 1 for g in ended)
    assert not any(tokenizer.eos_token in g.text for g in ended)


def test_the_limit_of_tokens_ends_it(sampler: Sampler) -> None:
    for found in sampler.generate([Request(("Q: ",), seed, 1) for seed in range(5)]):
        assert found.tokens == 1
        assert found.finish_reason in (FinishReason.LENGTH, FinishReason.STOP)


def test_nothing_asked_nothing_done(sampler: Sampler) -> None:
    assert sampler.generate([]) == []


def test_it_shows_that_it_lives_and_leaves_the_model_in_its_mode(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    beats = 0

    def pulse() -> None:
        nonlocal beats
        beats += 1

    model.train()
    try:
        Sampler(model, TextFormat(tokenizer), 0.0, pulse).generate([Request(("Q: ",), 0, 12)])
        assert model.training
    finally:
        model.eval()
    assert beats == 12


def test_a_prompt_as_long_as_the_context_ends_at_once_and_others_where_it_ends(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = random_model().eval()
    model.config.max_position_embeddings = 24
    form = TextFormat(tokenizer)
    lengths = [10, 23, 24, 30, 3]
    wanted = [Request(("7" * length,), 0, 20) for length in lengths]
    assert [len(form.prompt_ids(request.prompt)) for request in wanted] == lengths
    # Ids that no text ends with, so that only lengths end it.
    form.end_ids = frozenset()
    found = Sampler(model, form, 1.0).generate(wanted)
    assert [g.tokens for g in found] == [14, 1, 0, 0, 20]
    assert {g.finish_reason for g in found} == {FinishReason.LENGTH}
    assert found[2].text == found[3].text == ""


def test_texts_can_be_watched_as_they_grow(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    grown: dict[int, list[list[int]]] = {}
    form = TextFormat(tokenizer)

    def watch(place: int, ids: Sequence[int]) -> None:
        grown.setdefault(place, []).append(list(ids))

    wanted = requests(max_tokens=range(1, 30))
    watched = Sampler(model, form, 0.0, watch=watch).generate(wanted)
    assert watched == Sampler(model, form, 0.0).generate(wanted)
    for place, generation in enumerate(watched):
        steps = grown.get(place, [])
        # The last token ends a text, and is in its result.
        assert [len(ids) for ids in steps] == list(range(1, generation.tokens))
        assert all(after[:-1] == before for before, after in pairwise(steps))
        if steps:
            assert generation.text.startswith(form.decode(steps[-1]))


def test_what_a_watcher_raises_ends_it_and_leaves_the_sampler_as_it_was(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    class Enough(Exception):
        pass

    patience = [3]

    def watch(_: int, ids: Sequence[int]) -> None:
        if len(ids) == patience[0]:
            raise Enough

    sampler = Sampler(model, TextFormat(tokenizer), 0.0, watch=watch)
    training = model.training
    with pytest.raises(Enough):
        sampler.generate(requests([20]))
    assert model.training is training
    patience[0] = 1000
    assert sampler.generate(requests([20])) == Sampler(model, TextFormat(tokenizer), 0.0).generate(
        requests([20])
    )
