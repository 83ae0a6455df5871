"""Attempts in a file, judged by a task's scripts: what `tripost task judge` does.

Rows are JSON lines ``{question, attempt, target?}``. Whatever stands in them, each comes back:
judged, or with the reason why not; nothing here raises for what a row, a model or a script wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import TracebackType
from typing import Any

from engine.attempt_rows import AttemptRow, Unreadable
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.tasks.own import OwnTask, ScriptError
from engine.tasks.own.choices import letter_of
from engine.tasks.own.problems import shortened
from engine.tasks.own.rows import split_options
from engine.tasks.own.settings import ChoiceAnswer
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Step,
    parse_attempt,
    split_attempt,
)

MOST_FAILURES_IN_A_ROW = 10
"""After so many a script is asked no more: each may have taken all the time that it is given."""

_GOLDS_KEPT = 1024
_STATED = ("So the answer is {}.", "So the answer is: {}.")
"""How built-in tasks have their answers stated."""


class Form(StrEnum):
    """How an answer was read: in the form that the task asks for, or from any text."""

    STRICT = "strict"
    FLEXIBLE = "flexible"


class Unknown(StrEnum):
    """Why it is unknown whether an answer, or an attempt, is right."""

    NO_QUESTION = "no question of this task"
    NO_GOLD = "no gold answer"
    TARGET_FORM = "target of another form"
    ATTEMPT_FORM = "attempt that FBK cannot judge"
    NO_SCRIPT = "no script for FBK"
    SCRIPT_FAILED = "script failed"


@dataclass(slots=True)
class Tally:
    """What became of the rows."""

    rows: int = 0
    unreadable: int = 0
    answered: Counter[Form] = field(default_factory=Counter)
    right: Counter[Form] = field(default_factory=Counter)
    not_compared: Counter[Unknown] = field(default_factory=Counter)
    accepted: int = 0
    """Attempts in which FBK found no error."""
    rejected: int = 0
    not_judged: Counter[Unknown] = field(default_factory=Counter)
    longer: int = 0
    """Rows whose attempt is followed by feedback or an update, which is not judged."""


class _Untold(Exception):
    """It cannot be told whether an answer or an attempt is right."""

    def __init__(self, kind: Unknown, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind.value, "message": str(self)}


class _Patience:
    """Lets a script of the person's fail a few times in a row, and then be asked no more."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def __enter__(self) -> None:
        if self._in_a_row >= MOST_FAILURES_IN_A_ROW:
            message = f"it failed {self._in_a_row} times in a row, and is asked no more"
            raise _Untold(Unknown.SCRIPT_FAILED, message)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, ScriptError):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        raise _Untold(Unknown.SCRIPT_FAILED, error.message) from error


