"""How good an expert is, measured on planted errors: what it finds, and what it puts right.

FBK is compared with the script's diagnosis, which is the truth. IMP is given the true feedback, so
that its figures do not depend on FBK's; what it writes is judged by the script. Time, tokens and
money are for the caller to count.

    scores = []
    for score in bench(task, plant(task, items, 50), fbk, imp):
        scores.append(score)
        show(summary(scores))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from engine.experts.planting import Planted
from engine.statistics import Share
from engine.tasks.base import CannotImprove, CannotJudge, Outcome, Task
from engine.trajectory import Attempt, Feedback

Kind = TypeVar("Kind")


class Fbk(Protocol):
    """Judges an attempt. Raises `CannotJudge`."""

    def __call__(self, question: str, attempt: Attempt) -> Feedback: ...


class Imp(Protocol):
    """Continues an attempt. Raises `CannotImprove`."""

    def __call__(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt: ...


class Finding(StrEnum):
    """What FBK made of a planted error, from best to worst."""

    EXACT = "step and span agree"
    OVERLAPPING = "step agrees, spans overlap"
    STEP = "step agrees, another span"
    OTHER_STEP = "another step"
    CORRECT = "no error found"
    GAVE_UP = "gave up"
    UNUSABLE = "no usable feedback"

    @property
    def step_agrees(self) -> bool:
        return self in (Finding.EXACT, Finding.OVERLAPPING, Finding.STEP)

    @property
    def span_overlaps(self) -> bool:
        return self in (Finding.EXACT, Finding.OVERLAPPING)


class Fix(StrEnum):
    """What IMP made of a planted error."""

    FIXED = "the script accepts the update"
    STILL_WRONG = "the script finds an error in the update"
    UNJUDGED = "the script cannot judge the update"
    GAVE_UP = "gave up"
    UNUSABLE = "no usable update"


@dataclass(frozen=True, slots=True)
class FeedbackScore:
    """FBK on one planted error; ``why`` says more where there is no feedback."""

    finding: Finding
    feedback: Feedback | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ImproveScore:
    """IMP on one planted error.

    ``verdict`` is the script's on ``update``; ``why`` says more where either is missing.
    """

    fix: Fix
    update: Attempt | None = None
    verdict: Feedback | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """An expert on one planted error, as FBK and as IMP; None where it was not asked."""

    planted: Planted
    feedback: FeedbackScore | None = None
    improve: ImproveScore | None = None


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """FBK on all planted errors; each share is one of all that were asked."""

    step: Share
    """Names the step that is wrong."""
    span_overlapping: Share
    """And a part of it that overlaps with the wrong one, the exact ones included."""
    span_exact: Share
    """And just that part."""
    gave_up: Share
    unusable: Share
    by_kind: Mapping[str, Share]
    """Names the step that is wrong, by kind of error."""


@dataclass(frozen=True, slots=True)
class ImproveSummary:
    """IMP on all planted errors; each share is one of all that were asked."""

    fixed: Share
    gave_up: Share
    unusable: Share
    by_kind: Mapping[str, Share]
    """Is fixed, by kind of error."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known so far; None of a part that was not asked."""

    items: int
    feedback: FeedbackSummary | None
    improve: ImproveSummary | None


def bench(
    task: Task, errors: Iterable[Planted], fbk: Fbk | None = None, imp: Imp | None = None
) -> Iterator[Score]:
    """Ask FBK and IMP, as far as there are any, about one planted error after the other."""
    for planted in errors:
        yield Score(
            planted,
            score_feedback(planted, fbk) if fbk is not None else None,
            score_improve(task, planted, imp) if imp is not None else None,
        )


def score_feedback(planted: Planted, fbk: Fbk) -> FeedbackScore:
    """Let FBK judge a planted error, and compare."""
    try:
        said = fbk(planted.item.question, planted.attempt)
    except CannotJudge as error:
        gave_up = error.outcome is Outcome.GAVE_UP
        return FeedbackScore(Finding.GAVE_UP if gave_up else Finding.UNUSABLE, why=str(error))
    return FeedbackScore(_finding(planted, said), said)


def score_improve(task: Task, planted: Planted, imp: Imp) -> ImproveScore:
    """Let IMP correct a planted error from the true feedback on, and let the script judge."""
    question = planted.item.question
    try:
        update = imp(question, planted.attempt, planted.truth)
    except CannotImprove as error:
        gave_up = error.outcome is Outcome.GAVE_UP
        return ImproveScore(Fix.GAVE_UP if gave_up else Fix.UNUSABLE, why=str(error))
    try:
        verdict = task.feedback(question, update)
    except CannotJudge as error:
        return ImproveScore(Fix.UNJUDGED, update, why=str(error))
    return ImproveScore(Fix.FIXED if verdict.is_correct else Fix.STILL_WRONG, update, verdict)


def summary(scores: Sequence[Score]) -> Summary:
    """Count what scores say, so far."""
    judged = [(one.planted.kind, one.feedback.finding) for one in scores if one.feedback]
    improved = [(one.planted.kind, one.improve.fix) for one in scores if one.improve]
    return Summary(
        len(scores),
        _feedback_summary(judged) if judged else None,
        _improve_summary(improved) if improved else None,
    )


def _feedback_summary(judged: Sequence[tuple[str, Finding]]) -> FeedbackSummary:
    return FeedbackSummary(
        step=_share(judged, lambda finding: finding.step_agrees),
        span_overlapping=_share(judged, lambda finding: finding.span_overlaps),
        span_exact=_share(judged, lambda finding: finding is Finding.EXACT),
        gave_up=_share(judged, lambda finding: finding is Finding.GAVE_UP),
        unusable=_share(judged, lambda finding: finding is Finding.UNUSABLE),
        by_kind=_by_kind(judged, lambda finding: finding.step_agrees),
    )


def _improve_summary(improved: Sequence[tuple[str, Fix]]) -> ImproveSummary:
    return ImproveSummary(
        fixed=_share(improved, lambda fix: fix is Fix.FIXED),
        gave_up=_share(improved, lambda fix: fix is Fix.GAVE_UP),
        unusable=_share(improved, lambda fix: fix is Fix.UNUSABLE),
        by_kind=_by_kind(improved, lambda fix: fix is Fix.FIXED),
    )


def _share(outcomes: Sequence[tuple[str, Kind]], counts: Callable[[Kind], bool]) -> Share:
    return Share(sum(counts(outcome) for _, outcome in outcomes), len(outcomes))


def _by_kind(
    outcomes: Sequence[tuple[str, Kind]], counts: Callable[[Kind], bool]
) -> dict[str, Share]:
    kinds = sorted({kind for kind, _ in outcomes})
    return {kind: _share([one for one in outcomes if one[0] == kind], counts) for kind in kinds}


def _finding(planted: Planted, said: Feedback) -> Finding:
    truth = planted.truth
    if said.is_correct:
        return Finding.CORRECT
    if said.step != truth.step:
        return Finding.OTHER_STEP
    if said.span == truth.span:
        return Finding.EXACT
    text = next(step.text for step in planted.attempt.steps if step.label == truth.step)
    overlap = _overlap(text, said.span or "", truth.span or "")
    return Finding.OVERLAPPING if overlap else Finding.STEP


def _overlap(text: str, said: str, truth: str) -> bool:
    """Tell whether what was said stands anywhere in a text so that it meets the true part."""
    start = text.find(truth)
    if start < 0 or not said:
        return False
    first, last = start - len(said) + 1, start + len(truth) + len(said) - 1
    return text.find(said, max(0, first), last) >= 0
