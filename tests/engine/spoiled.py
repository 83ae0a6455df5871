"""Rationales spoiled in any way: what is said of them must be sound, what is flagged mended."""

from collections.abc import Iterable

from db.records import Item
from engine.editing import Dropped, DropReason, Editor, Kept
from engine.tasks.base import CannotJudge, Task
from engine.trajectory import Attempt, Feedback, Trajectory, Turn, correct, parse_attempt

Cut = tuple[int, int, str]
"""Where a piece of text stands instead of so many characters."""


def spoil(text: str, cuts: Iterable[Cut]) -> Attempt:
    """The attempt that a rationale has become."""
    for start, length, piece in cuts:
        text = text[:start] + piece + text[start + length :]
    return parse_attempt(text)


def assert_sound(task: Task, item: Item, attempt: Attempt, feedback: Feedback) -> None:
    """Praise is of a right answer; blame is of what stands there, and an update mends it."""
    if feedback.is_correct:
        assert task.is_right(task.answer(attempt), item.answer)
        return
    assert any(
        step.label == feedback.step and (feedback.span or "") in step.render()
        for step in attempt.steps
    )
    update = task.improve(item.question, attempt, feedback)
    assert task.answer(update) == item.answer
    assert task.feedback(item.question, update) == correct(update)


def assert_judged_soundly_and_repaired(
    task: Task, editor: Editor, item: Item, attempt: Attempt
) -> None:
    """If FBK can judge it at all."""
    try:
        feedback = task.feedback(item.question, attempt)
    except CannotJudge:
        return
    assert_sound(task, item, attempt, feedback)
    if feedback.is_correct:
        return
    edited = editor.edit(Trajectory(item.question, (Turn(attempt),)))
    # By chance, what was flagged may be right elsewhere in the step that replaces it.
    chance = Dropped(DropReason.UPDATE_KEEPS_SPAN, feedback.span or "")
    too_long = len(attempt.text) > editor.limits.attempt_chars
    assert isinstance(edited, Kept) or edited == chance or too_long
