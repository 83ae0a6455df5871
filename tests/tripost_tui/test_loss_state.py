"""The loss curve before it is drawn."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tripost_tui.state.loss import POINTS_PER_COLUMN, decimated, loss_plot, smoothed

LOSSES = st.lists(st.floats(1e-6, 100), min_size=1, max_size=400)


@given(LOSSES, st.integers(1, 60))
def test_decimation_keeps_two_points_a_column_the_ends_and_the_extremes(
    losses: list[float], columns: int
) -> None:
    points = [(float(x), y) for x, y in enumerate(losses)]
    kept = decimated(points, columns)
    assert len(kept) <= POINTS_PER_COLUMN * columns + 2
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert min(y for _, y in kept) == min(losses)
    assert max(y for _, y in kept) == max(losses)
    assert list(kept) == sorted(kept)


@given(LOSSES, st.floats(0.5, 50))
def test_smoothing_stays_between_the_lowest_and_the_highest(
    losses: list[float], half_life: float
) -> None:
    smooth = [value for value in smoothed(losses, half_life) if value is not None]
    assert len(smooth) == len(losses)
    assert math.isclose(smooth[0], losses[0])
    assert all(min(losses) - 1e-9 <= value <= max(losses) + 1e-9 for value in smooth)


def test_a_loss_counts_half_after_the_half_life() -> None:
    step = [0.0] * 50 + [1.0] * 4
    last = smoothed(step, 4)[-1]
    assert last is not None
    assert math.isclose(last, 0.5, abs_tol=1e-3)


def test_a_loss_that_is_no_number_is_a_gap() -> None:
    plot = loss_plot([(1, 1.0), (1, None), (1, 0.5), (1, 0.4)], 40)
    assert plot.raw.pieces == (((1.0, 1.0),), ((3.0, 0.5), (4.0, 0.4)))
    assert plot.gaps == 1


def test_iterations_are_apart_and_smoothed_apart() -> None:
    plot = loss_plot([(1, 1.0), (1, 0.9), (2, 5.0), (2, 4.0)], 40)
    assert plot.boundaries == (3.0,)
    assert [piece[0][0] for piece in plot.smooth.pieces] == [1.0, 3.0]
    assert [round(piece[0][1], 9) for piece in plot.smooth.pieces] == [1.0, 5.0]


def test_no_step_and_nothing_but_gaps_can_be_shown() -> None:
    assert loss_plot([], 40).empty
    assert loss_plot([(1, None), (1, None)], 40).empty
