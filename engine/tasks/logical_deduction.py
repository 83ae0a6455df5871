"""Logical deduction: a few objects in an order, clues about it, and which statement is true.

Splits of the paper: seen questions have 3 or 5 objects, unseen ones 7. The rationale writes each
clue as a pattern such as ``(left) ?? red ?? navy ?? (right)`` and combines the patterns until the
order is known. Scripted FBK checks what each step says of the order; scripted IMP continues from
the flagged step.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from string import ascii_uppercase

from db.records import Item, Split, Subtask
from engine.tasks.base import (
    BuiltInTask,
    Candidate,
    CannotImprove,
    CannotJudge,
    steps_before,
    take_right,
)
from engine.tasks.logic_clues import Story
from engine.tasks.logic_judge import STATED_ANSWER, Judge
from engine.tasks.logic_questions import NotAStory, draw_story, read_story, write_story
from engine.tasks.logic_rationale import Established, continue_rationale
from engine.tasks.logic_scenes import NUMBERS
from engine.trajectory import Attempt, Feedback

_ANY_ANSWER = re.compile(
    r"\b(?i:answer|option|choice)(?:\s+is)?:?\s*(?:\*+\s*)?(?:\(([A-Ga-g])\)|([A-G])\b)"
)


def _read_count(text: str) -> int:
    """Read a difficulty. Raises ValueError that says what is allowed."""
    for count in NUMBERS.values():
        if text == str(count):
            return count
    raise ValueError(f"{text!r} is no difficulty; allowed: 3 to 7 objects, as in '5'")


class LogicalDeduction(BuiltInTask):
    """The task as `engine.tasks.base.Task` asks for it."""

    name = "logical_deduction"
    title = "Logical deduction"
    hint = ' Let "??" represents 0 or more objects, and "?" represents exactly 1 object.'
    notation = "5: so many objects (3 to 7)"
    paper_seen: tuple[str, ...] = ("3", "5")
    paper_unseen: tuple[str, ...] = ("7",)

    def __init__(self, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        self._counts = {
            Subtask.SEEN: tuple(map(_read_count, seen or self.paper_seen)),
            Subtask.UNSEEN: tuple(map(_read_count, unseen or self.paper_unseen)),
        }

    def content(self, question: str) -> str:
        """Return what the story tells, whatever its wording and whatever is asked about it."""
        try:
            return read_story(question).key
        except NotAStory:
            return question

    def candidate(self, split: Split, subtask: Subtask, rng: random.Random) -> Candidate:
        story = draw_story(rng.choice(self._counts[subtask]), rng)
        return Candidate(story.key, lambda: self._item(split, subtask, story))

    def _item(self, split: Split, subtask: Subtask, story: Story) -> Item:
        rationale = continue_rationale(Established(), story)
        return Item(
            task=self.name,
            split=split,
            subtask=subtask,
            question=write_story(story),
            answer=f"({ascii_uppercase[story.right[0]]})",
            rationale=rationale.text,
            meta={"objects": story.count, "scene": story.scene.plural},
        )

    def rationale(self, question: str) -> Attempt:
        try:
            return continue_rationale(Established(), read_story(question))
        except NotAStory as error:
            raise CannotImprove(str(error)) from error

    def answer(self, attempt: Attempt) -> str | None:
        match = STATED_ANSWER.fullmatch(attempt.final_response or "")
        return f"({match['letter']})" if match else None

    def answer_flexible(self, text: str) -> str | None:
        found = _ANY_ANSWER.findall(text)
        if not found:
            return None
        return f"({''.join(found[-1]).upper()})"

    def feedback(self, question: str, attempt: Attempt, *, show_working: bool = False) -> Feedback:
        try:
            return Judge(question).judge(attempt)
        except NotAStory as error:
            raise CannotJudge(str(error)) from error

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        kept = steps_before(attempt, feedback)
        try:
            judge = Judge(question)
        except NotAStory as error:
            raise CannotImprove(str(error)) from error
        take_right(judge, kept)
        return continue_rationale(judge.established, judge.story)
