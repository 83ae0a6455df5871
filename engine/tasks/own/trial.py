"""A trial of a task's FBK and IMP on its own gold rationales, before a run rests on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.own.answers import state
from engine.tasks.own.problems import Problem, ProblemKind, Severity, shortened
from engine.tasks.own.rows import Row
from engine.tasks.own.script_process import ScriptError
from engine.tasks.own.settings import PythonAnswer
from engine.tasks.own.task import FalsePraise, OwnTask
from engine.trajectory import Attempt, Feedback

_MOST_FAILURES = 3


def try_scripts(task: OwnTask, count: int = 20) -> list[Problem]:
    """Let the scripts judge gold rationales, and the same with another row's answer.

    FBK must accept the first and not the second; IMP must lead from the second to the right
    answer. Nothing is tried where task.toml names no FBK script. What a script declines to judge
    is a warning. A script that fails three times is not tried any further.
    """
    if task.folder.settings.feedback is None:
        return []
    rows = [row for row in task.folder.rows if row.rationale is not None][:count]
    found: list[Problem] = []
    for row in rows:
        found += _tried(task, row, rows)
        failures = sum(problem.kind is ProblemKind.SCRIPT_FAILED for problem in found)
        if failures >= _MOST_FAILURES and row is not rows[-1]:
            message = "the scripts are not tried any further"
            kind, severity = ProblemKind.SCRIPT_FAILED, Severity.WARNING
            return [*found, replace(found[-1], kind=kind, message=message, severity=severity)]
    return found


def _tried(task: OwnTask, row: Row, rows: list[Row]) -> Iterator[Problem]:
    try:
        yield from _accepts(task, row)
        yield from _rejects_and_improves(task, row, rows)
    except ScriptError as error:
        checker = task.folder.settings.answer
        script = checker.script if isinstance(checker, PythonAnswer) else ""
        yield Problem(ProblemKind.SCRIPT_FAILED, script, error.message)


def _accepts(task: OwnTask, row: Row) -> Iterator[Problem]:
    gold = task.rationale(row.asked)
    try:
        feedback = task.feedback(row.asked, gold)
    except CannotJudge as error:
        yield _declined(task, "feedback", row, "cannot judge the gold rationale", error)
        return
    if not feedback.is_correct:
        message = f"rejects the gold rationale: {feedback.render()}"
        yield _problem(task, "feedback", row, message)


def _rejects_and_improves(task: OwnTask, row: Row, rows: list[Row]) -> Iterator[Problem]:
    """Raises ScriptError where the checker fails."""
    other = next((r.answer for r in rows if not task.checker.is_right(r.answer, row.answer)), None)
    if other is None:
        return
    gold = task.rationale(row.asked)
    wrong = Attempt((*gold.steps[:-1], replace(gold.steps[-1], text=state(other))))
    try:
        feedback = task.feedback(row.asked, wrong)
    except CannotJudge as error:
        what = f"cannot judge the rationale with the answer {shortened(other)}"
        yield _declined(task, "feedback", row, what, error)
        return
    if task.folder.settings.improve is not None:
        yield from _improves(task, row, wrong, feedback)


def _improves(task: OwnTask, row: Row, wrong: Attempt, feedback: Feedback) -> Iterator[Problem]:
    try:
        update = task.improve(row.asked, wrong, feedback)
    except CannotImprove as error:
        yield _declined(task, "improve", row, "cannot improve on a wrong answer", error)
        return
    stated = task.checker.read(update.final_response)
    if stated is None or not task.checker.is_right(stated, row.answer, row.asked, update.text):
        message = f"does not lead to {shortened(row.answer)}: {shortened(update.text)}"
        yield _problem(task, "improve", row, message)


def _declined(
    task: OwnTask, section: str, row: Row, what: str, error: CannotJudge | CannotImprove
) -> Problem:
    """A script may decline; it may neither fail nor praise what is wrong."""
    problem = _problem(task, section, row, f"{what}: {error}")
    if isinstance(error.__cause__, ScriptError):
        return replace(problem, kind=ProblemKind.SCRIPT_FAILED)
    if isinstance(error, FalsePraise):
        return problem
    return replace(problem, severity=Severity.WARNING)


def _problem(task: OwnTask, section: str, row: Row, message: str) -> Problem:
    settings = task.folder.settings
    named = settings.feedback if section == "feedback" else settings.improve
    script = named.script if named is not None else ""
    return Problem(ProblemKind.SCRIPT_WRONG, script, f"on {shortened(row.asked)}: it {message}")
