"""How an expert is to be used, the same for every back end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExpertOptions:
    """``timeout_s`` is for one call; ``thinking`` is None where the model decides.

    ``gpu_layers`` (-1 for all) and ``threads`` (0 for as many as the library likes) are for models
    that run in this process.
    """

    context_tokens: int = 8192
    timeout_s: float = 120.0
    thinking: bool | None = None
    concurrency: int = 4
    gpu_layers: int = -1
    threads: int = 0
