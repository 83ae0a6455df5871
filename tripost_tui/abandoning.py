"""Work that can be left alone: who looks elsewhere, or quits, does not wait for a slow server."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 0.05
"""How soon it is noticed that nobody waits any more."""


class _End:
    """What comes last; ``error`` is what ended it, if anything did."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


def abandonable(work: Callable[[], Iterable[T]], abandoned: Callable[[], bool]) -> Iterator[T]:
    """Yield what ``work`` gives, as it comes, until ``abandoned`` says that nobody wants it.

    The work goes on by itself then, in a thread that keeps no process alive: a call that waits
    for an answer cannot be broken off. Raises what the work raises.
    """
    results: queue.SimpleQueue[T | _End] = queue.SimpleQueue()

    def run() -> None:
        try:
            for result in work():
                if abandoned():
                    return
                results.put(result)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            results.put(_End(error))
        else:
            results.put(_End())

    threading.Thread(target=run, name="abandonable", daemon=True).start()
    while not abandoned():
        try:
            result = results.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            continue
        if isinstance(result, _End):
            if result.error is not None:
                raise result.error
            return
        yield result
