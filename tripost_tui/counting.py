"""What takes long to count, counted in a thread that gives way to keys and painting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tripost_tui.state.balance_port import Counted, CountPort, Job

_AT_A_TIME_S, _REST_S = 0.004, 0.001
"""How long it counts, and how long it then leaves the interpreter to others."""


class _LeftAlone(Exception):
    """What is being counted is not wanted any more."""


class Counting:
    """Counts one job at a time. ``wanted`` is what is to be counted now, as far as is known:
    work on another iteration than that is given up."""

    def __init__(self, port: Callable[[], CountPort]) -> None:
        self.job: Job | None = None
        """What is being counted."""
        self.progress: tuple[int, int] | None = None
        """How many are done, of how many."""
        self.wanted: Job | None = None
        self._make_port = port
        self._port: CountPort | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="counting")
        self._left = False
        self._rested = 0.0

    async def count(self, job: Job) -> Counted | None:
        """None where it was given up. Raises TripostError and StoreError."""
        self.job = job
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._count, job)
        except _LeftAlone:
            return None
        finally:
            self.job = self.progress = None

    def leave(self) -> None:
        """Nobody waits for it any more."""
        self._left = True
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    def _count(self, job: Job) -> Counted:
        """Runs in the counting thread."""
        if self._port is None:
            self._port = self._make_port()
        return Counted(job, self._port.count(job.iteration, dict(job.values), self._pulse))

    def _close(self) -> None:
        """Runs in the counting thread, after all else."""
        if self._port is not None:
            self._port.close()

    def _pulse(self, done: int, total: int) -> None:
        """Runs in the counting thread, all the time."""
        job, wanted = self.job, self.wanted
        gone = wanted is not None and job is not None and wanted.iteration != job.iteration
        if self._left or gone:
            raise _LeftAlone
        self.progress = (done, total)
        now = time.perf_counter()
        if now - self._rested > _AT_A_TIME_S:
            time.sleep(_REST_S)
            self._rested = time.perf_counter()
