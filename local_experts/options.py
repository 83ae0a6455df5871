"""How experts are used, whatever back end they have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertOptions:
    """How an expert is used.

    ``thinking`` is None for what the model does by itself. ``gpu_layers`` (-1: all) and
    ``threads`` (0: as many as there are cores) are for GGUF files alone, ``context_tokens`` is
    not for OpenAI-compatible servers, which have theirs.
    """

    context_tokens: int = 8192
    timeout_s: float = 120.0
    thinking: bool | None = None
    concurrency: int = 4
    gpu_layers: int = -1
    threads: int = 0
