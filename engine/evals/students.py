"""A student on a test, with the code and the seeds of a run's own evaluation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from db.evals import EvalQuestion
from db.records import Item, Split, Subtask
from engine.errors import StudentError
from engine.evals.bench import Bench
from engine.evals.models import ModelKind
from engine.evals.scored import scored, voted
from engine.evals.shots import as_prefix, make_shots
from engine.evaluation import batches_of
from engine.rollout import Rollout, first_attempts, roll_out
from engine.seeds import item_seed
from engine.settings import Settings
from engine.student.device import choose_device
from engine.student.generation import OutOfMemory, TextGenerator, text_generator
from engine.student.loading import load_student
from engine.student_place import EMBEDDED, fetch_student
from engine.student_seat import StudentSeat
from engine.training.checkpoints import folder_hash


class StudentOnBench:
    """A loaded student that answers a test's questions."""

    def __init__(self, bench: Bench) -> None:
        """Load it.

        Raises:
            StudentError: it cannot be loaded, or its weights are gone or damaged.
        """
        self._bench = bench
        order = bench.order
        self._decoding = order.decoding
        settings = self._settings = _loadable(order.settings, order.kind, order.task)
        bench.tell("loading the student")
        # The task's folder, or its name: an embedded student is found by it.
        seat = StudentSeat(lambda: load_student(settings.student, order.task, settings.run.seed))
        if order.weights:
            folder = Path(order.weights)
            if not folder.is_dir() or folder_hash(folder) != order.weights_hash:
                raise StudentError(
                    f"{folder}: the weights are gone, or are not as they were saved. Restore the "
                    "folder, or choose another iteration.",
                    "A checkpoint is damaged",
                )
            seat.restore(folder)
        self._student = seat.student
        if complaint := self._student.form.complaint:
            bench.tell(f"asked in plain text, not as a chat: {complaint}")
        shots = make_shots(
            bench.task,
            self._decoding.shots,
            self_improving=self._decoding.prompt_only,
            exclude=[question.question for question in bench.questions],
        )
        self._prefix = as_prefix(shots, bench.task.hint)

    def answer(self) -> None:
        """Answer what is not answered yet, batch by batch, each stored in one transaction."""
        decoding, bench = self._decoding, self._bench
        sampler = self._sampler(decoding.temperature)
        there = bench.answered()
        for batch in self._batches():
            if batch[0].position in there:
                continue
            began = time.monotonic()
            rollouts = roll_out(
                sampler,
                [self._prefix + question.question for question in batch],
                [self._seed(question) for question in batch],
                bench.task.hint,
                max_updates=decoding.max_updates,
                max_attempt_tokens=decoding.max_attempt_tokens,
                examples="" if decoding.prompt_only else None,
            )
            answers = [
                scored(bench.task, question, _parts(rollout), str(rollout.end), rollout.tokens)
                for question, rollout in zip(batch, rollouts, strict=True)
            ]
            bench.keep(answers, time.monotonic() - began)

    def vote(self, votes: int, temperature: float) -> None:
        """Draw independent first attempts, round by round, until they have taken the tokens that
        the answers have, ``votes`` of each question at most."""
        bench = self._bench
        sampler = self._sampler(temperature)
        for sample in range(votes):
            if bench.votes_are_enough(temperature, sample):
                return
            there = bench.voted(temperature, sample)
            for batch in self._batches():
                if batch[0].position in there:
                    continue
                written = first_attempts(
                    sampler,
                    [self._prefix + question.question for question in batch],
                    [self._seed(question, "vote", sample) for question in batch],
                    bench.task.hint,
                    self._decoding.max_attempt_tokens,
                )
                bench.keep_votes(
                    temperature,
                    [
                        voted(bench.task, q, sample, g.text.strip("\n"), g.tokens)
                        for q, g in zip(batch, written, strict=True)
                    ],
                )

    def _seed(self, question: EvalQuestion, *more: object) -> int:
        """A question's own seed; greedily all have that of a run's evaluation."""
        if not self._decoding.temperature and not more:
            return 0
        return item_seed(self._decoding.seed, question.question, *more)

    def _batches(self) -> list[list[EvalQuestion]]:
        """The batches of a run's evaluation: what is written depends on them, if only by
        rounding."""
        bench = self._bench
        items = [
            Item(
                task=bench.task.name,
                split=Split.TEST,
                subtask=Subtask.SEEN,
                question=question.question,
                answer=question.answer,
                rationale="",
                id=question.position,
            )
            for question in bench.questions
        ]
        batches = batches_of(items, self._decoding.batch_size)
        return [[bench.questions[item.id] for item in batch] for batch in batches]

    def _sampler(self, temperature: float) -> TextGenerator:
        return text_generator(
            self._student,
            self._settings.student,
            temperature,
            on_backoff=self._tell_of_memory,
        )

    def _tell_of_memory(self, event: OutOfMemory) -> None:
        self._bench.tell(
            f"memory ran out with {event.rows} texts at once; it goes on with fewer. A lower "
            "--batch-size saves the time that this costs"
        )


def _parts(rollout: Rollout) -> Sequence[str]:
    """What was written, in turn: attempt, feedback, update and so on."""
    parts: list[str] = []
    for turn, attempt in zip(rollout.trajectory.turns, rollout.attempts, strict=True):
        parts.append(attempt)
        if turn.feedback_text is not None:
            parts.append(turn.feedback_text)
    return parts


def _loadable(settings: Settings, kind: ModelKind, task: str) -> Settings:
    """Return settings to load a student by that is only asked."""
    student = settings.student
    if kind is ModelKind.RUN or student.path == EMBEDDED or student.adapter != "auto":
        return settings
    if fetch_student(student, task).adapter is not None or student.quantisation == "nf4":
        return settings
    if choose_device(student.device).type != "cpu":
        # An untrained adapter changes nothing, and leaves the weights in half precision.
        return settings
    full = student.model_copy(update={"adapter": "full"})
    return settings.model_copy(update={"student": full})
