"""Prompts to continue, what a generator makes of each alone, and models short of memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from engine.student.generation import Generation, Request, TextGenerator

PROMPTS = ["Q: ", "Q: (1 + 2) =\nAnswer:", "7", "Feedback: a longer prompt than the others", "="]


def requests(max_tokens: Sequence[int] = (40,), stop: str = "", count: int = 15) -> list[Request]:
    return [
        Request((PROMPTS[seed % len(PROMPTS)],), seed, max_tokens[seed % len(max_tokens)], stop)
        for seed in range(count)
    ]


def alone(generator: TextGenerator, wanted: Sequence[Request]) -> list[Generation]:
    return [generator.generate([request])[0] for request in wanted]


@contextmanager
def room_for(model: PreTrainedModel, rows: int, step: int, error: Exception) -> Iterator[None]:
    """Let the model run out of memory with more rows than that, once so many tokens are there."""

    def look(_: object, __: object, kwargs: dict[str, torch.Tensor]) -> None:
        mask = kwargs["attention_mask"]
        if len(mask) > rows and mask.shape[1] >= step:
            raise error

    hook = model.register_forward_pre_hook(look, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
