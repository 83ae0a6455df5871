"""What a task is: questions with answers, and scripts that judge and repair attempts."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from db.records import Item, Split, Subtask
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, Step

MOST_TRIES = 5_000
"""Draws in vain after which a difficulty counts as used up; the smallest split has 1 of 16."""


def split_of(content: str) -> Split:
    """Return the only split that a question may be in; what it asks alone decides.

    Whatever the seed, the difficulty or the number of items: what was trained on once, the
    embedded student's upbringing included, can never be a test question.
    """
    share = hashlib.sha256(content.encode()).digest()[0]
    if share < 64:
        return Split.TEST
    return Split.DEV if share < 80 else Split.TRAIN


def mixed_subtasks(count: int, unseen_share: float) -> tuple[Subtask, ...]:
    """Return seen and unseen in turn; any beginning has nearly ``unseen_share`` of unseen ones."""
    due = [int(index * unseen_share) for index in range(count + 1)]
    return tuple(
        Subtask.UNSEEN if after > before else Subtask.SEEN for before, after in pairwise(due)
    )


class Outcome(StrEnum):
    """How asking for feedback or an update ended without one."""

    FAILED = "failed"
    """A script could not do it."""
    GAVE_UP = "gave up"
    """An expert said that it finds nothing, or voting came to nothing."""
    UNUSABLE = "unusable"
    """An expert's reply made no sense, also when asked again."""


class _NoResult(Exception):
    def __init__(self, reason: str, outcome: Outcome = Outcome.FAILED) -> None:
        super().__init__(reason)
        self.outcome = outcome


class CannotJudge(_NoResult):
    """Nobody can tell whether an attempt is right; the reason is for people."""


class CannotImprove(_NoResult):
    """Nobody can write an update; the reason is for people."""


class StepJudge(Protocol):
    """Judges an attempt step by step, and remembers what right steps settle."""

    def step(self, step: Step) -> Feedback | None:
        """Return the feedback on a wrong step, None for a right one."""
        ...


def steps_before(attempt: Attempt, feedback: Feedback) -> tuple[Step, ...]:
    """Return the steps before the flagged one, which an update keeps. Raises CannotImprove."""
    if feedback.is_correct or feedback.step is None:
        raise CannotImprove("the feedback names no wrong step")
    kept = attempt.before(feedback.step)
    if len(kept) == len(attempt.steps) and feedback.step != FINAL_RESPONSE:
        raise CannotImprove(f"the attempt has no step ({feedback.step})")
    return kept


def take_right(judge: StepJudge, steps: Iterable[Step]) -> None:
    """Let a judge take steps as right. Raises CannotImprove for one that is wrong."""
    for step in steps:
        if judge.step(step) is not None:
            raise CannotImprove(f"step ({step.label}), before the flagged one, is wrong")


class Task(Protocol):
    """One task, built in or of one's own."""

    name: str
    title: str
    hint: str
    """What follows "Let's think step by step." in the prompt, with its leading blank."""

    def generate(
        self,
        split: Split,
        subtasks: Sequence[Subtask],
        count: int,
        seed: int,
        exclude: Collection[str] = (),
    ) -> list[Item]:
        """Return ``count`` distinct items, none in ``exclude``; they take ``subtasks`` in turn."""
        ...

    def rationale(self, question: str) -> Attempt:
        """Return the gold rationale. Raises `CannotImprove` for what is no question."""
        ...

    def answer(self, attempt: Attempt) -> str | None:
        """Read the answer in the form that the task asks for (strict)."""
        ...

    def answer_flexible(self, text: str) -> str | None:
        """Read the answer from any text that states one."""
        ...

    def is_right(
        self, answer: str | None, gold: str, *, question: str = "", attempt: str = ""
    ) -> bool:
        """Compare an answer with the gold answer.

        ``question`` and ``attempt`` are for tasks whose checker wants to see them.
        """
        ...

    def feedback(self, question: str, attempt: Attempt, *, show_working: bool = False) -> Feedback:
        """Scripted FBK: name the first error. Raises `CannotJudge`.

        With ``show_working`` the feedback works out, before its verdict, what it rests on; a
        task in which there is nothing to work out takes no notice.
        """
        ...

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        """Scripted IMP: keep the steps before the flagged one, continue from there.

        Raises `CannotImprove`.
        """
        ...

    def complaints(self) -> str:
        """Tell what went wrong in the person's own scripts since it was last asked, if anything."""
        return ""

    def close(self) -> None:
        """End what the task has started, if anything; it may be used again."""
        return


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question as it was drawn, and how to make an item of it."""

    content: str
    """What it asks, as `BuiltInTask.content` would return it."""
    item: Callable[[], Item]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Items that were drawn, and what it took: what is no duplicate was of another split."""

    items: list[Item]
    draws: int
    duplicates: int
    """Draws that were set aside because they ask what was there already."""


class BuiltInTask(Task, Protocol):
    """A task that comes with the package; each is one file in this folder."""

    notation: str
    """How a difficulty is written, for people."""
    paper_seen: tuple[str, ...]
    """The paper's seen difficulties, in that notation; so ``paper_unseen``."""
    paper_unseen: tuple[str, ...]

    def __init__(self, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        """Take the difficulties of the subtasks; none means the paper's. Raises ValueError."""
        ...

    def content(self, question: str) -> str:
        """Return what a question asks, which decides its split.

        Two questions with the same content are one, however each is worded.
        """
        ...

    def candidate(self, split: Split, subtask: Subtask, rng: random.Random) -> Candidate:
        """Draw a question that can be solved; it may be of another split, or a duplicate."""
        ...

    def generate(
        self,
        split: Split,
        subtasks: Sequence[Subtask],
        count: int,
        seed: int,
        exclude: Collection[str] = (),
    ) -> list[Item]:
        """Return items as `Task` asks for them: no content twice, none of ``exclude``.

        Raises ValueError where a difficulty has no more questions.
        """
        return self.draw(split, subtasks, count, seed, exclude).items

    def draw(
        self,
        split: Split,
        subtasks: Sequence[Subtask],
        count: int,
        seed: int,
        exclude: Collection[str] = (),
    ) -> Drawing:
        """Return the items of `generate`, and count what it took to draw them."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        taken = set(map(self.content, exclude))
        items: list[Item] = []
        draws = duplicates = 0
        while len(items) < count:
            subtask = subtasks[len(items) % len(subtasks)]
            for _ in range(MOST_TRIES):
                candidate = self.candidate(split, subtask, rng)
                draws += 1
                if candidate.content in taken:
                    duplicates += 1
                elif split_of(candidate.content) is split:
                    break
            else:
                raise ValueError(
                    f"found {len(items)} of {count} {split} questions: the difficulties of the "
                    f"{subtask} subtask have no more"
                )
            taken.add(candidate.content)
            items.append(candidate.item())
        return Drawing(items, draws, duplicates)

    def is_right(
        self, answer: str | None, gold: str, *, question: str = "", attempt: str = ""
    ) -> bool:
        return answer is not None and answer == gold
