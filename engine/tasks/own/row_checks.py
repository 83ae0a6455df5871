"""What must hold of a row beyond its form: its answer, its rationale, its place among others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from db.records import Split
from engine.tasks.own.answers import state
from engine.tasks.own.checking import AnswerChecker
from engine.tasks.own.choices import letter_of
from engine.tasks.own.problems import Problem, ProblemKind, Problems, Severity, shortened
from engine.tasks.own.rationales import doubts, rationale_of, survives
from engine.tasks.own.rows import Row, split_options
from engine.tasks.own.script_process import ScriptError
from engine.tasks.own.settings import (
    ChoiceAnswer,
    ExactAnswer,
    OwnSettings,
    PythonAnswer,
    RegexAnswer,
)

_MOST_SCRIPT_FAILURES = 3


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class RowChecks:
    """Accepts rows one after another; what is wrong goes to ``problems``."""

    settings: OwnSettings
    checker: AnswerChecker
    problems: Problems
    run_scripts: bool = True
    _ids: dict[str, _Place] = field(default_factory=dict)
    _asked: dict[str, tuple[str, _Place]] = field(default_factory=dict)
    _splits: dict[str, tuple[Split, _Place]] = field(default_factory=dict)
    _script_failures: int = 0

    def accept(self, row: Row, file: str, line: int) -> Row | None:
        """Return the row, its answer in the form of its kind; None where an error costs it."""
        place = _Place(file, line)
        answered = self._with_answer(row, place)
        if answered is None:
            return None
        if not (self._is_new(answered, place) and self._is_sound(answered, place)):
            return None
        self._asked[answered.asked] = answered.answer, place
        self._splits[answered.content] = answered.its_split, place
        self._note_id(answered, place)
        return answered

    def _with_answer(self, row: Row, place: _Place) -> Row | None:
        """Write the answer as a letter where the kind asks for one."""
        kind = self.settings.answer
        options = split_options(row.asked)[1]
        if not isinstance(kind, ChoiceAnswer) and not (options and isinstance(kind, ExactAnswer)):
            return row
        letter = letter_of(row.answer, options)
        if letter is None:
            wanted = f"none of the {len(options)} options" if options else "no letter as in (B)"
            message = f"{shortened(row.answer)} is {wanted}"
            self._error(ProblemKind.ANSWER_NO_OPTION, place, "answer", message)
            return None
        return replace(row, answer=letter) if isinstance(kind, ChoiceAnswer) else row

    def _is_new(self, row: Row, place: _Place) -> bool:
        split, there = self._splits.get(row.content, (row.its_split, place))
        if split is not row.its_split:
            message = f"{row.its_split}, but {there} asks the same in the {split} split"
            self._error(ProblemKind.IN_TWO_SPLITS, place, "split", message)
            return False
        answer, there = self._asked.get(row.asked, (None, place))
        if answer is None:
            return True
        if answer == row.answer:
            message = f"the same as at {there}; it counts once"
            self._warn(ProblemKind.DUPLICATE_QUESTION, place, "question", message)
        else:
            message = f"{there} answers the same question by {shortened(answer)}"
            self._error(ProblemKind.TWO_ANSWERS, place, "answer", message)
        return False

    def _is_sound(self, row: Row, place: _Place) -> bool:
        """Check the answer and the rationale by the task's own checker."""
        try:
            return self._has_sound_answer(row, place) and self._has_sound_rationale(row, place)
        except ScriptError as error:
            # It is not the row's fault.
            self._script_failures += 1
            self._error(ProblemKind.SCRIPT_FAILED, place, "", error.message)
            if self._script_failures == _MOST_SCRIPT_FAILURES:
                message = "the answers from here on are not checked"
                self._warn(ProblemKind.SCRIPT_FAILED, place, "", message)
            return True

    @property
    def _is_checked(self) -> bool:
        by_script = isinstance(self.settings.answer, PythonAnswer | RegexAnswer)
        return not by_script or (self.run_scripts and self._script_failures < _MOST_SCRIPT_FAILURES)

    def _has_sound_answer(self, row: Row, place: _Place) -> bool:
        if not self._is_checked or self._is_right(row, state(row.answer), state(row.answer)):
            return True
        kind = self.settings.answer.kind
        message = f"{shortened(row.answer)} is not right to the checker of kind {kind!r}"
        self._error(ProblemKind.ANSWER_REJECTED, place, "answer", message)
        return False

    def _has_sound_rationale(self, row: Row, place: _Place) -> bool:
        if row.rationale is None:
            return True
        rationale = rationale_of(row.rationale, row.answer)
        if not survives(rationale):
            message = "it cannot be read back: a line in it looks like part of a trajectory"
            self._error(ProblemKind.WRONG_TEXT, place, "rationale", message)
            return False
        if doubt := doubts(row.rationale, rationale):
            self._warn(ProblemKind.RATIONALE_FORM, place, "rationale", doubt)
        final = rationale.final_response or ""
        if self._is_checked and not self._is_right(row, final, rationale.text):
            message = f"{shortened(final)} does not state the row's answer, {shortened(row.answer)}"
            self._error(ProblemKind.RATIONALE_DISAGREES, place, "rationale", message)
            return False
        return True

    def _is_right(self, row: Row, final_response: str, attempt: str) -> bool:
        answer = self.checker.read(final_response)
        return answer is not None and self.checker.is_right(answer, row.answer, row.asked, attempt)

    def _note_id(self, row: Row, place: _Place) -> None:
        if row.id is None:
            return
        if row.id in self._ids:
            message = f"{shortened(row.id)} is also the id at {self._ids[row.id]}"
            self._warn(ProblemKind.DUPLICATE_ID, place, "id", message)
        self._ids.setdefault(row.id, place)

    def _error(self, kind: ProblemKind, place: _Place, key: str, message: str) -> None:
        self.problems.add(Problem(kind, place.file, message, place.line, key=key))

    def _warn(self, kind: ProblemKind, place: _Place, key: str, message: str) -> None:
        severity = Severity.WARNING
        self.problems.add(
            Problem(kind, place.file, message, place.line, key=key, severity=severity)
        )
