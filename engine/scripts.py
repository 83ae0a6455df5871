"""A task's own scripts as FBK and IMP: no expert model is needed."""

from __future__ import annotations

from dataclasses import dataclass

from engine.editing import Opinion, Rewriting
from engine.tasks.base import Task
from engine.trajectory import Attempt, Author, Feedback


@dataclass(frozen=True, slots=True)
class ScriptedFeedback:
    """FBK by script."""

    task: Task
    show_working: bool = False

    def __call__(self, question: str, attempt: Attempt) -> Opinion:
        feedback = self.task.feedback(question, attempt, show_working=self.show_working)
        return Opinion(feedback, Author.SCRIPT)


@dataclass(frozen=True, slots=True)
class ScriptedImprove:
    """IMP by script."""

    task: Task

    def __call__(self, question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
        return Rewriting(self.task.improve(question, attempt, feedback), Author.SCRIPT)