class AttemptJudge:
    """Judges rows one after another, and counts in ``tally`` what became of them."""

    def __init__(self, task: Task) -> None:
        self.tally = Tally()
        self._task = task
        self._own = task if isinstance(task, OwnTask) else None
        self._reading, self._comparing, self._fbk = _Patience(), _Patience(), _Patience()
        self._gold = lru_cache(_GOLDS_KEPT)(self._find_gold)
        self._stated = lru_cache(_GOLDS_KEPT)(self._as_stated)

    def judge(self, rows: Iterable[AttemptRow | Unreadable]) -> Iterator[dict[str, Any]]:
        """Judge rows in their order. Each comes back with all it had and with

        - ``answer``, as stated, and ``answer_form``: ``strict``, ``flexible`` or null;
        - ``correct``: whether it is the target, or the gold answer where no target is given; null
          where neither is known, with ``not_compared``, ``{kind, message}``;
        - ``feedback`` ``{verdict, step, span, reason}``, or null with ``not_judged``, the same;
        - ``not_read``: how many characters follow the attempt, where feedback or an update does.

        A line that is no row comes back as ``{line, error: {kind, message}}``.
        """
        for row in rows:
            self.tally.rows += 1
            if isinstance(row, Unreadable):
                self.tally.unreadable += 1
                error = {"kind": row.kind.value, "message": row.message}
                yield {"line": row.line, "error": error}
            else:
                yield row.others | self.judge_attempt(row.question, row.attempt, row.target)

    def judge_attempt(self, question: str, text: str, target: str | None) -> dict[str, Any]:
        """Return what `judge` adds to a row, and count it."""
        written, follows = split_attempt(text.replace("\r\n", "\n"))
        attempt = parse_attempt(written)
        found: dict[str, Any] = {"answer": None, "answer_form": None, "correct": None}
        try:
            self._compare(question, attempt, written, target, found)
        except _Untold as untold:
            self.tally.not_compared[untold.kind] += 1
            found["not_compared"] = untold.as_json()
        try:
            feedback = self._feedback(question, attempt)
        except _Untold as untold:
            self.tally.not_judged[untold.kind] += 1
            found |= {"feedback": None, "not_judged": untold.as_json()}
        else:
            self.tally.accepted += feedback.is_correct
            self.tally.rejected += not feedback.is_correct
            found["feedback"] = _fields(feedback)
        if follows:
            self.tally.longer += 1
            found["not_read"] = len(follows)
        return found

    # --- the answer ----------------------------------------------------------------------------

    def _compare(
        self,
        question: str,
        attempt: Attempt,
        written: str,
        target: str | None,
        found: dict[str, Any],
    ) -> None:
        """Put into ``found`` what is known of the answer. Raises _Untold, also half-way."""
        with self._reading:
            answer, form = self._read(attempt, written)
        if answer is not None:
            self.tally.answered[form] += 1
            found |= {"answer": answer, "answer_form": form.value}
        gold = self._gold(question) if target is None else self._target(question, target)
        if answer is None:
            found["correct"] = False
            return
        with self._comparing:
            found["correct"] = self._is_right(answer, gold, question, written)
        self.tally.right[form] += found["correct"]

    def _read(self, attempt: Attempt, written: str) -> tuple[str | None, Form]:
        """Read the answer. Raises ScriptError."""
        # The task's own methods count a failing script as a wrong answer.
        checker = self._own.checker if self._own else None
        answer = checker.read(attempt.final_response) if checker else self._task.answer(attempt)
        if answer is not None:
            return answer, Form.STRICT
        flexible = checker.find(written) if checker else self._task.answer_flexible(written)
        return flexible, Form.FLEXIBLE

    def _is_right(self, answer: str, gold: str, question: str, written: str) -> bool:
        """Compare answers. Raises ScriptError."""
        if self._own:
            return self._own.checker.is_right(answer, gold, question, written)
        return self._task.is_right(answer, gold, question=question, attempt=written)

    def _find_gold(self, question: str) -> str:
        """Return the gold answer. Raises _Untold."""
        if self._own:
            gold = self._own.gold(question)
            if gold is None:
                raise _Untold(Unknown.NO_GOLD, "the question is none of the task's rows")
            return gold
        try:
            gold = self._task.answer(self._task.rationale(question))
        except CannotImprove as error:
            raise _Untold(Unknown.NO_QUESTION, str(error)) from error
        if gold is None:
            raise _Untold(Unknown.NO_GOLD, "the rationale states no answer")
        return gold

    def _target(self, question: str, target: str) -> str:
        """Return a row's target as the task writes answers. Raises _Untold."""
        target = target.strip()
        gold: str | None = target
        if self._own is None:
            gold = self._stated(target)
        elif isinstance(self._own.folder.settings.answer, ChoiceAnswer):
            gold = letter_of(target, split_options(question)[1])
        if gold is None:
            message = f"{shortened(target)} is not written as the task's answers are"
            raise _Untold(Unknown.TARGET_FORM, message)
        return gold

    def _as_stated(self, target: str) -> str | None:
        """Return a target as a built-in task reads it from a final response."""
        return next(filter(None, (self._strict(form.format(target)) for form in _STATED)), None)

    def _strict(self, final_response: str) -> str | None:
        return self._task.answer(Attempt((Step(FINAL_RESPONSE, final_response),)))

    # --- the attempt ---------------------------------------------------------------------------

    def _feedback(self, question: str, attempt: Attempt) -> Feedback:
        """Let FBK judge. Raises _Untold."""
        with self._fbk:
            try:
                return self._task.feedback(question, attempt)
            except CannotJudge as error:
                if isinstance(error.__cause__, ScriptError):
                    raise error.__cause__ from error
                raise _Untold(self._why(error), str(error)) from error

    def _why(self, error: CannotJudge) -> Unknown:
        if self._own:
            has_script = self._own.folder.settings.feedback is not None
            return Unknown.ATTEMPT_FORM if has_script else Unknown.NO_SCRIPT
        # Built-in scripts pass on what is wrong with a question, and say themselves what is with
        # an attempt.
        return Unknown.NO_QUESTION if error.__cause__ is not None else Unknown.ATTEMPT_FORM


def _fields(feedback: Feedback) -> dict[str, str | None]:
    return {
        "verdict": feedback.verdict.value,
        "step": feedback.step,
        "span": feedback.span,
        "reason": feedback.reason,
    }
