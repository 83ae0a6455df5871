"""The load of the GPUs, asked for now and then without anybody waiting for the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.gpus import GpuLoad, GpuQueryError, query_loads
from tripost_tui.text import one_line

EVERY_S = 3.0
NO_SMI = "no NVML here (nvidia-smi is not installed)"


@dataclass(frozen=True, slots=True)
class GpuLook:
    """What is known of the GPUs; ``note`` says why nothing is, empty while nobody has answered."""

    loads: Sequence[GpuLoad] = ()
    note: str = ""


NOTHING_KNOWN = GpuLook()


class GpuWatch:
    """The newest answer, from any thread. A program that hangs holds up nobody.

    ``ask`` replaces nvidia-smi; ``clock`` counts seconds.
    """

    def __init__(
        self,
        ask: Callable[[], Sequence[GpuLoad]] = query_loads,
        clock: Callable[[], float] = time.monotonic,
        every_s: float = EVERY_S,
    ) -> None:
        self._ask, self._clock, self._every_s = ask, clock, every_s
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._asking = False
        self._look = GpuLook()

    def look(self) -> GpuLook:
        """Return what was answered last, and ask again where that was a while ago."""
        with self._lock:
            now = self._clock()
            due = self._asked_at is None or now - self._asked_at >= self._every_s
            if due and not self._asking:
                self._asking, self._asked_at = True, now
                threading.Thread(target=self._work, name="gpu-watch", daemon=True).start()
            return self._look

    def _work(self) -> None:
        try:
            loads = tuple(self._ask())
            found = GpuLook(loads, "" if loads else NO_SMI)
        except GpuQueryError as error:
            found = GpuLook((), one_line(f"nvidia-smi: {error}", 120))
        with self._lock:
            self._look, self._asking = found, False
