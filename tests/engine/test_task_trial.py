"""The trial of a built-in task finds what is wrong with it, and nothing else."""

from typing import Any

import pytest

from db.records import Split, Subtask
from engine.tasks import TASKS
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.trial import draw, try_task, with_answer
from engine.trajectory import Attempt, Feedback, correct, incorrect


@pytest.mark.parametrize("name", TASKS)
def test_each_task_is_in_order(name: str) -> None:
    task = TASKS[name]()
    items = draw(task, 5, seed=3)
    assert {key: len(drawn) for key, drawn in items.items()} == {
        (split, subtask): 5 for split in Split for subtask in Subtask
    }
    assert list(try_task(task, items)) == []


@pytest.mark.parametrize("name", TASKS)
def test_another_answer_changes_the_final_response_alone(name: str) -> None:
    first, second = TASKS[name]().generate(Split.TRAIN, [Subtask.SEEN], 2, seed=3)
    attempt = with_answer(first, second.answer)
    *steps, last = attempt.text.split("\n")
    assert steps == first.rationale.split("\n")[:-1]
    assert last == first.rationale.split("\n")[-1].replace(first.answer, second.answer)


class PraisesAll(MultistepArithmetic):
    def feedback(self, question: str, attempt: Attempt, **_: Any) -> Feedback:
        return correct(attempt)


class RejectsAll(MultistepArithmetic):
    def feedback(self, question: str, attempt: Attempt, **_: Any) -> Feedback:
        return incorrect("1", "This", "it is wrong")


class JudgesNothing(MultistepArithmetic):
    def feedback(self, question: str, attempt: Attempt, **_: Any) -> Feedback:
        raise CannotJudge("no idea")


class ImprovesNothing(MultistepArithmetic):
    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        return attempt


class DeclinesToImprove(MultistepArithmetic):
    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        raise CannotImprove("no idea")


class ReadsNothing(MultistepArithmetic):
    def answer_flexible(self, text: str) -> str | None:
        return None


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (PraisesAll(), "FBK accepts the wrong answer"),
        (RejectsAll(), "FBK rejects the rationale"),
        (JudgesNothing(), "FBK cannot judge the rationale: no idea"),
        (ImprovesNothing(), "IMP does not lead from"),
        (DeclinesToImprove(), "IMP cannot improve on"),
        (ReadsNothing(), "its rationale states no answer, not"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_wrong_is_told(task: MultistepArithmetic, told: str) -> None:
    problems = list(try_task(task, draw(task, 2, seed=3)))
    assert told in problems[0].message
    assert problems[0].render().startswith("multistep_arithmetic: error: on '((")


def test_a_question_in_two_splits_is_told() -> None:
    task = MultistepArithmetic()
    items = draw(task, 2, seed=3)
    twice = {
        (split, subtask): items[Split.TRAIN, subtask] for split in Split for subtask in Subtask
    }
    messages = {problem.message.partition(": ")[2] for problem in try_task(task, twice)}
    assert messages == {"it is in train and in dev", "it is in train and in test"}
