"""A cache of keys and values that is not copied at every step."""

from __future__ import annotations

from typing import cast

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

_GROWTH = 128
"""Tokens by which a cache grows at once; growing by one would copy the cache every step."""


class _GrowingLayer(DynamicLayer):
    """Keys and values in a buffer with room to grow: (batch, heads, capacity, head size)."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._buffers: list[torch.Tensor] = []
        self._length = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start, end = self._length, self._length + key_states.shape[-2]
        if not self._buffers or end > self._buffers[0].shape[-2]:
            self._grow(key_states, value_states, end + _GROWTH)
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start:end] = new
        self._length = end
        return self._show()

    def _grow(self, keys: torch.Tensor, values: torch.Tensor, capacity: int) -> None:
        grown = []
        for index, like in enumerate((keys, values)):
            buffer = like.new_empty(*like.shape[:2], capacity, like.shape[-1])
            if self._buffers:
                buffer[:, :, : self._length] = self._buffers[index][:, :, : self._length]
            grown.append(buffer)
        self._buffers = grown

    def _show(self) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = (buffer[:, :, : self._length] for buffer in self._buffers)
        self.keys, self.values = keys, values
        return keys, values

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        if self._buffers:
            self._buffers = [buffer.index_select(0, beam_idx) for buffer in self._buffers]
            self._show()


def new_cache(model: PreTrainedModel) -> DynamicCache:
    """Return an empty cache whose plain layers grow in steps; others are the model's own."""
    cache = DynamicCache(config=model.config)
    cache.layers = [
        _GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers
    ]
    return cache


def keep_rows(cache: DynamicCache, rows: torch.Tensor) -> None:
    """Let all but these rows leave a cache."""
    # Meant for beam search; unlike `batch_select_indices` each kind of layer has it.
    cache.reorder_cache(cast(torch.LongTensor, rows))
