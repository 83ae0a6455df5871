"""Where an evaluation is worked on: its order, its questions, and what is kept of it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from db.evals import EvalQuestion, EvalStore, StoredAnswer, StoredEvaluation, StoredVote
from engine.errors import BusyError
from engine.evals.order import Order, database_of, read_order
from engine.evals.question_sets import open_task, task_version
from engine.evals.scored import scored, voted
from engine.tasks.base import Task

Say = Callable[[dict[str, Any]], None]

_TIMEOUT_S = 60.0
_TOLD_EVERY_S = 0.2


@dataclass(slots=True)
class Bench:
    """An evaluation at work. What it keeps is on disk when the method returns."""

    store: EvalStore
    evaluation: StoredEvaluation
    order: Order
    task: Task
    questions: Sequence[EvalQuestion]
    say: Say
    told_at: float = 0.0

    def tell(self, text: str) -> None:
        """Say what it is about."""
        self.say({"doing": text})

    def answered(self) -> set[int]:
        """Positions of the questions that are answered."""
        there = self.store.answered(self.evaluation.id)
        self._progress(len(there), "answers")
        return there

    def keep(self, answers: Sequence[StoredAnswer], seconds: float) -> None:
        """Store answers, all or none."""
        self.store.add_answers(self.evaluation.id, answers, seconds)
        self._progress(len(self.store.answered(self.evaluation.id)), "answers")

    def voted(self, temperature: float, sample: int) -> set[int]:
        """Positions of the questions that have a sample."""
        there = {
            vote.position
            for vote in self.store.votes(self.evaluation.id, temperature)
            if vote.sample == sample
        }
        self._progress(len(there), f"vote {sample + 1}")
        return there

    def votes_are_enough(self, temperature: float, rounds: int) -> bool:
        """Whether whole rounds of votes have taken all the tokens that the answers have."""
        if not rounds:
            return False
        budget = sum(score.tokens for score in self.store.scores(self.evaluation.id))
        votes = self.store.votes(self.evaluation.id, temperature)
        return sum(vote.tokens for vote in votes if vote.sample < rounds) >= budget

    def keep_votes(self, temperature: float, votes: Sequence[StoredVote]) -> None:
        self.store.add_votes(self.evaluation.id, temperature, votes)
        sample = votes[0].sample
        now = time.monotonic()
        if now - self.told_at > _TOLD_EVERY_S:
            self.voted(temperature, sample)
            self.told_at = now

    def finish(self) -> None:
        """Mark the evaluation as whole, if each question is answered."""
        if len(self.store.answered(self.evaluation.id)) == len(self.questions):
            self.store.set_evaluation(self.evaluation.id, {"finished_at": time.time()})
        if complaints := self.task.complaints():
            self.tell(complaints)

    def score_again(self) -> None:
        """Score what is stored by the task as it is now; nothing is generated."""
        store, at = self.store, self.evaluation.id
        answers = [
            scored(
                self.task,
                self.questions[answer.position],
                answer.parts,
                answer.finish_reason,
                answer.tokens,
                answer.prompt_tokens,
            )
            for answer in store.answers(at)
        ]
        with store.transaction():
            store.add_answers(at, answers)
            for temperature in store.vote_temperatures(at):
                votes = store.votes(at, temperature)
                again = [
                    voted(
                        self.task,
                        self.questions[vote.position],
                        vote.sample,
                        vote.text,
                        vote.tokens,
                    )
                    for vote in votes
                ]
                store.add_votes(at, temperature, again)
            store.set_evaluation(at, {"task_version": task_version(self.order.task)})
        self._progress(len(answers), "answers scored again")

    def _progress(self, done: int, what: str) -> None:
        self.say({"done": done, "total": len(self.questions), "what": what})


@contextmanager
def opened_bench(folder: Path, evaluation_id: int, say: Say) -> Iterator[Bench]:
    """Open an evaluation, for one process at a time.

    Raises:
        BusyError: another process is at work on it.
        StoreError, ConfigError: it cannot be read.
    """
    lock = FileLock(folder / f".eval-{evaluation_id}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            f"{database_of(folder)}: another process is at work on evaluation {evaluation_id}. "
            "Wait for its end.",
            "It is being evaluated already",
        ) from None
    try:
        with EvalStore.open(database_of(folder), timeout_s=_TIMEOUT_S) as store:
            evaluation = store.evaluation(evaluation_id)
            order = read_order(evaluation.spec)
            questions = store.questions(evaluation.test_id)
            with closing(open_task(order.task, order.seen, order.unseen)) as task:
                yield Bench(store, evaluation, order, task, questions, say)
    finally:
        lock.release()


def say_json(said: dict[str, Any]) -> None:
    """Tell whoever started this process."""
    try:
        sys.__stdout__.write(json.dumps(said) + "\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
    except OSError:
        os._exit(0)
