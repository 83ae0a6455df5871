"""Stage 1 with the task's own scripts, on whatever a student may write."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_arithmetic import PLANTS

from db.records import (
    Item,
    Origin,
    Split,
    Subtask,
)
from engine.editing import Dropped, Editor, Kept
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import (
    UPDATE_PREFIX,
    Author,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse,
    parse_attempt,
    parse_body,
    render,
)

TASK = MultistepArithmetic()
ITEMS = TASK.generate(Split.TRAIN, [Subtask.SEEN], 30, seed=9)
EDITOR = Editor(ScriptedFeedback(TASK), ScriptedImprove(TASK))


def is_sound(item: Item, kept: Kept) -> bool:
    """Each feedback is the script's diagnosis; the last attempt is right, or all was cut."""
    *wrong, last = kept.trajectory.turns
    if kept.origin is not Origin.CORRECT:
        for turn in wrong:
            assert turn.feedback is not None
            assert turn.feedback.same_diagnosis(TASK.feedback(item.question, turn.attempt))
    assert last.feedback is not None
    assert last.feedback_text is not None
    return last.feedback.is_correct and TASK.answer(last.attempt) == item.answer


PIECES = [
    "\nFeedback:", "\nUpdated Answer:", f"\n{UPDATE_PREFIX}{TASK.hint}\n", "\n", "(1) ", "(2)",
    " = ", "\nFeedback: Steps (1) to (4) are correct. The final response is also correct.",
    '\nFeedback: In step (2) the part "a" is incorrect. This is because b.', "9", "-", '"', "\x00",
]  # fmt: skip


@given(st.data())
def test_whatever_was_written_is_kept_sound_or_dropped_by_name(data: st.DataObject) -> None:
    item = data.draw(st.sampled_from(ITEMS))
    piece = st.sampled_from([item.rationale, *PIECES]) | st.text(max_size=20)
    written = "".join(data.draw(st.lists(piece, max_size=6)))
    result = EDITOR.edit(parse_body(item.question, written, TASK.hint))
    if isinstance(result, Dropped):
        assert result.reason
        return
    assert is_sound(item, result)
    read = parse(render(result.trajectory, TASK.hint), TASK.hint)
    assert read is not None
    assert [turn.attempt for turn in read.turns] == [t.attempt for t in result.trajectory.turns]
    assert [turn.feedback for turn in read.turns] == [t.feedback for t in result.trajectory.turns]


def test_only_what_the_scripts_wrote_is_theirs() -> None:
    rng = random.Random(2)
    for item in ITEMS:
        gold = parse_attempt(item.rationale)
        first = PLANTS["wrong substitution"](gold, len(gold.steps) - 2, rng)
        second = PLANTS["wrong final response"](gold, len(gold.steps) - 1, rng)
        assert first is not None
        if second is None:
            continue
        diagnosis = TASK.feedback(item.question, first.attempt)
        reason = incorrect(first.step, first.span, "I see it")
        student = Trajectory(
            item.question,
            (
                Turn(first.attempt, reason, reason.render()),
                Turn(second.attempt, correct(second.attempt), correct(second.attempt).render()),
            ),
        )
        assert reason.same_diagnosis(diagnosis)
        result = EDITOR.edit(student)
        assert isinstance(result, Kept)
        assert is_sound(item, result)
        turns = result.trajectory.turns
        authors = [(turn.attempt_author, turn.feedback_author) for turn in turns]
        assert authors == [
            (Author.STUDENT, Author.STUDENT),
            (Author.STUDENT, Author.SCRIPT),
            (Author.SCRIPT, Author.SCRIPT),
        ]
        assert turns[0] == student.turns[0]
        assert turns[2].attempt == gold


@pytest.mark.parametrize("kind", sorted(PLANTS))
def test_a_right_attempt_spoiled_by_an_update_is_cut(kind: str) -> None:
    rng = random.Random(kind)
    for item in ITEMS[:10]:
        gold = parse_attempt(item.rationale)
        indexes = range(len(gold.steps))
        spoiled = [one for index in indexes if (one := PLANTS[kind](gold, index, rng))]
        doubt = incorrect("1", "This", "I doubt it")
        for one in spoiled:
            turns = (Turn(gold, doubt, doubt.render()), Turn(one.attempt))
            result = EDITOR.edit(Trajectory(item.question, turns))
            assert isinstance(result, Kept)
            assert result.origin is Origin.TRUNCATED
            assert result.trajectory.turns == (Turn.of(gold, correct(gold)),)
