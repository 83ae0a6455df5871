"""Rows as batches: nothing is lost, doubled or mixed up, padded or packed."""

from itertools import pairwise
from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.training.batching import by_budget, collate, micro_batches, pack
from engine.training.encoding import Encoded
from engine.training.weighted_loss import IGNORED

rows = st.lists(
    st.integers(1, 12).flatmap(
        lambda length: st.tuples(
            st.lists(st.integers(3, 100), min_size=length, max_size=length),
            st.lists(st.sampled_from([0.0, 1.0, 1.5]), min_size=length, max_size=length),
        )
    ),
    min_size=1,
    max_size=6,
).map(lambda pairs: [Encoded(tuple(ids), (0.0, *weights[1:])) for ids, weights in pairs])


@given(rows)
def test_a_batch_has_at_each_place_the_next_token_and_its_weight(batch_rows: list[Encoded]) -> None:
    batch = collate(batch_rows, pad=0)
    assert batch.ids.shape == (len(batch_rows), max(map(len, batch_rows)))
    assert batch.tokens == sum(map(len, batch_rows))
    for index, row in enumerate(batch_rows):
        length = len(row)
        assert batch.ids[index, :length].tolist() == list(row.ids)
        assert batch.labels[index, : length - 1].tolist() == list(row.ids[1:])
        assert batch.weights[index, : length - 1].tolist() == list(row.weights[1:])
        assert (batch.labels[index, length - 1 :] == IGNORED).all()
        assert not batch.weights[index, length - 1 :].any()
        assert not batch.ids[index, length:].any()
    assert batch.weight_sum == sum(sum(row.weights) for row in batch_rows)
    assert batch.targets == sum(weight > 0 for row in batch_rows for weight in row.weights)
    assert batch.weights.dtype == torch.float32


@given(rows, st.integers(1, 40), st.randoms())
def test_batches_hold_every_row_once_in_order_and_keep_to_the_budget(
    all_rows: list[Encoded], budget: int, rng: Random
) -> None:
    order = list(range(len(all_rows)))
    rng.shuffle(order)
    batches = list(by_budget(all_rows, order, budget))
    assert [index for batch in batches for index in batch] == order
    sizes = [[len(all_rows[index]) for index in batch] for batch in batches]
    assert all(sum(size) <= budget or len(size) == 1 for size in sizes)
    # None could have taken the first row of the next as well.
    assert all(sum(size) + after[0] > budget for size, after in pairwise(sizes))


@given(rows)
def test_packed_rows_stand_one_after_the_other_and_each_begins_anew(
    batch_rows: list[Encoded],
) -> None:
    batch = pack(batch_rows)
    assert batch.positions is not None
    assert batch.ids.shape == batch.labels.shape == batch.weights.shape == batch.positions.shape
    at = 0
    for row in batch_rows:
        part = slice(at, at + len(row))
        assert batch.ids[0, part].tolist() == list(row.ids)
        assert batch.labels[0, part].tolist() == [*row.ids[1:], IGNORED]
        assert batch.weights[0, part].tolist() == [*row.weights[1:], 0.0]
        assert batch.positions[0, part].tolist() == list(range(len(row)))
        at += len(row)
    assert batch.tokens == at == batch.ids.numel()
    # The same is learned as from padded rows.
    padded = collate(batch_rows)
    assert (batch.tokens, batch.targets, batch.weight_sum) == (
        padded.tokens,
        padded.targets,
        padded.weight_sum,
    )


@given(rows, st.integers(1, 40), st.booleans())
def test_micro_batches_hold_every_row_once_and_keep_to_the_tokens(
    batch_rows: list[Encoded], tokens: int, packed: bool
) -> None:
    ordered = sorted(batch_rows, key=len)
    micros = list(micro_batches(ordered, tokens, packed=packed))
    assert [row for micro in micros for row in micro] == ordered
    for micro in micros:
        size = sum(map(len, micro)) if packed else len(micro) * len(micro[-1])
        assert size <= tokens or len(micro) == 1
