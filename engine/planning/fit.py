"""Whether training fits in what is free now: told before an engine is started."""

from __future__ import annotations

from dataclasses import dataclass

from engine.planning.architecture import Architecture
from engine.planning.memory import generation_memory, training_memory
from engine.planning.workload import Workload

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Fit:
    """What training needs, and what is free; ``text`` says it to a person."""

    needed_bytes: int
    free_bytes: int
    text: str

    @property
    def fits(self) -> bool:
        return self.needed_bytes <= self.free_bytes

    @property
    def missing_bytes(self) -> int:
        return max(0, self.needed_bytes - self.free_bytes)


def fits_machine(
    model: Architecture, work: Workload, free_bytes: int, *, on_cpu: bool = False
) -> Fit:
    """Tell whether a run with these settings fits in ``free_bytes`` of VRAM or, on a CPU, RAM.

    That is training with the longest example, or sampling, whichever takes more.
    """
    training = training_memory(model, work, on_cpu=on_cpu).needed
    sampling = generation_memory(model, work, on_cpu=on_cpu).needed
    needed, stage = max((training, "Training"), (sampling, "Sampling"))
    memory = "RAM" if on_cpu else "VRAM"
    text = (
        f"{stage} needs about {needed / GIB:.1f} GiB of {memory}; {free_bytes / GIB:.1f} GiB are "
        "free"
    )
    if needed > free_bytes:
        text += f", {(needed - free_bytes) / GIB:.1f} GiB too little"
    return Fit(needed, free_bytes, f"{text}.")
