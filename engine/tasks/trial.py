"""A trial of a built-in task: fresh questions, and what its script says of right and wrong answers.

The same as `engine.tasks.own.trial` is for tasks of one's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from db.records import Item, Split, Subtask
from engine.tasks.base import BuiltInTask, CannotImprove, CannotJudge, Drawing
from engine.tasks.own.problems import Problem, ProblemKind, shortened
from engine.trajectory import Attempt, parse_attempt


def with_answer(item: Item, answer: str) -> Attempt:
    """Return an item's gold rationale with another answer in its final response."""
    gold = parse_attempt(item.rationale)
    last = gold.steps[-1]
    return Attempt((*gold.steps[:-1], replace(last, text=last.text.replace(item.answer, answer))))


def draw(task: BuiltInTask, count: int, seed: int) -> Drawing:
    """Draw ``count`` items of each subtask in each split, none that asks what another asks."""
    items: list[Item] = []
    draws = duplicates = 0
    for split in Split:
        there = {item.question for item in items}
        drawing = task.draw(split, list(Subtask), count * len(Subtask), seed, there)
        items += drawing.items
        draws += drawing.draws
        duplicates += drawing.duplicates
    return Drawing(items, draws, duplicates)


def try_task(task: BuiltInTask, items: Sequence[Item]) -> Iterator[Problem]:
    """Yield what is wrong with drawn items; nothing, if the task is in order.

    Nothing is asked in two splits, or twice in one. The answer of each gold rationale is read
    back, strictly and flexibly; FBK accepts the rationale, rejects it with another answer, and
    IMP leads from there to the right one.
    """
    yield from _repeated(task, items)
    alike: dict[tuple[Split, Subtask], list[Item]] = defaultdict(list)
    for item in items:
        alike[item.split, item.subtask].append(item)
        yield from _reads_and_accepts(task, item)
    for drawn in alike.values():
        for item, other in zip(drawn, [*drawn[1:], *drawn[:1]], strict=True):
            if item.answer != other.answer:
                yield from _rejects_and_improves(task, item, with_answer(item, other.answer))


def _repeated(task: BuiltInTask, items: Sequence[Item]) -> Iterator[Problem]:
    """Yield each item that asks what an item before it asks, in whatever words."""
    splits: dict[str, Split] = {}
    for item in items:
        content = task.content(item.question)
        if content not in splits:
            splits[content] = item.split
        elif splits[content] is item.split:
            message = f"it asks what another question of {item.split} asks"
            yield _problem(item, message, ProblemKind.DUPLICATE_QUESTION)
        else:
            message = f"what it asks is in {splits[content]} and in {item.split}"
            yield _problem(item, message, ProblemKind.IN_TWO_SPLITS)


def _reads_and_accepts(task: BuiltInTask, item: Item) -> Iterator[Problem]:
    gold = parse_attempt(item.rationale)
    if gold.text != item.rationale or gold != task.rationale(item.question):
        message = "the rationale cannot be read back"
        yield _problem(item, message, ProblemKind.RATIONALE_FORM)
    for answer in (task.answer(gold), task.answer_flexible(item.rationale)):
        if not task.is_right(answer, item.answer, question=item.question, attempt=gold.text):
            said = "no answer" if answer is None else shortened(answer)
            message = f"its rationale states {said}, not {shortened(item.answer)}"
            yield _problem(item, message, ProblemKind.RATIONALE_DISAGREES)
    try:
        feedback = task.feedback(item.question, gold)
    except CannotJudge as error:
        yield _problem(item, f"FBK cannot judge the rationale: {error}")
        return
    if not feedback.is_correct:
        yield _problem(item, f"FBK rejects the rationale: {feedback.render()}")


def _rejects_and_improves(task: BuiltInTask, item: Item, wrong: Attempt) -> Iterator[Problem]:
    said = shortened(wrong.steps[-1].text)
    try:
        feedback = task.feedback(item.question, wrong)
    except CannotJudge as error:
        yield _problem(item, f"FBK cannot judge the wrong answer {said}: {error}")
        return
    if feedback.is_correct:
        yield _problem(item, f"FBK accepts the wrong answer {said}")
        return
    try:
        update = task.improve(item.question, wrong, feedback)
    except CannotImprove as error:
        yield _problem(item, f"IMP cannot improve on {said}: {error}")
        return
    if not task.is_right(task.answer(update), item.answer):
        yield _problem(item, f"IMP does not lead from {said} to {shortened(item.answer)}")


def _problem(item: Item, message: str, kind: ProblemKind = ProblemKind.SCRIPT_WRONG) -> Problem:
    return Problem(kind, item.task, f"on {shortened(item.question)}: {message}")
