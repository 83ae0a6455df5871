"""Editing without filtering: a correction that fails is kept as far as it came."""

import pytest
from test_editing import (
    FLAG_WORSE,
    FLAG_WRONG,
    NO_ANSWER,
    OTHER_PREFIX,
    RIGHT,
    SAME_SPAN,
    WORSE,
    WRONG,
    Expert,
    Q,
    Writer,
    kept,
    said,
)

from db.records import ExampleKind, Origin
from engine.editing import Dropped, DropReason, Editor, Kept, Limits
from engine.postprocess import Weights, split_into_turns
from engine.tasks.base import Outcome
from engine.trajectory import Attempt, Trajectory, Turn


def edit(*turns: Turn, imp: Writer, updates: int = 5, fbk: Expert | None = None) -> Kept | Dropped:
    editor = Editor(fbk or Expert(), imp, Limits(updates=updates), keep_failed=True)
    return editor.edit(Trajectory(Q, turns))


@pytest.mark.parametrize(
    ("attempt", "update"),
    [(WRONG, NO_ANSWER), (WRONG, WRONG), (WORSE, OTHER_PREFIX), (WRONG, SAME_SPAN)],
)
def test_a_faulty_update_is_kept_and_trained_on(attempt: Attempt, update: Attempt) -> None:
    edited = edit(said(attempt), imp=Writer([update]))
    origin, turns = kept(edited)
    assert origin is Origin.EDITED
    assert [turn.attempt for turn in turns] == [attempt, update]
    assert turns[-1].feedback is None
    assert isinstance(edited, Kept)
    (draft,) = split_into_turns(edited.trajectory, "", Weights(), 1, 1)
    assert draft.kind is ExampleKind.IMPROVING
    assert draft.text.endswith(update.text)


def test_one_that_is_never_right_is_kept_with_its_feedback() -> None:
    _, turns = kept(edit(said(WRONG), imp=Writer([WORSE]), updates=1))
    assert [turn.attempt for turn in turns] == [WRONG, WORSE]
    assert [turn.feedback for turn in turns] == [FLAG_WRONG, FLAG_WORSE]


def test_what_nobody_judges_is_still_dropped() -> None:
    edited = edit(said(NO_ANSWER), imp=Writer(), fbk=Expert(ends=Outcome.UNUSABLE))
    assert isinstance(edited, Dropped)
    assert edited.reason is DropReason.FEEDBACK_UNUSABLE


def test_what_succeeds_is_as_with_filtering() -> None:
    filtered = Editor(Expert(), Writer()).edit(Trajectory(Q, (said(WRONG),)))
    assert edit(said(WRONG), imp=Writer([RIGHT])) == filtered
