"""How what a student wrote for a test question is scored, whoever the student is.

Apart from `engine.rollout` and `engine.evaluation`, since it needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.tasks.base import Task
from engine.trajectory import parse_attempt


class RolloutEnd(StrEnum):
    """Why a student stopped."""

    NO_FEEDBACK = "no feedback"
    SATISFIED = "positive feedback"
    NO_UPDATE = "no update"
    UNCHANGED = "update unchanged"
    MAX_UPDATES = "most updates reached"
    TOO_LONG = "length"


@dataclass(frozen=True, slots=True)
class Scores:
    """The answers of the first attempt and of the last one that states any; strictly read, but
    for the ``…_flexible`` ones."""

    first_answer: str | None
    final_answer: str | None
    first_correct: bool
    final_correct: bool
    first_flexible: bool
    final_flexible: bool


def score_attempts(task: Task, question: str, gold: str, attempts: Sequence[str]) -> Scores:
    """Score the raw texts of an attempt and its updates; there is at least one.

    The strict answer is read from the final response, the flexible one from all of the text.
    """
    parsed = [parse_attempt(text) for text in attempts]
    strict = [task.answer(attempt) for attempt in parsed]
    flexible = [task.answer_flexible(text) for text in attempts]

    def right(answers: list[str | None], index: int) -> bool:
        said = parsed[index].text
        return task.is_right(answers[index], gold, question=question, attempt=said)

    last, last_flexible = _last(strict), _last(flexible)
    return Scores(
        first_answer=strict[0],
        final_answer=strict[last],
        first_correct=right(strict, 0),
        final_correct=right(strict, last),
        first_flexible=right(flexible, 0),
        final_flexible=right(flexible, last_flexible),
    )


def _last(answers: list[str | None]) -> int:
    """Return the place of the last answer that is stated; 0 where none is."""
    return max((index for index, answer in enumerate(answers) if answer is not None), default=0)
