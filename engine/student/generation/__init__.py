"""Generation: prompts in, continuations out, each from its own seed.

`TextGenerator` is what the engine asks. Behind it stand `Sampler`, our own loop over batches, and
`ContinuousSampler`, transformers' continuous batching.
"""

from engine.student.generation.batches import Sampler
from engine.student.generation.choice import text_generator
from engine.student.generation.continuous import ContinuousBatchingFailed, ContinuousSampler
from engine.student.generation.requests import (
    FinishReason,
    Generation,
    OutOfMemory,
    Request,
    TextGenerator,
    chunks,
)

__all__ = [
    "ContinuousBatchingFailed",
    "ContinuousSampler",
    "FinishReason",
    "Generation",
    "OutOfMemory",
    "Request",
    "Sampler",
    "TextGenerator",
    "chunks",
    "text_generator",
]
