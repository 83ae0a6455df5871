"""Stage 1, interactive trajectory editing: FBK and IMP correct what the student wrote.

TriPosT, section 3.1. A trajectory whose last attempt is right stays as it is. Else its
attempts are walked from left to right with FBK; where the student's own feedback is missing
or names another place, FBK's replaces it, what follows is thrown away, and IMP and FBK take
turns until the attempt is right. Unlike the reference, a right attempt that the student then
spoiled is kept, cut after the right attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from db.records import Origin
from engine.tasks.base import CannotImprove, CannotJudge, Outcome
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Trajectory,
    Turn,
)


class DropReason(StrEnum):
    """Why a trajectory, or an example made from it, is not trained on."""

    ATTEMPT_UNREADABLE = "attempt has no steps"
    NO_DEMONSTRATION = "no demonstration"
    ATTEMPT_TOO_LONG = "attempt too long"
    FEEDBACK_FAILED = "FBK cannot judge"
    FEEDBACK_GAVE_UP = "FBK gave up"
    FEEDBACK_UNUSABLE = "FBK's reply is unusable"
    IMPROVE_FAILED = "IMP cannot improve"
    IMPROVE_GAVE_UP = "IMP gave up"
    IMPROVE_UNUSABLE = "IMP's reply is unusable"
    UPDATE_WITHOUT_ANSWER = "update has no final response"
    UPDATE_UNCHANGED = "update equals the attempt"
    UPDATE_CHANGES_PREFIX = "update changes steps before the flagged one"
    UPDATE_KEEPS_SPAN = "update keeps the flagged part"
    NEVER_CORRECT = "not correct after all updates"
    GOLD_REJECTED = "FBK rejects the gold rationale"
    DUPLICATE = "duplicate text"
    SURPLUS = "surplus after rebalancing"
    TOO_LONG = "longer than the training length"
    WRONG = "answer is wrong"
    REJECTED = "rejected in review"
    EDIT_UNREADABLE = "edited text cannot be read"


AFTER_IMP = frozenset(
    {
        DropReason.IMPROVE_FAILED,
        DropReason.IMPROVE_GAVE_UP,
        DropReason.IMPROVE_UNUSABLE,
        DropReason.UPDATE_WITHOUT_ANSWER,
        DropReason.UPDATE_UNCHANGED,
        DropReason.UPDATE_CHANGES_PREFIX,
        DropReason.UPDATE_KEEPS_SPAN,
        DropReason.NEVER_CORRECT,
    }
)
"""Reasons that there are only where IMP was asked."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """Feedback, and who gave it."""

    feedback: Feedback
    author: str


@dataclass(frozen=True, slots=True)
class Rewriting:
    """An updated attempt, and who wrote it."""

    attempt: Attempt
    author: str


class FeedbackModule(Protocol):
    """FBK: judges an attempt. Raises `CannotJudge`."""

    def __call__(self, question: str, attempt: Attempt) -> Opinion: ...


class ImproveModule(Protocol):
    """IMP: continues an attempt from the flagged step. Raises `CannotImprove`."""

    def __call__(self, question: str, attempt: Attempt, feedback: Feedback) -> Rewriting: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of editing; ``attempt_chars`` stands in for the token limit of an attempt."""

    updates: int = 5
    attempt_chars: int = 8_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A trajectory fit for post-processing."""

    trajectory: Trajectory
    origin: Origin


@dataclass(frozen=True, slots=True)
class Dropped:
    """A trajectory that editing gave up on."""

    reason: DropReason
    detail: str = ""


_JUDGING_ENDS = {
    Outcome.FAILED: DropReason.FEEDBACK_FAILED,
    Outcome.GAVE_UP: DropReason.FEEDBACK_GAVE_UP,
    Outcome.UNUSABLE: DropReason.FEEDBACK_UNUSABLE,
}
_IMPROVING_ENDS = {
    Outcome.FAILED: DropReason.IMPROVE_FAILED,
    Outcome.GAVE_UP: DropReason.IMPROVE_GAVE_UP,
    Outcome.UNUSABLE: DropReason.IMPROVE_UNUSABLE,
}


class _Drop(Exception):
    def __init__(self, reason: DropReason, detail: str = "") -> None:
        super().__init__(reason)
        self.dropped = Dropped(reason, detail)


@dataclass(frozen=True, slots=True)
class Editor:
    """Stage 1 for one trajectory at a time.

    With ``keep_failed`` a correction that comes to nothing is kept as far as it came, the faulty
    update included: what filtering is good for is told by leaving it out.
    """

    fbk: FeedbackModule
    imp: ImproveModule
    limits: Limits = Limits()
    keep_failed: bool = False

    def edit(self, student: Trajectory) -> Kept | Dropped:
        """Correct a student's trajectory, or say why it cannot be used."""
        try:
            return self._edit(student)
        except _Drop as drop:
            return drop.dropped

    def _edit(self, student: Trajectory) -> Kept:
        # A wrong last attempt is come to again from the left: an expert is asked once about it.
        known: dict[Attempt, Opinion] = {}
        if self._is_well_formed(student):
            opinion = self._judge(student.question, student.last, known)
            if opinion.feedback.is_correct:
                closed = self._close(student.turns[-1], opinion)
                return self._kept(student, (*student.turns[:-1], closed), Origin.CORRECT)
        kept: list[Turn] = []
        for index, turn in enumerate(student.turns):
            opinion = self._judge(student.question, turn.attempt, known)
            judged = opinion.feedback
            if judged.is_correct:
                kept.append(self._close(turn, opinion))
                has_more = index + 1 < len(student.turns)
                return self._kept(student, kept, Origin.TRUNCATED if has_more else Origin.CORRECT)
            agrees = turn.feedback is not None and turn.feedback.same_diagnosis(judged)
            if not agrees or _works_otherwise(turn, judged):
                turn = _with_feedback(turn, opinion)
            kept.append(turn)
            if not agrees:
                break
        return self._improve(student, kept, known)

    def _improve(
        self, student: Trajectory, kept: list[Turn], known: dict[Attempt, Opinion]
    ) -> Kept:
        """Let IMP and FBK take turns from the last, wrong attempt on."""
        written = 0
        while True:
            flagged = kept[-1].feedback
            assert flagged is not None
            if written == self.limits.updates:
                if self.keep_failed:
                    return self._kept(student, kept, Origin.EDITED)
                raise _Drop(DropReason.NEVER_CORRECT, f"{written} updates")
            update = self._ask(student.question, kept[-1].attempt, flagged)
            written += 1
            if fault := fault_of_update(kept[-1].attempt, flagged, update.attempt):
                if self.keep_failed and update.attempt.steps:
                    faulty = Turn(update.attempt, attempt_author=update.author)
                    return self._kept(student, (*kept, faulty), Origin.EDITED)
                raise _Drop(fault.reason, fault.detail)
            opinion = self._judge(student.question, update.attempt, known)
            turn = Turn(update.attempt, attempt_author=update.author)
            kept.append(_with_feedback(turn, opinion))
            if opinion.feedback.is_correct:
                return self._kept(student, kept, Origin.EDITED)
            circles = self._goes_in_circles(update.attempt, flagged, opinion.feedback)
            if circles and not self.keep_failed:
                return self._kept(student, kept[:-1][:1], Origin.TRUNCATED)

    def _judge(self, question: str, attempt: Attempt, known: dict[Attempt, Opinion]) -> Opinion:
        """Ask FBK about an attempt of the trajectory, unless its opinion is in ``known``."""
        if attempt in known:
            return known[attempt]
        if not attempt.steps:
            raise _Drop(DropReason.ATTEMPT_UNREADABLE)
        if len(attempt.text) > self.limits.attempt_chars:
            raise _Drop(DropReason.ATTEMPT_TOO_LONG, f"{len(attempt.text)} characters")
        try:
            known[attempt] = self.fbk(question, attempt)
        except CannotJudge as error:
            raise _Drop(_JUDGING_ENDS[error.outcome], str(error)) from error
        return known[attempt]

    def _ask(self, question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
        try:
            return self.imp(question, attempt, feedback)
        except CannotImprove as error:
            raise _Drop(_IMPROVING_ENDS[error.outcome], str(error)) from error

    @staticmethod
    def _close(turn: Turn, opinion: Opinion) -> Turn:
        """End a trajectory with the positive feedback, the student's own if it gave it."""
        said = turn.feedback
        if said is not None and said.is_correct and not _works_otherwise(turn, opinion.feedback):
            return turn
        return _with_feedback(turn, opinion)

    @staticmethod
    def _is_well_formed(student: Trajectory) -> bool:
        """Every attempt but the last has feedback that calls for the update after it."""
        return all(
            turn.feedback is not None and not turn.feedback.is_correct
            for turn in student.turns[:-1]
        )

    @staticmethod
    def _kept(student: Trajectory, turns: list[Turn] | tuple[Turn, ...], origin: Origin) -> Kept:
        return Kept(Trajectory(student.question, tuple(turns)), origin)

    @staticmethod
    def _goes_in_circles(attempt: Attempt, before: Feedback, now: Feedback) -> bool:
        """The new feedback points to an earlier step, or to the same place again."""
        if now.same_diagnosis(before):
            return True
        return len(attempt.before(now.step or "")) < len(attempt.before(before.step or ""))


def fault_of_update(attempt: Attempt, feedback: Feedback, update: Attempt) -> Dropped | None:
    """Say why an update of ``attempt`` after ``feedback`` cannot be used, if it cannot."""
    if update.final_response is None:
        return Dropped(DropReason.UPDATE_WITHOUT_ANSWER)
    if update == attempt:
        return Dropped(DropReason.UPDATE_UNCHANGED)
    prefix = attempt.before(feedback.step or FINAL_RESPONSE)
    if update.steps[: len(prefix)] != prefix:
        return Dropped(DropReason.UPDATE_CHANGES_PREFIX)
    flagged, rewritten = (
        "".join(step.text for step in steps[len(prefix) : len(prefix) + 1])
        for steps in (attempt.steps, update.steps)
    )
    if feedback.span and _keeps(feedback.span, flagged, rewritten):
        return Dropped(DropReason.UPDATE_KEEPS_SPAN, feedback.span)
    return None


def _with_feedback(turn: Turn, opinion: Opinion) -> Turn:
    return replace(
        turn,
        feedback=opinion.feedback,
        feedback_text=opinion.feedback.render(),
        feedback_author=opinion.author,
    )


def _works_otherwise(turn: Turn, judged: Feedback) -> bool:
    """Tell whether FBK shows a working and the student another: a right verdict by luck."""
    return (
        turn.feedback is not None
        and bool(judged.working)
        and (turn.feedback.working != judged.working)
    )


def _keeps(span: str, flagged: str, rewritten: str) -> bool:
    """Tell whether ``span`` stands in both steps, between the same two characters each side.

    What is wrong about ``= 1.`` is not kept by ``= 18.``, nor an unfinished calculation by
    one that goes on.
    """
    flagged, rewritten = f"\n\n{flagged}\n\n", f"\n\n{rewritten}\n\n"
    start = flagged.find(span)
    if start >= 0:
        span = flagged[max(0, start - 2) : start + len(span) + 2]
    return span in rewritten
