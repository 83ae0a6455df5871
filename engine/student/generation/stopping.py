"""When a text is over: at an end token, a stop string, or its length."""

from __future__ import annotations

from collections.abc import Sequence

from engine.student.generation.prompts import Prompt
from engine.student.generation.requests import FinishReason, Generation
from engine.student.text_format import TextFormat


class StopRules:
    """Tells of growing texts whether they have ended."""

    def __init__(self, form: TextFormat) -> None:
        self._form = form
        self._completing: dict[str, frozenset[int]] = {}

    def ended(self, prompt: Prompt, ids: Sequence[int]) -> Generation | None:
        """Tell whether the text ends with its newest token, and how."""
        if ids[-1] in self._form.end_ids:
            return Generation(self._form.decode(ids[:-1]), len(ids), FinishReason.STOP)
        # To decode a text at every step would take a time that grows with its square.
        if prompt.stop and ids[-1] in self._tokens_that_complete(prompt.stop):
            text = self._form.decode(ids)
            if prompt.stop in text:
                text = text.split(prompt.stop)[0]
                return Generation(text, len(ids), FinishReason.MARKER)
        if len(ids) >= prompt.max_tokens:
            return Generation(self._form.decode(ids), len(ids), FinishReason.LENGTH)
        return None

    def _tokens_that_complete(self, stop: str) -> frozenset[int]:
        if stop not in self._completing:
            tokenizer = self._form.tokenizer
            pieces = tokenizer.batch_decode([[index] for index in range(len(tokenizer))])
            self._completing[stop] = frozenset(
                index for index, piece in enumerate(pieces) if stop[-1] in piece
            )
        return self._completing[stop]
