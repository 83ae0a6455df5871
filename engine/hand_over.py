"""Student and local experts share one GPU by turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from engine.gpus import GpuQueryError, query_gpus
from engine.stage import RunContext
from engine.student.device import choose_device
from local_experts.errors import ExpertError
from local_experts.protocol import Expert

_WAIT_S = 30.0
_TICK_S = 0.5
_TOLERANCE_BYTES = 256 * 2**20


@contextmanager
def memory_for_experts(
    context: RunContext,
    experts: Sequence[Expert],
    free_memory: Callable[[], int | None] | None = None,
) -> Iterator[None]:
    """Give local experts the student's memory, and take it back from them in the end.

    ``free_memory`` tells a GPU's free bytes, None where nobody knows. Memory that is not given
    back is told: training goes on with what there is.
    """
    local = [expert for expert in experts if expert.is_local]
    if not local or not _is_wanted(context):
        yield
        return
    names = ", ".join(expert.name for expert in local)
    free_memory = free_memory or _free_memory
    context.control.say(f"the student makes room for {names}")
    context.seat.vacate()
    free = free_memory()
    context.tell("hand_over", f"the student left its memory to {names}", to="experts")
    try:
        yield
    finally:
        context.control.say(f"waiting for {names} to give the memory back")
        given_back = [_unload(context, expert) for expert in local]
        if not _is_back(free, free_memory, context.control.pulse):
            context.alert(f"less GPU memory is free than before {names} came")
        elif all(given_back):
            context.tell("hand_over", f"{names} gave the memory back", to="student")


def _is_wanted(context: RunContext) -> bool:
    wanted = context.settings.experts.hand_over
    if context.settings.experts.offline:
        return False
    if wanted == "auto":
        return choose_device(context.settings.student.device).type != "cpu"
    return wanted == "on"


def _unload(context: RunContext, expert: Expert) -> bool:
    try:
        expert.unload()
    except ExpertError as error:
        context.alert(f"{expert.name} may still hold memory that the student needs: {error}")
        return False
    return True


def _is_back(
    before: int | None, free_memory: Callable[[], int | None], tick: Callable[[], None]
) -> bool:
    """Wait until as much memory is free as before; other programs may have taken some since."""
    deadline = time.monotonic() + _WAIT_S
    while before is not None:
        now = free_memory()
        if now is None or now >= before - _TOLERANCE_BYTES:
            return True
        if time.monotonic() >= deadline:
            return False
        tick()
        time.sleep(_TICK_S)
    return True


def _free_memory() -> int | None:
    """Free bytes of the first GPU, as nvidia-smi tells it."""
    try:
        gpus = query_gpus()
    except GpuQueryError:
        return None
    return gpus[0].free_bytes if gpus else None
