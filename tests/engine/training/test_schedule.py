"""Each epoch has every example once, and the learning rate follows its schedule."""

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainings import settings

from engine.training.encoding import Encoded
from engine.training.schedule import learning_rate_at, plan_steps

lengths = st.lists(st.integers(2, 30), min_size=1, max_size=12)


def encoded(length: int) -> Encoded:
    return Encoded(tuple(range(length)), (0.0, *[1.0] * (length - 1)))


@given(lengths, st.integers(16, 60), st.integers(1, 4), st.integers(0, 99))
def test_each_epoch_has_every_example_once(
    sizes: list[int], batch_tokens: int, epochs: int, seed: int
) -> None:
    rows = [encoded(size) for size in sizes]
    plans = plan_steps(rows, settings(batch_tokens=batch_tokens, epochs=epochs), seed)
    taken = [index for plan in plans for index in plan.rows]
    for epoch in range(epochs):
        part = taken[epoch * len(rows) : (epoch + 1) * len(rows)]
        assert sorted(part) == list(range(len(rows)))
    assert len(taken) == epochs * len(rows)
    assert plans[-1].epoch == epochs
    assert all(before.epoch < after.epoch for before, after in pairwise(plans))
    assert plans == plan_steps(rows, settings(batch_tokens=batch_tokens, epochs=epochs), seed)


@given(lengths, st.integers(1, 500), st.integers(0, 99))
def test_a_token_budget_is_met_to_within_one_step(sizes: list[int], budget: int, seed: int) -> None:
    rows = [encoded(size) for size in sizes]
    # Epochs count for nothing: few examples are passed over more often, many in part.
    plans = plan_steps(rows, settings(batch_tokens=40, epochs=1, token_budget=budget), seed)
    tokens = [sum(sizes[index] for index in plan.rows) for plan in plans]
    assert sum(tokens) >= budget > sum(tokens[:-1])


def test_nothing_to_train_on_is_no_step() -> None:
    assert plan_steps([], settings(token_budget=100), 0) == []


def test_examples_come_in_another_order_in_each_epoch_and_for_each_seed() -> None:
    rows = [encoded(10)] * 8
    orders = [
        [index for plan in plan_steps(rows, settings(epochs=2), seed) for index in plan.rows]
        for seed in (0, 1)
    ]
    assert len({tuple(part) for order in orders for part in (order[:8], order[8:])}) == 4


def rates(**values: Any) -> list[float]:
    wanted = settings(learning_rate=0.5, **values)
    return [learning_rate_at(step, 10, wanted) for step in range(10)]


def test_the_learning_rate_warms_up_and_falls_as_the_schedule_says() -> None:
    assert rates(schedule="constant", warmup=0.0) == [0.5] * 10
    assert rates(schedule="constant", warmup=0.4) == pytest.approx([0.125, 0.25, 0.375, *[0.5] * 7])
    assert rates(schedule="linear", warmup=0.0) == pytest.approx(
        [0.05 * n for n in range(10, 0, -1)]
    )
    assert rates(schedule="linear", warmup=0.2) == pytest.approx(
        [0.25, 0.5, *(0.0625 * n for n in range(8, 0, -1))]
    )
    assert rates(schedule="cosine", warmup=0.0) == pytest.approx(
        [0.25 * (1 + math.cos(math.pi * n / 10)) for n in range(10)]
    )
    assert rates(schedule="cosine", warmup=1.0) == pytest.approx([0.05 * n for n in range(1, 11)])


@given(
    st.integers(1, 50),
    st.sampled_from(["cosine", "linear", "constant"]),
    st.floats(0, 1, allow_nan=False),
)
def test_the_learning_rate_is_positive_and_never_above_its_setting(
    steps: int, schedule: str, warmup: float
) -> None:
    wanted = settings(learning_rate=0.5, schedule=schedule, warmup=warmup)
    found = [learning_rate_at(step, steps, wanted) for step in range(steps)]
    assert all(0 < rate <= 0.5 for rate in found)
    peak = found.index(max(found))
    assert found[: peak + 1] == sorted(found[: peak + 1])
    assert found[peak:] == sorted(found[peak:], reverse=True)
