"""A task of one's own, as `engine.tasks.base.Task` asks for it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

from db.records import Item, Split, Subtask
from engine.errors import ConfigError
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.tasks.own.checking import AnswerChecker, limits_of
from engine.tasks.own.config import TASK_FILE
from engine.tasks.own.folder import TaskFolder, load_folder
from engine.tasks.own.problems import shortened
from engine.tasks.own.rationales import rationale_of
from engine.tasks.own.rows import UNSEEN, Row
from engine.tasks.own.script_process import ScriptError, ScriptFailure, ScriptProcess
from engine.tasks.own.scripting import ask_feedback, ask_improve
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, correct

_FAILURES_IN_A_ROW = 3


class TooFewRows(ConfigError, ValueError):
    """More items are asked for than a task of one's own has."""

    title = "The task has too few rows"


class FalsePraise(CannotJudge):
    """FBK calls an attempt right whose answer the checker rejects."""


class OwnTask(Task):
    """The rows of a folder, with the answers and scripts that its task.toml names.

    To be closed where scripts may have been started; what is not closed ends with the process.
    """

    def __init__(
        self, folder: TaskFolder, seen: Sequence[str] = (), unseen: Sequence[str] = ()
    ) -> None:
        """Take the names of the subtasks. Without any, the rows of "unseen" are unseen and all
        others seen. Raises ValueError for a subtask that no row has."""
        settings = folder.settings
        self.name = settings.name
        self.title = settings.title
        self.hint = settings.prompt_hint
        self.folder = folder
        self.failures: Counter[ScriptFailure] = Counter()
        """How often a script, or a pattern, failed at an answer, which then counted as wrong."""
        self.last_failure = ""
        self._failures_in_a_row = 0
        self._subtasks = _subtasks(folder.rows, seen, unseen)
        self._rows = {row.asked: row for row in folder.rows}
        self._checker = AnswerChecker(folder.path, settings)
        limits = limits_of(settings)
        self._feedback, self._improve = (
            ScriptProcess(folder.path, named.script, limits) if named is not None else None
            for named in (settings.feedback, settings.improve)
        )

    def close(self) -> None:
        """End the scripts; a later call starts them again."""
        self._checker.close()
        for script in (self._feedback, self._improve):
            if script is not None:
                script.close()

    def __enter__(self) -> OwnTask:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def rows(self, split: Split, subtask: Subtask) -> list[Row]:
        """The rows that items are drawn from, in the order of the files."""
        names = self._subtasks[subtask]
        return [r for r in self.folder.rows if r.its_split is split and r.subtask in names]

    def row_counts(self) -> dict[str, dict[str, int]]:
        """How many rows items can be drawn from, by split and subtask."""
        return {
            split: {subtask: len(self.rows(split, subtask)) for subtask in Subtask}
            for split in Split
        }

    def generate(
        self,
        split: Split,
        subtasks: Sequence[Subtask],
        count: int,
        seed: int,
        exclude: Collection[str] = (),
    ) -> list[Item]:
        """Draw items; where the rows of one subtask run out, the others fill up.

        Raises:
            TooFewRows: there are fewer rows than ``count``; it is a ValueError, and says how many.
        """
        rng = random.Random(f"{self.name}/{split}/{seed}")
        excluded = set(exclude)
        pools = {
            subtask: [row for row in self.rows(split, subtask) if row.asked not in excluded]
            for subtask in dict.fromkeys(subtasks)
        }
        if count > sum(map(len, pools.values())):
            raise TooFewRows(self._too_few(split, count, pools))
        for pool in pools.values():
            rng.shuffle(pool)
        drawn = islice(_by_turns(subtasks, pools), count)
        return [self._item(row, split, subtask) for subtask, row in drawn]

    def _too_few(self, split: Split, count: int, pools: dict[Subtask, list[Row]]) -> str:
        there = ", ".join(f"{len(pool)} {subtask}" for subtask, pool in pools.items())
        most = sum(map(len, pools.values()))
        return (
            f"{self.folder.path}: {count} {split} items are asked for, and there are {there}. "
            f"Set task.{split}_items to {most} at most, or add rows."
        )

    def _item(self, row: Row, split: Split, subtask: Subtask) -> Item:
        return Item(
            task=self.name,
            split=split,
            subtask=subtask,
            question=row.asked,
            answer=row.answer,
            rationale=_rationale(row).text if row.rationale is not None else "",
            meta={"id": row.id, "subtask": row.subtask},
        )

    def rationale(self, question: str) -> Attempt:
        row = self._rows.get(question)
        if row is None:
            raise CannotImprove("this question is none of the task's rows")
        if row.rationale is None:
            raise CannotImprove('the row has no rationale; add "rationale" to it')
        return _rationale(row)

    def answer(self, attempt: Attempt) -> str | None:
        try:
            return self._checker.read(attempt.final_response)
        except ScriptError as error:
            self._note(error)
            return None

    def answer_flexible(self, text: str) -> str | None:
        try:
            return self._checker.find(text)
        except ScriptError as error:
            self._note(error)
            return None

    @property
    def checker(self) -> AnswerChecker:
        """Reads and compares answers as this task does, but lets ScriptError out."""
        return self._checker

    def gold(self, question: str) -> str | None:
        """Return the answer of the row that asks this; None where there is no such row."""
        row = self._rows.get(question)
        return row.answer if row is not None else None

    def complaints(self) -> str:
        if not self.failures:
            return ""
        count, self.failures = self.failures.total(), Counter()
        return (
            f"answers that could not be read or compared, and count as wrong: {count}; "
            f"the last: {self.last_failure}"
        )

    def _note(self, error: ScriptError) -> None:
        self.failures[error.failure] += 1
        self.last_failure = error.message

    def is_right(
        self, answer: str | None, gold: str, *, question: str = "", attempt: str = ""
    ) -> bool:
        """Compare an answer with the gold answer.

        Raises:
            ScriptError: the checker failed three times in a row; before that, an answer that it
                fails at counts as wrong, and is noted in ``failures``.
        """
        if answer is None:
            return False
        try:
            right = self._checker.is_right(answer, gold, question, attempt)
        except ScriptError as error:
            self._note(error)
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= _FAILURES_IN_A_ROW:
                raise
            return False
        self._failures_in_a_row = 0
        return right

    def feedback(self, question: str, attempt: Attempt, *, show_working: bool = False) -> Feedback:
        """FBK by the task's script. Without one, only a gold rationale is known to be right."""
        row = self._rows.get(question)
        if self._feedback is None:
            if row is not None and row.rationale is not None and attempt == _rationale(row):
                return correct(attempt)
            raise CannotJudge(self._not_configured("feedback"))
        try:
            said = ask_feedback(self._feedback, question, attempt, row.answer if row else None)
        except ScriptError as error:
            raise CannotJudge(error.message) from error
        if said.is_correct and row is not None:
            self._agree(row, attempt)
        return said

    def _agree(self, row: Row, attempt: Attempt) -> None:
        """Take no praise of an attempt whose answer the checker rejects.

        Raises FalsePraise, and CannotJudge where the checker fails.
        """
        try:
            answer = self._checker.read(attempt.final_response)
            right = answer is not None and self._checker.is_right(
                answer, row.answer, row.asked, attempt.text
            )
        except ScriptError as error:
            raise CannotJudge(error.message) from error
        if not right:
            script = self.folder.settings.feedback
            name = script.script if script is not None else ""
            shown = "no answer that can be read" if answer is None else shortened(answer)
            raise FalsePraise(
                f"{name} says that all is correct, but the attempt states {shown}, "
                f"and the row's answer is {shortened(row.answer)}"
            )

    def improve(self, question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        """IMP by the task's script."""
        if self._improve is None:
            raise CannotImprove(self._not_configured("improve"))
        if feedback.is_correct or feedback.step is None:
            raise CannotImprove("the feedback names no wrong step")
        labels = {FINAL_RESPONSE, *(step.label for step in attempt.steps)}
        if feedback.step not in labels:
            raise CannotImprove(f"the attempt has no step ({feedback.step})")
        row = self._rows.get(question)
        try:
            gold = row.answer if row else None
            return ask_improve(self._improve, question, attempt, feedback, gold)
        except ScriptError as error:
            raise CannotImprove(error.message) from error

    def _not_configured(self, section: str) -> str:
        return (
            f"the task {self.name!r} has no script for it: add [{section}] with "
            f'script = "{section}.py" to {self.folder.path / TASK_FILE}, or let an expert do it'
        )


def load_task(
    path: Path, seen: Sequence[str] = (), unseen: Sequence[str] = (), *, run_scripts: bool = True
) -> OwnTask:
    """Read a folder as a task; what is wrong with its rows is in ``folder.problems``.

    Raises:
        ConfigError: task.toml is missing or wrong.
        ValueError: no row has such a subtask; the text says which there are.
    """
    return OwnTask(load_folder(path, run_scripts=run_scripts), seen, unseen)


def _rationale(row: Row) -> Attempt:
    return rationale_of(row.rationale or "", row.answer)


def _subtasks(
    rows: Sequence[Row], seen: Sequence[str], unseen: Sequence[str]
) -> dict[Subtask, frozenset[str]]:
    """Which names of the rows are seen and which unseen. Raises ValueError."""
    known = {row.subtask for row in rows}
    wrong = [name for name in (*seen, *unseen) if name not in known]
    if wrong:
        there = ", ".join(map(repr, sorted(known))) or "none"
        raise ValueError(f"{wrong[0]!r} is no subtask of this task; there are {there}")
    if both := set(seen) & set(unseen):
        raise ValueError(f"{min(both)!r} cannot be both seen and unseen")
    kept_apart = frozenset(unseen) or frozenset({UNSEEN} - set(seen))
    return {
        Subtask.SEEN: frozenset(seen) or frozenset(known - kept_apart),
        Subtask.UNSEEN: kept_apart,
    }


def _by_turns(
    subtasks: Sequence[Subtask], pools: Mapping[Subtask, Sequence[Row]]
) -> Iterator[tuple[Subtask, Row]]:
    """Take a row of each subtask in turn; those that run out are passed over."""
    supplies = {subtask: iter(pool) for subtask, pool in pools.items()}
    turns = list(subtasks)
    while turns:
        for subtask in list(turns):
            row = next(supplies[subtask], None)
            if row is not None:
                yield subtask, row
            else:
                turns = [other for other in turns if other is not subtask]
