"""Waiting for a lock that another process holds.

SQLite's own busy handler backs off to tenths of a second. Against an engine that commits back
to back, and leaves the file unlocked for a fraction of a millisecond in between, that can miss
every gap for seconds. So SQLite is told not to wait, and we try again every millisecond or so.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0


def patiently(act: Callable[[], T], timeout_s: float) -> T:
    """``act()``, again and again while the database is locked, for ``timeout_s`` at most.

    ``act`` must be harmless to repeat. Raises what ``act`` raised last.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if not _locked(error) or time.monotonic() >= deadline:
                raise
        # Uneven, so as not to fall into step with what it waits for.
        time.sleep(random.uniform(0.0002, 0.002))


def _locked(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF == sqlite3.SQLITE_BUSY
