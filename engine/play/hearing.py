"""A student's generator that is heard: each part of an answer is told as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from engine.play.messages import Ask, Event, Part, PartBegun, PartDone, Piece, Verdict
from engine.play.text_stream import TextStream
from engine.student.generation import Generation, Request, Sampler
from engine.student.model import Student
from engine.trajectory import Feedback, parse_feedback

Tell = Callable[[Event], None]


class Cancelled(Exception):
    """What was asked is not wanted any more."""


class HeardGenerator:
    """A generator of one text at a time, each a part of the answer that is told as it grows."""

    def __init__(
        self,
        student: Student,
        ask: Ask,
        iteration: int,
        tell: Tell,
        is_cancelled: Callable[[], bool],
        judge: Callable[[Ask, int, int, str], None],
    ) -> None:
        self._form = student.form
        self._ask, self._iteration = ask, iteration
        self._tell, self._is_cancelled, self._judge = tell, is_cancelled, judge
        self._sampler = Sampler(
            student.language_model,
            student.form,
            ask.temperature,
            self._pulse,
            autocast=student.autocast,
            watch=self._hear,
        )
        self._parts = 0
        self._stream = TextStream(self._form.decode, "", "")
        self._first_at = 0.0
        """When the first token of the part came; 0 while none has."""
        self.seconds = 0.0

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Continue the one prompt, if there is one."""
        if not requests:
            return []
        (request,) = requests
        # Attempt, feedback, update, feedback, update and so on.
        number, is_feedback = (self._parts + 1) // 2, self._parts % 2 == 1
        if is_feedback:
            part, number = Part.FEEDBACK, self._parts // 2
        else:
            part = Part.UPDATE if number else Part.ATTEMPT
        self._parts += 1
        at = {"id": self._ask.id, "weights": self._iteration}
        self._tell(PartBegun(part=part, number=number, **at))
        self._stream = TextStream(self._form.decode, request.stop, "\n " if is_feedback else "\n")
        self._first_at, began = 0.0, time.monotonic()
        (generation,) = self._sampler.generate([request])
        seconds = time.monotonic() - began
        self.seconds += seconds
        text = generation.text.strip() if is_feedback else generation.text.strip("\n")
        said = parse_feedback(text) if is_feedback else None
        self._tell(
            PartDone(
                part=part,
                number=number,
                text=text,
                tokens=generation.tokens,
                first_s=self._first_at - began if self._first_at else seconds,
                seconds=seconds,
                verdict=verdict_of(said),
                step=said.step if said else None,
                span=said.span if said else None,
                **at,
            )
        )
        if not is_feedback:
            self._judge(self._ask, self._iteration, number, text)
        return [generation]

    def _pulse(self) -> None:
        if self._is_cancelled():
            raise Cancelled

    def _hear(self, _: int, ids: Sequence[int]) -> None:
        self._first_at = self._first_at or time.monotonic()
        if piece := self._stream.more(ids):
            self._tell(Piece(id=self._ask.id, weights=self._iteration, text=piece))


def verdict_of(feedback: Feedback | None) -> Verdict:
    """What feedback says, as messages have it."""
    if feedback is None:
        return Verdict.NONE
    return Verdict.CORRECT if feedback.is_correct else Verdict.INCORRECT
