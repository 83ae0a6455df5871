import threading
from collections.abc import Iterator

import pytest

from tripost_tui.abandoning import abandonable


def never() -> bool:
    return False


def test_results_come_in_their_order() -> None:
    assert list(abandonable(lambda: range(5), never)) == [0, 1, 2, 3, 4]


def test_what_the_work_raises_is_raised_after_its_results() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise RuntimeError("broken")

    got = []
    with pytest.raises(RuntimeError, match="broken"):
        for result in abandonable(work, never):
            got.append(result)  # noqa: PERF402 - what came before the error counts
    assert got == [1]


def test_nobody_waits_for_what_is_abandoned() -> None:
    go, ended, abandoned = threading.Event(), threading.Event(), threading.Event()

    def work() -> Iterator[int]:
        yield 1
        go.wait(60)
        ended.set()
        yield 2

    got = []
    for result in abandonable(work, abandoned.is_set):
        got.append(result)
        abandoned.set()
    assert got == [1]
    assert not ended.is_set()
    go.set()
    assert ended.wait(60)
