"""Where a student runs, and the number formats that are of use there."""

from __future__ import annotations

import gc

import psutil  # type: ignore[import-untyped]
import torch

from engine.errors import StudentError


def choose_device(wanted: str) -> torch.device:
    """Return the device that ``auto`` means here, or the one asked for.

    Raises:
        StudentError: it is not there.
    """
    found = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in found.items() if there))
    if not found[wanted]:
        there = ", ".join(name for name, is_there in found.items() if is_there)
        raise StudentError(f"student.device is {wanted!r}, but this machine has: {there}.")
    return torch.device(wanted)


def calculates_in_bf16(device: torch.device) -> bool:
    """Tell whether bf16 is calculated there, and not slowly imitated."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return True


def total_bytes(device: torch.device) -> int:
    """Return the memory that the device has, in use or not; the CPU's is the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    if device.type == "xpu":
        return int(torch.xpu.get_device_properties(device).total_memory)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory())
    return int(psutil.virtual_memory().total)


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
