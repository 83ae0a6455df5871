"""The machine that a plan is for: a graphics card, or a CPU with its RAM."""

from __future__ import annotations

from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

from engine.gpus import GpuQueryError, query_gpus
from engine.planning.cards import Card, card_of

DESKTOP_BYTES = 300 * 2**20
"""VRAM that a desktop and the driver keep. An assumption; a card without a screen has more."""

SYSTEM_BYTES = 2 * 2**30
"""RAM that the system and other programs keep. An assumption."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run would be. ``free_bytes`` is what is free now, where that is known."""

    card: Card
    on_cpu: bool = False
    free_bytes: int | None = None

    @property
    def memory_bytes(self) -> int:
        return self.card.vram_bytes

    @property
    def usable_bytes(self) -> int:
        """What a run may take of the memory."""
        kept = SYSTEM_BYTES if self.on_cpu else DESKTOP_BYTES
        return max(0, self.memory_bytes - kept)

    @property
    def memory_name(self) -> str:
        return "RAM" if self.on_cpu else "VRAM"


def this_machine() -> Machine:
    """What this machine has: its card with the most memory, or else its CPU.

    A card that nvidia-smi tells no memory of shares the machine's RAM.
    """
    try:
        gpus = query_gpus()
    except GpuQueryError:
        gpus = []
    if gpus:
        gpu = max(gpus, key=lambda gpu: gpu.total_bytes or 0)
        card = card_of(gpu.name, gpu.total_bytes or psutil.virtual_memory().total)
        return Machine(card, free_bytes=gpu.free_bytes)
    return this_cpu()


def this_cpu() -> Machine:
    """This machine without its cards. How fast it is, is not known."""
    memory = psutil.virtual_memory()
    cpu = Card("CPU", memory.total / 2**30, None, None)
    return Machine(cpu, on_cpu=True, free_bytes=memory.available)
