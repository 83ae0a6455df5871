"""Work on many things at once: results in order, called off and failed in good order."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experts.parallel import in_order


def nothing() -> None:
    pass


def run(
    things: list[int],
    work: Callable[[int], int],
    workers: int = 3,
    cancelled: threading.Event | None = None,
    on_tick: Callable[[], None] = nothing,
) -> list[int]:
    return list(in_order(things, work, workers, cancelled or threading.Event(), on_tick))


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 5))
def test_results_come_in_the_order_of_things(delays: list[int], workers: int) -> None:
    pause = threading.Event()

    def work(thing: int) -> int:
        pause.wait(delays[thing] / 10_000)
        return thing

    things = list(range(len(delays)))
    assert run(things, work, workers) == things


def test_so_many_are_at_work_at_once() -> None:
    together = threading.Barrier(3, timeout=10)

    def work(thing: int) -> int:
        together.wait()
        return thing

    assert run(list(range(9)), work) == list(range(9))


def test_a_slow_first_one_does_not_keep_the_others_from_working() -> None:
    others_done = threading.Semaphore(0)

    def work(thing: int) -> int:
        if thing:
            others_done.release()
        else:
            for _ in range(20):
                assert others_done.acquire(timeout=10)
        return thing

    assert run(list(range(21)), work, workers=2) == list(range(21))


def test_what_is_raised_comes_in_its_place_and_nothing_new_is_begun() -> None:
    begun = []

    def work(thing: int) -> int:
        begun.append(thing)
        if thing == 3:
            raise ValueError("three")
        return thing

    results = in_order(range(1000), work, 1, threading.Event(), nothing)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert len(begun) < 1000


def test_called_off_it_ends_after_what_is_under_way() -> None:
    cancelled = threading.Event()
    ticks = []

    def on_tick() -> None:
        ticks.append(1)
        cancelled.set()

    def work(thing: int) -> int:
        assert cancelled.wait(10)
        return thing

    assert run(list(range(100)), work, 2, cancelled, on_tick) == [0, 1]
    assert ticks
