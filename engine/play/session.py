"""The work of a Playground's process: a student answers and corrects itself, and is heard doing so.

What it writes is the evaluation's own loop (`engine.rollout.roll_out`), with the same limits and by
the same generator; only that every token is told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import torch

from db.records import CheckpointKind, Evaluation, Item, Split, Subtask
from db.store import Store
from engine.errors import StudentError, TripostError
from engine.evaluation import score
from engine.play.hearing import Cancelled, HeardGenerator, Tell, verdict_of
from engine.play.messages import (
    Answered,
    Ask,
    Begun,
    Failed,
    Judged,
    Ready,
    Verdict,
)
from engine.play.outlook import as_of_run
from engine.play.stepping_back import step_back
from engine.play.weight_sets import SavedWeights, WeightSets
from engine.project import Project
from engine.rollout import Rollout, roll_out
from engine.student.loading import load_student
from engine.student.model import Student
from engine.student_seat import StudentSeat
from engine.task_setup import project_task
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.tasks.own import OwnTask
from engine.trajectory import parse_attempt, prompt

LONGEST_QUESTION = 200_000
"""Characters. To make tokens of a megabyte takes seconds that nothing can interrupt."""

_SHARE_BESIDE_TRAINING = 4
"""While an engine is at work on the CPU, one of so many cores is used."""


class Session:
    """A loaded student with its task, and the store of its run to look things up in."""

    def __init__(self, project: Project, store: Store, run_id: int | None, tell: Tell) -> None:
        """``project`` has the settings of the run."""
        self._project = project
        self._settings = project.settings
        self._store = store
        self._run_id = run_id
        self._tell = tell
        self._task: Task = project_task(project)
        seed = self._settings.run.seed
        self._seat = StudentSeat(
            lambda: load_student(self._settings.student, self._settings.task.name, seed)
        )
        saved = {
            c.iteration: SavedWeights(project.path / c.path, c.sha256)
            for c in (store.checkpoints(run_id) if run_id is not None else [])
            if c.kind is CheckpointKind.ITERATION
        }
        self._sets = WeightSets(self._seat, saved)
        self._threads = 0

    def close(self) -> None:
        self._task.close()

    def load(self, since: float) -> Ready:
        """Load the student; ``since`` is when loading began, by `time.monotonic`.

        Raises:
            StudentError: it cannot be loaded.
        """
        student = self._seat.student
        # Loading has set it, where the settings do.
        self._threads = torch.get_num_threads()
        return Ready(
            seconds=time.monotonic() - since,
            device=str(student.device),
            parameters=sum(p.numel() for p in student.language_model.parameters()),
            note=student.form.complaint,
        )

    def answer(self, ask: Ask, is_cancelled: Callable[[], bool]) -> None:
        """Let each of the weights answer; what one cannot does not concern the others.

        Raises:
            Cancelled: it is not wanted any more.
        """
        self._share_the_machine()
        # Half a character, which no tokenizer takes.
        question = ask.question.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        ask = replace(ask, question=question)
        right = ask.answer if ask.answer is not None else self._worked_out(ask.question)
        for iteration in ask.weights:
            try:
                self._answer(ask, iteration, right, is_cancelled)
            except TripostError as error:
                self._tell(
                    Failed(
                        id=ask.id,
                        weights=iteration,
                        title=error.title,
                        message=error.message,
                        exit_code=error.exit_code,
                    )
                )

    def _answer(
        self, ask: Ask, iteration: int, right: str | None, is_cancelled: Callable[[], bool]
    ) -> None:
        began = time.monotonic()
        student = self._sets.put(iteration)
        self._check_length(student, ask.question)
        self._tell(Begun(id=ask.id, weights=iteration, seconds=time.monotonic() - began))
        settings = self._settings.evaluate
        most = settings.max_updates if ask.max_updates is None else ask.max_updates
        heard = HeardGenerator(student, ask, iteration, self._tell, is_cancelled, self._judge)
        (rollout,) = roll_out(
            heard,
            [ask.question],
            [ask.seed],
            self._task.hint,
            max_updates=most,
            max_attempt_tokens=settings.max_attempt_tokens,
        )
        item = Item(
            task=self._task.name,
            split=Split.TEST,
            subtask=Subtask.SEEN,
            question=ask.question,
            answer=right or "",
            rationale="",
        )
        scored = score(self._task, item, rollout, 0, iteration)
        known = right is not None
        self._tell(
            Answered(
                id=ask.id,
                weights=iteration,
                end=scored.finish_reason,
                text=rollout.text,
                tokens=rollout.tokens,
                seconds=heard.seconds,
                updates=scored.updates,
                first_answer=scored.first_answer,
                final_answer=scored.final_answer,
                right=right,
                first_correct=scored.first_correct if known else None,
                final_correct=scored.final_correct if known else None,
                as_tested=self._as_tested(ask, iteration, rollout, most),
            )
        )

    def _check_length(self, student: Student, question: str) -> None:
        form, most = student.form, student.context_tokens
        if len(question) > LONGEST_QUESTION:
            raise StudentError(
                f"It has {len(question):,} characters; more than {LONGEST_QUESTION:,} are not "
                "asked here.",
                "The question is too long",
            )
        count = len(form.prompt_ids((prompt(question, self._task.hint),)))
        if most is not None and count >= most:
            raise StudentError(
                f"It has {count:,} tokens with its prompt; this student looks at {most:,} at most, "
                "its own answer included.",
                "The question is too long",
            )

    def _worked_out(self, question: str) -> str | None:
        """Return the right answer, where the task's script can work it out."""
        try:
            return self._task.answer(self._task.rationale(question))
        except CannotImprove:
            return None

    def _judge(self, ask: Ask, iteration: int, number: int, attempt: str) -> None:
        """Tell what the task's own FBK says, where it has one."""
        if isinstance(self._task, OwnTask) and self._task.folder.settings.feedback is None:
            return
        working = self._settings.collect.show_working
        try:
            said = self._task.feedback(ask.question, parse_attempt(attempt), show_working=working)
        except CannotJudge as error:
            judged = Judged(
                id=ask.id,
                weights=iteration,
                number=number,
                verdict=Verdict.NONE,
                problem=str(error),
            )
        else:
            judged = Judged(
                id=ask.id,
                weights=iteration,
                number=number,
                verdict=verdict_of(said),
                text=replace(said, working="").render(),
                step=said.step,
                span=said.span,
            )
        self._tell(judged)

    def _as_tested(self, ask: Ask, iteration: int, rollout: Rollout, most: int) -> bool | None:
        """Compare with the evaluation's text, where that was asked the same."""
        comparable = not ask.temperature and most == self._settings.evaluate.max_updates
        if not comparable or ask.item_id is None or self._run_id is None:
            return None
        found: list[Evaluation] = [
            row
            for row in self._store.evaluations(self._run_id, iteration)
            if row.item_id == ask.item_id and row.question == ask.question
        ]
        return found[0].text == rollout.text if found else None

    def _share_the_machine(self) -> None:
        """Leave the processor to an engine that is at work."""
        threads = self._threads
        if step_back(self._project):
            threads = min(threads, max(1, (os.cpu_count() or 1) // _SHARE_BESIDE_TRAINING))
        if threads != torch.get_num_threads():
            torch.set_num_threads(threads)


@contextmanager
def opened_session(project: Project, run_id: int | None, tell: Tell) -> Iterator[Session]:
    """A session on a run, the latest one's if None, with nothing loaded yet.

    Raises:
        StoreError, ConfigError: there is no such run, or its settings or task cannot be read.
    """
    with Store.read(project.db_path) as store:
        as_run, run = as_of_run(project, store, run_id)
        with closing(Session(as_run, store, run.id if run else None, tell)) as session:
            yield session


__all__ = ["Cancelled", "Session", "opened_session"]
