"""A trial of a task's FBK and IMP on its own gold rationales, before a run rests on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.own.answers import state
from engine.tasks.own.problems import Problem, ProblemKind, Severity, shortened
from engine.tasks.own.rows import Row
from engine.tasks.own.task import OwnTask
from engine.trajectory import Attempt, Feedback


def try_scripts(task: OwnTask, count: int = 20) -> list[Problem]:
    """Let the scripts judge gold rationales, and the same with another row's answer.

    FBK must accept the first and not the second; IMP must lead from the second to the right
    answer. Nothing is tried where task.toml names no FBK script. What a script declines to judge
    is a warning.
    """
    settings = task.folder.settings
    if settings.feedback is None:
        return []
    rows = [row for row in task.folder.rows if row.rationale is not None][:count]
    return [
        problem
        for row in rows
        for problem in (*_accepts(task, row), *_rejects_and_improves(task, row, rows))
    ]


def _accepts(task: OwnTask, row: Row) -> Iterator[Problem]:
    gold = task.rationale(row.asked)
    try:
        feedback = task.feedback(row.asked, gold)
    except CannotJudge as error:
        yield _problem(task, "feedback", row, f"cannot judge the gold rationale: {error}", True)
        return
    if not feedback.is_correct:
        message = f"rejects the gold rationale: {feedback.render()}"
        yield _problem(task, "feedback", row, message)


def _rejects_and_improves(task: OwnTask, row: Row, rows: list[Row]) -> Iterator[Problem]:
    other = next((r.answer for r in rows if not task.is_right(r.answer, row.answer)), None)
    if other is None:
        return
    gold = task.rationale(row.asked)
    wrong = Attempt((*gold.steps[:-1], replace(gold.steps[-1], text=state(other))))
    try:
        feedback = task.feedback(row.asked, wrong)
    except CannotJudge as error:
        message = f"cannot judge the rationale with the answer {shortened(other)}: {error}"
        yield _problem(task, "feedback", row, message, True)
        return
    if task.folder.settings.improve is not None:
        yield from _improves(task, row, wrong, feedback)


def _improves(task: OwnTask, row: Row, wrong: Attempt, feedback: Feedback) -> Iterator[Problem]:
    try:
        update = task.improve(row.asked, wrong, feedback)
    except CannotImprove as error:
        yield _problem(task, "improve", row, f"cannot improve on a wrong answer: {error}", True)
        return
    stated = task.answer(update)
    if not task.is_right(stated, row.answer, question=row.asked, attempt=update.text):
        message = f"does not lead to {shortened(row.answer)}: {shortened(update.text)}"
        yield _problem(task, "improve", row, message)


def _problem(task: OwnTask, section: str, row: Row, message: str, warning: bool = False) -> Problem:
    settings = task.folder.settings
    named = settings.feedback if section == "feedback" else settings.improve
    return Problem(
        ProblemKind.SCRIPT_WRONG,
        named.script if named is not None else "",
        f"on {shortened(row.asked)}: it {message}",
        severity=Severity.WARNING if warning else Severity.ERROR,
    )
