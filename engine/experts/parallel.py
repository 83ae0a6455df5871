"""Work on many things at once, with results in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 16
"""Things begun for each worker beyond the oldest unfinished one, which may take long."""
_TICK_S = 0.1


def in_order(
    things: Sequence[T],
    work: Callable[[T], R],
    workers: int,
    cancelled: threading.Event,
    on_tick: Callable[[], None],
) -> Iterator[R]:
    """Yield ``work`` of each thing, in order, with so many at once.

    ``on_tick`` is called several times a second. When ``cancelled`` is set nothing new is begun:
    what is done and in order is still yielded, then it ends. What ``work`` raises comes in its
    place in the order; then too what is under way is waited for.
    """
    waiting = iter(things)
    under_way: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="experts") as pool:
        try:
            while True:
                while not cancelled.is_set() and len(under_way) < workers * _AHEAD:
                    thing = next(waiting, None)
                    if thing is None:
                        break
                    under_way.append(pool.submit(work, thing))
                if not under_way:
                    return
                while not under_way[0].done():
                    wait([under_way[0]], timeout=_TICK_S, return_when=FIRST_COMPLETED)
                    on_tick()
                    if cancelled.is_set():
                        _forget_unbegun(under_way)
                        if not under_way:
                            return
                yield under_way.popleft().result()
        finally:
            cancelled.set()
            _forget_unbegun(under_way)
            while any(not future.done() for future in under_way):
                wait(under_way, timeout=_TICK_S)
                on_tick()


def _forget_unbegun(under_way: deque[Future[R]]) -> None:
    """Take what no worker has begun off the end."""
    while under_way and under_way[-1].cancel():
        under_way.pop()
