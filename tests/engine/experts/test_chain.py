"""An editor asks nobody twice about the same attempt of a trajectory."""

from dataclasses import dataclass, field

import pytest

from engine.editing import Editor, Kept, Opinion, Rewriting
from engine.experts.chain import FeedbackChain, ImproveChain
from engine.tasks.base import CannotJudge
from engine.trajectory import (
    Attempt,
    Feedback,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
)

QUESTION = "1 + 1 ="
WRONG = parse_attempt("(1) 1 + 1 = 3.\n(Final response) So the answer is 3.")
RIGHT = parse_attempt("(1) 1 + 1 = 2.\n(Final response) So the answer is 2.")
FLAGGED = incorrect("1", "1 + 1 = 3", "1 + 1 is 2")


@dataclass
class Judge:
    """Knows the right attempt, and notes what it is asked about."""

    asked: list[tuple[str, Attempt]] = field(default_factory=list)

    def __call__(self, question: str, attempt: Attempt) -> Opinion:
        self.asked.append((question, attempt))
        return Opinion(correct(RIGHT) if attempt == RIGHT else FLAGGED, "expert:judge")


def improve(question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
    return Rewriting(RIGHT, "expert:writer")


def test_an_editor_has_each_attempt_judged_once() -> None:
    judge = Judge()
    editor = Editor(FeedbackChain([("judge", judge)]), ImproveChain([("writer", improve)]))
    edited = editor.edit(Trajectory(QUESTION, (Turn(WRONG),)))
    assert isinstance(edited, Kept)
    assert [turn.attempt for turn in edited.trajectory.turns] == [WRONG, RIGHT]
    assert judge.asked == [(QUESTION, WRONG), (QUESTION, RIGHT)]


def test_an_attempt_that_a_student_repeats_is_judged_once() -> None:
    judge = Judge()
    turn = Turn(WRONG, FLAGGED, FLAGGED.render())
    edited = Editor(judge, improve).edit(Trajectory(QUESTION, (turn, turn)))
    assert isinstance(edited, Kept)
    assert judge.asked == [(QUESTION, WRONG), (QUESTION, RIGHT)]


def test_another_trajectory_is_judged_anew() -> None:
    judge = Judge()
    editor = Editor(FeedbackChain([("judge", judge)]), ImproveChain([("writer", improve)]))
    for question in (QUESTION, QUESTION, "another"):
        editor.edit(Trajectory(question, (Turn(RIGHT),)))
    assert judge.asked == [(QUESTION, RIGHT)] * 2 + [("another", RIGHT)]


def test_what_could_not_be_judged_is_asked_again() -> None:
    asked: list[Attempt] = []

    def unable(question: str, attempt: Attempt) -> Opinion:
        asked.append(attempt)
        raise CannotJudge("I cannot")

    chain = FeedbackChain([("unable", unable)])
    for _ in range(2):
        with pytest.raises(CannotJudge):
            chain(QUESTION, WRONG)
    assert asked == [WRONG, WRONG]
