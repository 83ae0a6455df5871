"""An expert on a test: asked by messages to think step by step and, if wanted, to improve itself.

It writes what a student would (attempt, feedback, updated attempt, in the same form), so that both
are read and scored by the same code. What is wrong with the form costs the strict answer alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from db.evals import EvalQuestion
from db.records import Split, Subtask
from engine.evals.bench import Bench
from engine.evals.scored import scored, voted
from engine.evals.shots import make_shots
from engine.experts.team import open_callers
from engine.scoring import RolloutEnd
from engine.seeds import item_seed
from engine.tasks.base import Task
from engine.trajectory import (
    ANSWER_PREFIX,
    FEEDBACK_PREFIX,
    UPDATE_PREFIX,
    Trajectory,
    parse_attempt,
    parse_feedback,
)
from local_experts.accounts import Budget, tokens_of
from local_experts.books import FileBook
from local_experts.calling import Caller
from local_experts.errors import CallFailed, ExpertError, ExpertRefused, PromptTooLong
from local_experts.protocol import Finish, Message, Request, Role

ROLE = "evaluation"
NOT_ANSWERED = "not answered"
"""Begins the end of an answer where the expert could not be asked this question."""

_OF_THE_REQUEST = (200, 400, 413, 422)
_BOOK = "expert-replies.db"

_SYSTEM = (
    "You solve problems step by step. Write numbered steps, each on a line of its own that begins "
    "with its number in parentheses, as in (1), (2). End with a line that states the answer alone, "
    "in exactly this form:\n(Final response) {stated}"
)
_FEEDBACK = (
    "Check your last answer step by step. Reply in one line. If every step and the final response "
    "are correct, reply exactly:\nSteps (1) to (n) are correct. The final response is also "
    "correct.\nElse name the first error in exactly this form:\n"
    'In step (k) the part "..." is incorrect. This is because ....'
)
_UPDATE = "Write the updated answer: the whole solution again, in the same form as before."


@dataclass(slots=True)
class _Chat:
    """One question's conversation, and what it took."""

    messages: list[Message]
    parts: list[str]
    seed: int
    tokens: int = 0
    prompt_tokens: int = 0
    end: str = ""


