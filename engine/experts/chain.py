"""Chains of experts: where one gives up, the next is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.editing import FeedbackModule, ImproveModule, Opinion, Rewriting, fault_of_update
from engine.tasks.base import CannotImprove, CannotJudge, Outcome
from engine.trajectory import Attempt, Feedback


@dataclass(frozen=True, slots=True)
class FeedbackChain:
    """Asks in order for feedback; ``members`` are named pairs."""

    members: Sequence[tuple[str, FeedbackModule]]

    def __call__(self, question: str, attempt: Attempt) -> Opinion:
        """Return the first opinion. Raises CannotJudge with what each of them said."""
        said: list[tuple[str, CannotJudge]] = []
        for name, member in self.members:
            try:
                return member(question, attempt)
            except CannotJudge as error:
                said.append((name, error))
        raise CannotJudge(*_together(said))


@dataclass(frozen=True, slots=True)
class ImproveChain:
    """Asks in order for an update that can be used; ``members`` are named pairs."""

    members: Sequence[tuple[str, ImproveModule]]

    def __call__(self, question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
        """Return the first update that can be used, else the last one.

        Raises CannotImprove, with what each of them said, where nobody wrote any.
        """
        said: list[tuple[str, CannotImprove]] = []
        faulty: Rewriting | None = None
        for name, member in self.members:
            try:
                update = member(question, attempt, feedback)
            except CannotImprove as error:
                said.append((name, error))
                continue
            if fault_of_update(attempt, feedback, update.attempt) is None:
                return update
            faulty = update
        if faulty is not None:
            return faulty
        raise CannotImprove(*_together(said))


def _together(said: Sequence[tuple[str, CannotJudge | CannotImprove]]) -> tuple[str, Outcome]:
    """All reasons in one, and how the last of them ended."""
    if len(said) == 1:
        return str(said[0][1]), said[0][1].outcome
    return "; ".join(f"{name}: {error}" for name, error in said), said[-1][1].outcome
