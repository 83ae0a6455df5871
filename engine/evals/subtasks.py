"""Which subtask a question from elsewhere belongs to, where its difficulty can be told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from db.records import Subtask
from engine.tasks import TASKS
from engine.tasks.base import CannotImprove, Task
from engine.tasks.own import OwnTask
from engine.tasks.own.rows import UNSEEN
from engine.trajectory import FINAL_RESPONSE

Difficulty = Callable[[str], bool]
_INNERMOST = re.compile(r"\(([^()]*)\)")


def subtask_of(
    task: Task, question: str, seen: Sequence[str] = (), unseen: Sequence[str] = ()
) -> Subtask | None:
    """Return the subtask of a question by its difficulty; None where it is of neither.

    ``seen`` and ``unseen`` are difficulties in the task's notation, the paper's where empty; of a
    task of one's own they are subtasks that its rows name.
    """
    if isinstance(task, OwnTask):
        row = next((row for row in task.folder.rows if row.asked == question), None)
        if row is None:
            return None
        hidden = row.subtask in unseen if unseen else row.subtask == UNSEEN
        return Subtask.UNSEEN if hidden else Subtask.SEEN
    kind = TASKS[task.name]
    for subtask, shapes in (
        (Subtask.SEEN, seen or kind.paper_seen),
        (Subtask.UNSEEN, unseen or kind.paper_unseen),
    ):
        if any(_is_of(task, question, shape) for shape in shapes):
            return subtask
    return None


def _is_of(task: Task, question: str, shape: str) -> bool:
    match task.name:
        case "multistep_arithmetic":
            return _arithmetic(question) == shape
        case "word_sorting":
            from engine.tasks.word_sorting_rationale import NoQuestion, read_words

            try:
                words = read_words(question)
            except NoQuestion:
                return False
            return _within(len(words), shape.removesuffix("p")) and (
                not shape.endswith("p") or len({word[:2] for word in words}) == 1
            )
        case "logical_deduction":
            from engine.tasks.logic_questions import NotAStory, read_story

            try:
                return str(read_story(question).count) == shape
            except NotAStory:
                return False
        case "date_understanding":
            try:
                steps = task.rationale(question).steps
            except CannotImprove:
                return False
            return _within(sum(step.label != FINAL_RESPONSE for step in steps), shape)
    return False


def _within(count: int, shape: str) -> bool:
    least, _, most = shape.partition("-")
    return int(least) <= count <= int(most or least)


def _arithmetic(question: str) -> str:
    """Return how difficult an expression is, such as ``4x2``; empty where it has no such form."""
    parts = _INNERMOST.findall(question)
    # "1 + -2 * 3": operands and operators in turn.
    operands = {len(part.split()) // 2 + 1 for part in parts}
    levels = len(parts).bit_length() - 1
    if len(operands) != 1 or len(parts) != 2**levels:
        return ""
    return f"{operands.pop()}x{levels}"
