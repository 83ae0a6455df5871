"""How many calls are made at once: more while all goes well, fewer when a server is pressed.

Additive increase, multiplicative decrease, as in congestion control (RFC 5681): the limit
doubles with each round of replies until the first sign of pressure, and grows by one with each
round after it. Pressure halves it, once for all calls that were under way by then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = 4
"""Calls at once in the beginning, or this part of the most where that is more."""


class Cancelled(Exception):
    """The work was called off while it waited."""


class Gate:
    """Lets calls through, ``most`` at once at most; for any number of threads."""

    def __init__(self, most: int, cancelled: threading.Event) -> None:
        self._most = most
        self._limit = float(min(max(_START, most // _START), most))
        self._pressed = False
        self._shrunk_at = 0.0
        self._open_at = 0.0
        self._under_way = 0
        self._changed = threading.Condition()
        self._cancelled = cancelled

    @property
    def limit(self) -> int:
        """Calls that are let through at once by now."""
        return int(self._limit)

    @property
    def closed_for_s(self) -> float:
        """Seconds until calls are let through again, since a server asked to wait; else 0."""
        return max(0.0, self._open_at - time.monotonic())

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for a turn and take it. Raises Cancelled."""
        with self._changed:
            while self._under_way >= self.limit or self.closed_for_s:
                if self._cancelled.is_set():
                    raise Cancelled
                # Whoever cancels knows nothing of this condition: look now and then.
                self._changed.wait(min(self.closed_for_s or 0.2, 0.2))
            if self._cancelled.is_set():
                raise Cancelled
            self._under_way += 1
        try:
            yield Turn(self, time.monotonic())
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def _grow(self) -> None:
        with self._changed:
            step = 1 / self._limit if self._pressed else 1.0
            self._limit = min(self._most, self._limit + step)
            self._changed.notify()

    def _shrink(self, began: float, wait_s: float) -> None:
        with self._changed:
            now = time.monotonic()
            self._open_at = max(self._open_at, now + wait_s)
            if began >= self._shrunk_at:
                self._limit = max(1.0, self._limit / 2)
                self._pressed, self._shrunk_at = True, now


class Turn:
    """One call that was let through; whoever makes it says how it went."""

    def __init__(self, gate: Gate, began: float) -> None:
        self._gate = gate
        self._began = began

    def went_well(self) -> None:
        self._gate._grow()

    def was_pressed(self, wait_s: float = 0.0) -> None:
        """The server refused for lack of capacity; nobody asks again for ``wait_s`` seconds."""
        self._gate._shrink(self._began, wait_s)
