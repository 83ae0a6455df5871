"""Memory of the device that trains: how much is in use, and running out of it."""

from __future__ import annotations

import gc

import psutil  # type: ignore[import-untyped]
import torch

_SAYINGS = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out: torch's own, a driver's or the CPU's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        saying in str(error).lower() for saying in _SAYINGS
    )


def free_cached(device: torch.device) -> None:
    """Give back what the allocator keeps for later."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def reset_peak(device: torch.device) -> None:
    """Begin to measure a peak, where there is one to be had."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif device.type == "xpu":
        torch.xpu.reset_peak_memory_stats(device)


def peak_bytes(device: torch.device) -> int:
    """Return the most that was in use since `reset_peak`; what is in use now where none is told.

    On the CPU it is the memory of the whole process.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if device.type == "xpu":
        return int(torch.xpu.max_memory_allocated(device))
    if device.type == "mps":
        return int(torch.mps.current_allocated_memory())
    return int(psutil.Process().memory_info().rss)
