"""One planted error, told step by step, so that a person sees what an expert makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.experts.bench import (
    Fbk,
    FeedbackScore,
    Fix,
    Imp,
    ImproveScore,
    score_feedback,
    score_improve,
)
from engine.experts.planting import Planted
from engine.tasks.base import Task


class Part(StrEnum):
    """What is told, in this order."""

    QUESTION = "question"
    ATTEMPT = "attempt"
    TRUTH = "what is wrong with it"
    FEEDBACK = "FBK says"
    FINDING = "compared"
    UPDATE = "IMP writes"
    VERDICT = "judged"


@dataclass(frozen=True, slots=True)
class Told:
    """A part of a trial; ``good`` is None where there is nothing to be good or bad about.

    ``text`` may be an expert's: it is data, and for nothing but showing.
    """

    part: Part
    text: str
    good: bool | None = None


def one_item_trial(
    task: Task, planted: Planted, fbk: Fbk | None = None, imp: Imp | None = None
) -> Iterator[Told]:
    """Let FBK and IMP, as far as there are any, deal with one planted error.

    What comes before a call is told before it is made, so that a person can watch.
    """
    yield Told(Part.QUESTION, planted.item.question)
    yield Told(Part.ATTEMPT, planted.attempt.text)
    yield Told(Part.TRUTH, planted.truth.render())
    if fbk is not None:
        yield from _feedback_told(score_feedback(planted, fbk))
    if imp is not None:
        yield from _improve_told(score_improve(task, planted, imp))


def _feedback_told(score: FeedbackScore) -> Iterator[Told]:
    if score.feedback is not None:
        yield Told(Part.FEEDBACK, score.feedback.render())
    yield Told(Part.FINDING, _with_why(score.finding, score.why), score.finding.step_agrees)


def _improve_told(score: ImproveScore) -> Iterator[Told]:
    if score.update is not None:
        yield Told(Part.UPDATE, score.update.text)
    wrong = score.verdict is not None and not score.verdict.is_correct
    why = score.verdict.render() if score.verdict is not None and wrong else score.why
    yield Told(Part.VERDICT, _with_why(score.fix, why), score.fix is Fix.FIXED)


def _with_why(what: str, why: str) -> str:
    return f"{what}: {why}" if why else str(what)
