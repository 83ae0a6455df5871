"""Texts as answers that are stored: scored, and compared with what they were an update of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from db.evals import EvalQuestion, StoredAnswer, StoredVote
from engine.scoring import score_attempts
from engine.tasks.base import Task

NEARLY = 0.98
"""The share of words that two attempts have in common from which on they are nearly the same,
unless their answers differ."""

_MOST_WORDS = 2_000
_WORDS = re.compile(r"\w+|[^\w\s]")


def scored(
    task: Task,
    asked: EvalQuestion,
    parts: Sequence[str],
    finish_reason: str,
    tokens: int,
    prompt_tokens: int | None = None,
) -> StoredAnswer:
    """Score attempt, feedback, update and so on, as they were written in turn."""
    attempts = parts[::2]
    scores = score_attempts(task, asked.question, asked.answer, attempts)
    same = nearly = 0
    for before, after in pairwise(attempts):
        if before.strip() == after.strip():
            same += 1
        elif _alike(task, before, after):
            nearly += 1
    return StoredAnswer(
        position=asked.position,
        first_answer=scores.first_answer,
        final_answer=scores.final_answer,
        first_correct=scores.first_correct,
        final_correct=scores.final_correct,
        first_flexible=scores.first_flexible,
        final_flexible=scores.final_flexible,
        updates=len(attempts) - 1,
        same=same,
        nearly_same=nearly,
        finish_reason=finish_reason,
        tokens=tokens,
        prompt_tokens=prompt_tokens,
        parts=tuple(parts),
    )


def voted(task: Task, asked: EvalQuestion, sample: int, text: str, tokens: int) -> StoredVote:
    """Read and score the answer of an independent sample."""
    scores = score_attempts(task, asked.question, asked.answer, [text])
    return StoredVote(
        sample=sample,
        position=asked.position,
        answer=scores.first_answer,
        flexible=task.answer_flexible(text),
        correct=scores.first_correct,
        flexible_correct=scores.first_flexible,
        tokens=tokens,
        text=text,
    )


def _alike(task: Task, before: str, after: str) -> bool:
    """Tell whether an update says the same in nearly the same words."""
    # One number that was put right leaves nearly all words as they were, and is no repetition.
    if task.answer_flexible(before) != task.answer_flexible(after):
        return False
    words, others = _WORDS.findall(before.casefold()), _WORDS.findall(after.casefold())
    if max(len(words), len(others)) > _MOST_WORDS:
        return words == others
    return SequenceMatcher(None, words, others, autojunk=False).ratio() >= NEARLY
