"""Generation: prompts in, continuations out, each from its own seed.

`TextGenerator` is what the engine asks, `Sampler` our own loop over batches.
"""

from engine.student.generation.batches import Sampler
from engine.student.generation.requests import (
    FinishReason,
    Generation,
    OutOfMemory,
    Request,
    TextGenerator,
    chunks,
)

__all__ = [
    "FinishReason",
    "Generation",
    "OutOfMemory",
    "Request",
    "Sampler",
    "TextGenerator",
    "chunks",
]
