"""Multistep arithmetic: ``((1 - 8 + 6) - (-6 * 2 + 5)) =``.

Splits of the paper: seen questions have 3 or 4 operands in each parenthesis and depth 2 or
2,2; unseen ones have 5 or 6 operands or depth 2,2,2. The rationale names the parentheses,
computes each, then the whole. Scripted FBK checks an attempt in reading order; scripted IMP
continues from the flagged step.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Item, Split, Subtask
from engine.expressions import ExpressionError, Operator
from engine.tasks.arithmetic_judge import STATED_ANSWER, Judge
from engine.tasks.arithmetic_rationale import Established, continue_rationale
from engine.tasks.base import (
    BuiltInTask,
    Candidate,
    CannotImprove,
    CannotJudge,
    steps_before,
    take_right,
)
from engine.trajectory import Attempt, Feedback

_OPERATORS: tuple[Operator, ...] = ("+", "-", "*")
_ANY_ANSWER = re.compile(r"answer is:?\s*(?:\*+\s*)?\$?(-? ?[0-9][0-9,]{0,60})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """Operands in each parenthesis, and how many levels of pairs lie above them."""

    operands: int
    levels: int

    @classmethod
    def parse(cls, text: str) -> Shape:
        """Read ``4x2``. Raises ValueError that says what is allowed."""
        match = re.fullmatch(r"([2-9])x([1-3])", text)
        if match is None:
            raise ValueError(
                f"{text!r} is no difficulty; allowed: 2 to 9 operands x 1 to 3 levels, as in '4x2'"
            )
        return cls(int(match[1]), int(match[2]))


class MultistepArithmetic(BuiltInTask):
    """The task as `engine.tasks.base.Task` asks for it."""

    name = "multistep_arithmetic"
    title = "Multistep arithmetic"
    hint = (
        " Recall that the order of operations in mathematics is as follows: (1) Parentheses, "
        "(2) exponents, (3) multiplication and division (from left to right), (4) addition and "
        "multiplication (from left to right). So, remember to always compute the expressions "
        "inside parentheses or brackets first."
    )

    notation = "4x2: 4 operands in each parenthesis (2 to 9), 2 levels of pairs above (1 to 3)"
    paper_seen: tuple[str, ...] = ("3x1", "3x2", "4x1", "4x2")
    paper_unseen: tuple[str, ...] = ("3x3", "4x3", "5x1", "5x2", "5x3", "6x1", "6x2", "6x3")

    def __init__(self, seen: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        self._shapes = {
            Subtask.SEEN: tuple(map(Shape.parse, seen or self.paper_seen)),
            Subtask.UNSEEN: tuple(map(Shape.parse, unseen or self.paper_unseen)),
        }

    def content(self, question: str) -> str:
        return question

    def candidate(self, split: Split, subtask: Subtask, rng: random.Random) -> Candidate:
        shape = rng.choice(self._shapes[subtask])
        question = f"{_random_expression(shape, rng)} ="
        return Candidate(question, lambda: self._item(question, split, subtask, shape))

    def _item(self, question: str, split: Split, subtask: Subtask, shape: Shape) -> Item:
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
            meta={"operands": shape.operands, "depth_levels": [2] * shape.levels},
        )

    def rationale(self, question: str) -> Attempt:
        return continue_rationale(Established(), question)

    def answer(self, attempt: Attempt) -> str | None:
        match = STATED_ANSWER.fullmatch(attempt.final_response or "")
        return str(int(match["answer"])) if match else None

    def answer_flexible(self, text: str) -> str | None:
        found = _ANY_ANSWER.findall(text)
        if not found:
            return None
        return str(int(found[-1].replace(",", "").replace(" ", "")))

    def feedback(self, question: str, attempt: Attempt, *, show_working: bool = False) -> Feedback:
        try:
            return Judge(question, show_working=show_working).judge(attempt)
        except ExpressionError as error:
            raise CannotJudge(str(error)) from error

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        kept = steps_before(attempt, feedback)
        try:
            judge = Judge(question)
            take_right(judge, kept)
        except ExpressionError as error:
            raise CannotImprove(str(error)) from error
        return continue_rationale(judge.established, question)


def _random_expression(shape: Shape, rng: random.Random) -> str:
    if shape.levels == 0:
        text = str(rng.randint(-9, 9))
        for _ in range(shape.operands - 1):
            text += f" {rng.choice(_OPERATORS)} {rng.randint(-9, 9)}"
        return f"({text})"
    below = Shape(shape.operands, shape.levels - 1)
    left, right = _random_expression(below, rng), _random_expression(below, rng)
    return f"({left} {rng.choice(_OPERATORS)} {right})"