class ExpertOnBench:
    """An expert that answers a test's questions."""

    def __init__(self, bench: Bench, caller: Caller) -> None:
        """Raises ConfigError where the task has not the examples that are wanted."""
        self._bench = bench
        self._caller = caller
        self._decoding = bench.order.decoding
        shots = make_shots(
            bench.task,
            self._decoding.shots,
            self_improving=self._improves,
            exclude=[question.question for question in bench.questions],
        )
        self._beginning = (
            Message(Role.SYSTEM, _SYSTEM.format(stated=_stated(bench.task))),
            *self._shown(shots),
        )

    @property
    def _improves(self) -> bool:
        return self._decoding.prompt_only and self._decoding.max_updates > 0

    def answer(self) -> None:
        """Answer what is not answered yet, each answer stored as it comes.

        Raises:
            ExpertError: the expert as a whole cannot be asked.
        """
        bench = self._bench
        there = bench.answered()
        waiting = [q for q in bench.questions if q.position not in there]
        began = time.monotonic()
        for question, chat in self._at_once(waiting, self._converse):
            answer = scored(
                bench.task, question, chat.parts, chat.end, chat.tokens, chat.prompt_tokens
            )
            now = time.monotonic()
            bench.keep([answer], now - began)
            began = now

    def vote(self, votes: int, temperature: float) -> None:
        """Draw independent attempts, as `engine.evals.students.StudentOnBench.vote` does."""
        bench = self._bench
        for sample in range(votes):
            if bench.votes_are_enough(temperature, sample):
                return
            there = bench.voted(temperature, sample)

            def attempt(question: EvalQuestion, sample: int = sample) -> _Chat:
                chat = self._chat(question, "vote", sample)
                self._say(chat, temperature)
                return chat

            waiting = [q for q in bench.questions if q.position not in there]
            for question, chat in self._at_once(waiting, attempt):
                text = chat.parts[0] if chat.parts else ""
                vote = voted(bench.task, question, sample, text, chat.tokens)
                bench.keep_votes(temperature, [vote])

    # --- one question ---------------------------------------------------------------------------

    def _shown(self, shots: Sequence[Trajectory]) -> Iterator[Message]:
        for shot in shots:
            yield self._asked(shot.question)
            for number, turn in enumerate(shot.turns):
                if number:
                    yield Message(Role.USER, _UPDATE)
                yield Message(Role.ASSISTANT, turn.attempt.text)
                if self._improves and turn.feedback_text is not None:
                    yield Message(Role.USER, _FEEDBACK)
                    yield Message(Role.ASSISTANT, turn.feedback_text)

    def _asked(self, question: str) -> Message:
        instruction = ANSWER_PREFIX.partition(" ")[2] + self._bench.task.hint
        return Message(Role.USER, f"{question}\n\n{instruction}")

    def _chat(self, question: EvalQuestion, *more: object) -> _Chat:
        seed = item_seed(self._decoding.seed, question.question, *more)
        return _Chat([*self._beginning, self._asked(question.question)], [], seed)

    def _converse(self, question: EvalQuestion) -> _Chat:
        chat = self._chat(question)
        decoding = self._decoding
        if not self._say(chat, decoding.temperature):
            return chat
        if not self._improves:
            chat.end = RolloutEnd.NO_FEEDBACK
        while not chat.end:
            chat.messages.append(Message(Role.USER, _FEEDBACK))
            if not self._say(chat, decoding.temperature):
                break
            said = parse_feedback(chat.parts[-1])
            if said is not None and said.is_correct:
                chat.end = RolloutEnd.SATISFIED
            elif len(chat.parts) // 2 > decoding.max_updates:
                chat.end = RolloutEnd.MAX_UPDATES
            else:
                chat.messages.append(Message(Role.USER, _UPDATE))
                if self._say(chat, decoding.temperature) and chat.parts[-1] == chat.parts[-3]:
                    chat.end = RolloutEnd.UNCHANGED
        return chat

    def _say(self, chat: _Chat, temperature: float) -> bool:
        """Have the expert reply; False where the conversation ends with that."""
        request = Request(
            messages=tuple(chat.messages),
            temperature=temperature,
            seed=(chat.seed + len(chat.parts)) % 2**31 if temperature else 0,
            max_tokens=self._decoding.max_attempt_tokens,
        )
        try:
            reply = self._caller.ask(request, ROLE)
        except (PromptTooLong, CallFailed) as error:
            return self._failed(chat, error)
        except ExpertRefused as error:
            if error.status in _OF_THE_REQUEST:
                return self._failed(chat, error)
            raise
        read, written = tokens_of(request, reply)
        chat.tokens += written
        chat.prompt_tokens += read
        text = _without_marker(reply.text)
        # Some templates take no empty message.
        chat.messages.append(Message(Role.ASSISTANT, text or "(nothing)"))
        chat.parts.append(text)
        if reply.finish is Finish.LENGTH:
            chat.end = RolloutEnd.TOO_LONG
        return not chat.end

    def _failed(self, chat: _Chat, error: ExpertError) -> bool:
        if not chat.parts:
            chat.parts.append("")
        chat.end = f"{NOT_ANSWERED}: {error.title}"
        return False

    # --- many questions -------------------------------------------------------------------------

    def _at_once(
        self, questions: Sequence[EvalQuestion], ask: Callable[[EvalQuestion], _Chat]
    ) -> Iterator[tuple[EvalQuestion, _Chat]]:
        """Ask as many questions at a time as the expert takes; yield them as they are answered."""
        most = max(1, self._caller.expert.most_at_once)
        waiting = iter(questions)
        going: dict[Future[_Chat], EvalQuestion] = {}
        with ThreadPoolExecutor(most, "expert") as pool:
            try:
                while True:
                    while len(going) < most and (question := next(waiting, None)) is not None:
                        going[pool.submit(ask, question)] = question
                    if not going:
                        return
                    done, _ = wait(going, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield going.pop(future), future.result()
            except BaseException:
                for future in going:
                    future.cancel()
                raise


def _stated(task: Task) -> str:
    """Return how the task has an answer X stated, as its rationales do it."""
    with suppress(ValueError):
        for item in task.generate(Split.TRAIN, (Subtask.SEEN,), 1, 1):
            said = parse_attempt(item.rationale).final_response
            if said and item.answer in said:
                return said.replace(item.answer, "X")
    return "So the answer is X."


def _without_marker(text: str) -> str:
    """Return a reply without what introduces it in a trajectory, where a model repeats that."""
    text = text.replace("\r\n", "\n").strip()
    for marker in (UPDATE_PREFIX, ANSWER_PREFIX, FEEDBACK_PREFIX, "Updated Answer:", "Answer:"):
        text = text.removeprefix(marker).strip()
    return text


@contextmanager
def expert_on_bench(bench: Bench, folder: Path) -> Iterator[ExpertOnBench]:
    """Open the expert of an order; replies are kept in a folder, so that none is paid for twice.

    Raises:
        ExpertError: it cannot be used.
    """
    order = bench.order
    name = str(order.identity["expert"])
    experts = order.settings.experts
    budget = Budget(experts.budget_tokens, experts.budget_cost)
    cancelled = threading.Event()
    with (
        FileBook(folder / _BOOK) as book,
        open_callers([name], experts, book, budget, cancelled) as callers,
    ):
        caller = callers[name]
        bench.tell(f"looking for {name}")
        caller.expert.facts()
        yield ExpertOnBench(bench, caller)
