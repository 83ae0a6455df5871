"""The GPUs' load is asked for in the background; who asks never waits."""

import threading

import recorded

from engine.gpus import GpuLoad, GpuQueryError
from tripost_tui.state.gpu_watch import NO_SMI, NOTHING_KNOWN, GpuLook, GpuWatch

LOAD = GpuLoad("card", 100, 50, 60, 1.0, 2)


class Smi:
    """Answers when it is let to; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = threading.Semaphore(0)
        self.done = threading.Semaphore(0)

    def __call__(self) -> list[GpuLoad]:
        self.asked += 1
        self.let.acquire()
        self.done.release()
        return [LOAD]


def settled(watch: GpuWatch, wanted: GpuLook) -> bool:
    """Whether the answer is what is wanted, within a second."""
    waited = threading.Event()
    for _ in range(100):
        if watch.look() == wanted:
            return True
        waited.wait(0.01)
    return False


def test_nobody_waits_and_it_is_asked_once_at_a_time() -> None:
    smi, clock = Smi(), recorded.Clock(0.0)
    watch = GpuWatch(smi, clock, every_s=3.0)
    assert watch.look() == NOTHING_KNOWN
    clock.now = 60.0
    assert watch.look() == NOTHING_KNOWN
    smi.let.release()
    smi.done.acquire()
    assert smi.asked == 1
    assert settled(watch, GpuLook((LOAD,)))


def test_it_is_asked_again_after_a_while() -> None:
    smi, clock = Smi(), recorded.Clock(0.0)
    smi.let.release(9)
    watch = GpuWatch(smi, clock, every_s=3.0)
    watch.look()
    assert settled(watch, GpuLook((LOAD,)))
    clock.now = 2.0
    watch.look()
    assert smi.asked == 1
    clock.now = 3.0
    watch.look()
    smi.done.acquire()
    smi.done.acquire()
    assert smi.asked == 2


def test_that_nothing_is_known_has_a_reason() -> None:
    assert settled_note(GpuWatch(list)) == NO_SMI

    def broken() -> list[GpuLoad]:
        raise GpuQueryError("Driver/library version \x1b[31mmismatch")

    assert settled_note(GpuWatch(broken)) == "nvidia-smi: Driver/library version [31mmismatch"


def settled_note(watch: GpuWatch) -> str:
    waited = threading.Event()
    for _ in range(100):
        if note := watch.look().note:
            return note
        waited.wait(0.01)
    return ""
