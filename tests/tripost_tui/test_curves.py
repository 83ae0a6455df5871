"""Curves of a training: each step once, gaps kept, spikes never lost."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.live import StepFacts
from tripost_tui.state.charts import extent, only_above_zero
from tripost_tui.state.curves import Steps, charts, smoothed, thinned
from tripost_tui.state.loss import smoothed as smoothed_exactly


def facts(step: int, loss: float | None = 1.0, **more: object) -> StepFacts:
    values = {
        "id": step,
        "iteration": 1,
        "step": step,
        "epoch": step / 10,
        "loss": loss,
        "learning_rate": 1e-4,
        "grad_norm": 0.5,
        "tokens": 1000,
        "seconds": 0.5,
        "memory_bytes": None,
        "micro_tokens": 4096,
        **more,
    }
    return StepFacts(**values)  # type: ignore[arg-type]


def steps_of(*all_facts: StepFacts) -> Steps:
    steps = Steps()
    for one in all_facts:
        steps.add(one)
    return steps


def test_a_step_that_is_replayed_replaces_itself_and_what_came_after() -> None:
    steps = steps_of(*(facts(n, loss=float(n)) for n in range(1, 6)), facts(3, loss=9.0))
    assert steps.column("step").tolist() == [1, 2, 3]
    assert steps.column("loss").tolist() == [1, 2, 9]
    assert steps.last == facts(3, loss=9.0)


def test_tokens_a_second_are_those_of_the_last_seconds() -> None:
    slow = [facts(n, tokens=100) for n in range(1, 101)]
    fast = [facts(n, tokens=1000) for n in range(101, 141)]
    assert steps_of(*slow).tokens_per_s() == pytest.approx(200)
    assert steps_of(*slow, *fast).tokens_per_s() == pytest.approx(2000)
    assert Steps().tokens_per_s() is None


def test_memory_that_ran_out_is_told_by_step() -> None:
    steps = steps_of(facts(1), facts(2), facts(3, micro_tokens=2048), facts(4, micro_tokens=None))
    assert steps.memory_changes() == [(3, 4096, 2048)]


def test_a_loss_that_is_not_a_number_is_a_gap() -> None:
    steps = steps_of(facts(1, 3.0), facts(2, None), facts(3, 2.0))
    drawn = charts(steps, 80)["loss"]
    raw, smooth = drawn.lines[:2]
    assert raw.pieces == (((1.0, 3.0),), ((3.0, 2.0),))
    assert [[x for x, _ in piece] for piece in smooth.pieces] == [[1.0], [3.0]]
    assert steps.gaps == 1


def test_charts_are_linked_and_none_is_drawn_of_nothing() -> None:
    drawn = charts(steps_of(*(facts(n) for n in range(1, 50))), 40, [(20, 0.5)], log=True)
    assert {chart.x_range for chart in drawn.values()} == {(1.0, 49.0)}
    assert [drawn[name].log for name in ("loss", "norm", "speed", "rate")] == [1, 1, 0, 0]
    assert drawn["loss"].lines[-1].pieces == (((20.0, 0.5),),)
    assert charts(Steps(), 40) == {}


def test_a_hundred_thousand_steps_make_about_two_points_a_column() -> None:
    steps = steps_of(*(facts(n, loss=1 / n) for n in range(1, 100_001)))
    for chart in charts(steps, 100).values():
        for line in chart.lines:
            assert sum(len(piece) for piece in line.pieces) <= 2 * 100 + 2


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=1, max_size=400),
    st.integers(1, 40),
)
def test_what_is_thinned_out_keeps_ends_and_extremes_and_splits_at_gaps(
    values: list[float], columns: int
) -> None:
    y = np.array(values)
    pieces = thinned(np.arange(len(y), dtype=float), y, columns)
    points = [point for piece in pieces for point in piece]
    assert all(values[int(x)] == value for x, value in points)
    known = [value for value in values if not math.isnan(value)]
    assert (
        (max(known), min(known))
        == (
            max(value for _, value in points),
            min(value for _, value in points),
        )
        if known
        else not points
    )
    for piece in pieces:
        first, last = int(piece[0][0]), int(piece[-1][0])
        assert not any(math.isnan(value) for value in values[first : last + 1])
        assert first == 0 or math.isnan(values[first - 1])
        assert last == len(values) - 1 or math.isnan(values[last + 1])


def test_smoothing_is_exact_as_long_as_each_value_is_looked_at() -> None:
    values = [math.sin(n) + 2 for n in range(500)]
    _, found = smoothed(np.arange(500.0), np.array(values))
    assert found.tolist() == pytest.approx(smoothed_exactly(values, 500 / 40))


def test_smoothing_of_many_values_stays_near_the_exact_one() -> None:
    values = [math.exp(-n / 20_000) for n in range(100_000)]
    x, found = smoothed(np.arange(100_000.0), np.array(values))
    exact = smoothed_exactly(values, 100_000 / 40)
    assert len(found) <= 2000
    assert found.tolist() == pytest.approx([exact[int(at)] for at in x], abs=0.01)


def test_what_has_no_logarithm_is_left_out() -> None:
    piece = ((1.0, 2.0), (2.0, 0.0), (3.0, -1.0), (4.0, 5.0))
    assert only_above_zero((piece,)) == (((1.0, 2.0),), ((4.0, 5.0),))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_an_axis_always_has_an_extent(values: list[float]) -> None:
    low, high = extent(values)
    assert low < high
    assert low <= min(values) <= max(values) <= high
