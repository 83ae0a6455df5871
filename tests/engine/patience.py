"""A bound on work: what takes more than linear time on a megabyte takes hours."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def patience(seconds: int = 30) -> Iterator[None]:
    """Raise TimeoutError where the block takes longer; regular expressions are interrupted.

    The time is the process's own: a busy machine does not shorten it.
    """

    def give_up(signum: int, frame: object) -> None:
        raise TimeoutError("this takes more than linear time")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
