"""A bound on waiting: what takes more than linear time on a megabyte takes hours."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def patience(seconds: int = 30) -> Iterator[None]:
    """Raise TimeoutError where the block takes longer; regular expressions are interrupted."""

    def give_up(signum: int, frame: object) -> None:
        raise TimeoutError("this takes more than linear time")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
