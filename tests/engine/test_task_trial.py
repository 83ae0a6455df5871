"""The trial of a built-in task finds what is wrong with it, and nothing else."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from db.records import Split, Subtask
from engine.tasks import TASKS
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.own.problems import ProblemKind
from engine.tasks.trial import draw, try_task, with_answer
from engine.trajectory import Attempt, Feedback, correct, incorrect


@pytest.mark.parametrize("name", TASKS)
def test_each_task_is_in_order(name: str) -> None:
    task = TASKS[name]()
    drawing = draw(task, 5, seed=3)
    assert Counter((item.split, item.subtask) for item in drawing.items) == {
        (split, subtask): 5 for split in Split for subtask in Subtask
    }
    assert drawing.draws >= 30 + drawing.duplicates
    assert list(try_task(task, drawing.items)) == []


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
    problems = list(try_task(task, draw(task, 2, seed=3).items))
    assert told in problems[0].message
    assert problems[0].render().startswith("multistep_arithmetic: error: on '((")


@pytest.mark.parametrize("name", TASKS)
def test_what_is_asked_in_two_splits_is_told(name: str) -> None:
    task = TASKS[name]()
    items = task.generate(Split.TRAIN, list(Subtask), 4, seed=3)
    everywhere = [replace(item, split=split) for split in Split for item in items]
    problems = list(try_task(task, everywhere))
    assert {problem.kind for problem in problems} == {ProblemKind.IN_TWO_SPLITS}
    assert Counter(problem.message.rpartition(": ")[2] for problem in problems) == {
        "what it asks is in train and in dev": 4,
        "what it asks is in train and in test": 4,
    }


def test_what_is_asked_twice_in_a_split_is_told_in_whatever_words() -> None:
    task = TASKS["word_sorting"]()
    (item,) = task.generate(Split.DEV, [Subtask.SEEN], 1, seed=3)
    head, words = item.question.split("List: ")
    other = f"{head}List: {' '.join(reversed(words.split()))}"
    again = replace(item, question=other, rationale=task.rationale(other).text)
    (problem,) = try_task(task, [item, again])
    assert problem.kind is ProblemKind.DUPLICATE_QUESTION
    assert problem.message.endswith("it asks what another question of dev asks")
