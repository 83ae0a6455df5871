"""Memory of the device that trains: how much is in use."""

from __future__ import annotations

import psutil  # type: ignore[import-untyped]
import torch


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
