"""The growing cache holds what transformers' own would."""

import pytest
import torch
from transformers import DynamicCache, LlamaForCausalLM

import engine.student.generation.cache
from engine.student.generation.cache import keep_rows, new_cache


def test_the_growing_cache_shows_what_a_plain_one_shows(
    model: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.student.generation.cache, "_GROWTH", 4)
    generator = torch.Generator().manual_seed(3)
    caches = new_cache(model), DynamicCache(config=model.config)
    assert len(caches[0].layers) == len(caches[1].layers) == model.config.num_hidden_layers
    rows = 5
    for length in (7, 1, 1, 3, 1, 1, 1, 9, 1):
        if length == 3:
            keep = torch.tensor([0, 2, 4])
            rows = len(keep)
            for cache in caches:
                keep_rows(cache, keep)
        for layer in range(model.config.num_hidden_layers):
            shape = (rows, 1, length, 32)
            keys, values = (torch.randn(shape, generator=generator) for _ in range(2))
            shown = [cache.update(keys, values, layer) for cache in caches]
            assert torch.equal(shown[0][0], shown[1][0])
            assert torch.equal(shown[0][1], shown[1][1])
        assert caches[0].get_seq_length() == caches[1].get_seq_length()
