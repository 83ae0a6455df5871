"""Date understanding: a story, and which of six dates is "the date one week ago from today".

Splits of the paper: rationales of seen questions have 1 or 2 steps, those of unseen ones 3 or more.
A rationale deduces today's date from the story, then the date that is asked for. Scripted FBK
compares each date that an attempt states with what it is said to be; scripted IMP continues from
the flagged step.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Item, Split, Subtask
from engine.tasks.base import (
    BuiltInTask,
    Candidate,
    CannotImprove,
    CannotJudge,
    steps_before,
    take_right,
)
from engine.tasks.date_draws import MOST_STEPS, draw_content, kinds_of_question, with_options
from engine.tasks.date_judge import STATED_ANSWER, Judge
from engine.tasks.date_question import NoQuestion, content_of, read_question
from engine.tasks.date_rationale import Established, continue_rationale
from engine.trajectory import Attempt, Feedback

_ANY_ANSWER = re.compile(
    r"(?:answer|option|choice)(?: is|:)?:? {0,3}(?:option |choice )?\*{0,2}"
    r"(?:\((?P<letter>[A-Z])\)|(?P<bare>(?-i:[A-Z]))(?![A-Za-z0-9']))",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Steps:
    """How many numbered steps a rationale has."""

    least: int
    most: int

    @classmethod
    def parse(cls, text: str) -> Steps:
        """Read ``2`` or ``3-5``. Raises ValueError that says what is allowed."""
        match = re.fullmatch(r"([1-9])(?:-([1-9]))?", text)
        if match is not None:
            steps = cls(int(match[1]), int(match[2] or match[1]))
            if steps.least <= steps.most <= MOST_STEPS:
                return steps
        raise ValueError(
            f"{text!r} is no difficulty; allowed: 1 to {MOST_STEPS} steps, as in '2' or '3-5'"
        )


class DateUnderstanding(BuiltInTask):
    """The task as `engine.tasks.base.Task` asks for it."""

    name = "date_understanding"
    title = "Date understanding"
    hint = ""
    notation = f"3-5: a rationale of 3 to 5 steps, or 2: of 2 (1 to {MOST_STEPS})"
    paper_seen: tuple[str, ...] = ("1-2",)
    paper_unseen: tuple[str, ...] = (f"3-{MOST_STEPS}",)

    def __init__(self, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        self._steps = {
            Subtask.SEEN: tuple(map(Steps.parse, seen or self.paper_seen)),
            Subtask.UNSEEN: tuple(map(Steps.parse, unseen or self.paper_unseen)),
        }

    def content(self, question: str) -> str:
        """Return the question without its options."""
        return content_of(question)

    def candidate(self, split: Split, subtask: Subtask, rng: random.Random) -> Candidate:
        content = self._draw_content(subtask, rng)
        # Not all days that are drawn exist.
        while not _is_sound(content):
            content = self._draw_content(subtask, rng)
        return Candidate(content, lambda: self._item(with_options(rng, content), split, subtask))

    def _draw_content(self, subtask: Subtask, rng: random.Random) -> str:
        steps = rng.choice(self._steps[subtask])
        story, asked = rng.choice(kinds_of_question(steps.least, steps.most))
        return draw_content(rng, story, asked)

    def _item(self, question: str, split: Split, subtask: Subtask) -> Item:
        rationale = self.rationale(question)
        answer = self.answer(rationale)
        if answer is None:
            raise CannotImprove(f"the rationale of {question!r} states no answer")
        return Item(
            task=self.name,
            split=split,
            subtask=subtask,
            question=question,
            answer=answer,
            rationale=rationale.text,
            meta={"steps": len(rationale.steps) - 1},
        )

    def rationale(self, question: str) -> Attempt:
        try:
            return continue_rationale(Established(), read_question(question))
        except NoQuestion as error:
            raise CannotImprove(str(error)) from error

    def answer(self, attempt: Attempt) -> str | None:
        match = STATED_ANSWER.fullmatch(attempt.final_response or "")
        return match["answer"] if match else None

    def answer_flexible(self, text: str) -> str | None:
        letter = None
        for match in _ANY_ANSWER.finditer(text):
            letter = match["letter"] or match["bare"]
        return f"({letter.upper()})" if letter else None

    def feedback(self, question: str, attempt: Attempt, *, show_working: bool = False) -> Feedback:
        """Name the first error. There is nothing to work out: ``show_working`` changes nothing."""
        try:
            return Judge(read_question(question)).judge(attempt)
        except NoQuestion as error:
            raise CannotJudge(str(error)) from error

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        kept = steps_before(attempt, feedback)
        try:
            problem = read_question(question)
            judge = Judge(problem)
            take_right(judge, kept)
        except (NoQuestion, CannotJudge) as error:
            raise CannotImprove(str(error)) from error
        return continue_rationale(judge.established, problem)


def _is_sound(content: str) -> bool:
    """Tell whether a question drawn at random can be solved."""
    try:
        read_question(f"{content}\nOptions:\n(A) 1/1/1")
    except NoQuestion:
        return False
    return True
