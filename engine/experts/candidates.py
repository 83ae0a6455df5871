"""Language models tried on planted errors outside of a run, just as a run would ask them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.records import Item, Split, Subtask
from engine.config import with_values
from engine.expert_settings import ExpertSettings
from engine.experts.asking import Asking
from engine.experts.bench import Fbk, Imp
from engine.experts.feedback import ExpertFeedback
from engine.experts.improve import ExpertImprove
from engine.experts.planting import Planted, plant
from engine.experts.prompts import Prompts
from engine.experts.team import FEEDBACK, IMPROVE, expert_options
from engine.project import Project
from engine.settings import Settings
from engine.task_setup import PROMPTS, prompt_folders
from engine.tasks.base import Task
from engine.tasks.own import OwnTask
from engine.trajectory import Attempt, Feedback
from local_experts.accounts import Price, tokens_of
from local_experts.calling import CallBook, Caller, Patience
from local_experts.protocol import Expert, Reply, Request


@dataclass(frozen=True, slots=True)
class Took:
    """What one reply took, when it was made; tokens are by characters where no server counts."""

    seconds: float
    prompt_tokens: int
    reply_tokens: int


@dataclass(slots=True)
class Account:
    """What all replies took, those that were replayed included; for any number of threads."""

    replies: list[Took] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, took: Took) -> None:
        with self._lock:
            self.replies.append(took)

    def seen(self) -> list[Took]:
        """What there is so far."""
        with self._lock:
            return list(self.replies)


class CountedCaller(Caller):
    """A caller that keeps an account of each reply."""

    def __init__(self, expert: Expert, book: CallBook, account: Account, **more: Any) -> None:
        super().__init__(expert, book, **more)
        self._account = account

    def ask(self, request: Request, role: str) -> Reply:
        reply = super().ask(request, role)
        self._account.add(Took(reply.seconds, *tokens_of(request, reply)))
        return reply


@dataclass(frozen=True, slots=True)
class Candidate:
    """A language model as FBK and as IMP; ``account`` is what it took."""

    caller: Caller
    settings: ExpertSettings
    prompts: Prompts
    account: Account

    def fbk(self, item: Item, seed: int) -> Fbk:
        """FBK on an attempt at ``item``; it is not shown whether the answer is right."""
        temperature = self.settings.feedback_temperature
        asking = Asking(self.caller, FEEDBACK, temperature, self.settings, seed)
        ask = ExpertFeedback(asking, self.prompts, self._shown(item))

        def fbk(question: str, attempt: Attempt) -> Feedback:
            return ask(question, attempt).feedback

        return fbk

    def imp(self, item: Item, seed: int) -> Imp:
        """IMP on an attempt at ``item``."""
        temperature = self.settings.improve_temperature
        asking = Asking(self.caller, IMPROVE, temperature, self.settings, seed)
        ask = ExpertImprove(asking, self.prompts, self._shown(item))

        def imp(question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
            return ask(question, attempt, feedback).attempt

        return imp

    def _shown(self, item: Item) -> str | None:
        return item.answer if self.settings.show_gold else None


@contextmanager
def opened_candidate(
    name: str,
    settings: ExpertSettings,
    prompts: Prompts,
    book: CallBook,
    cancelled: threading.Event | None = None,
    price: Price | None = None,
) -> Iterator[Candidate]:
    """Open a language model, to be tried for as long as this lasts. Raises an ExpertError."""
    # The clients of some back ends take time to load.
    from local_experts.opening import open_expert

    with closing(open_expert(name, expert_options(settings))) as expert:
        account = Account()
        caller = CountedCaller(
            expert,
            book,
            account,
            price=price or settings.price_of(name),
            patience=Patience(tries=settings.tries),
            cancelled=cancelled,
        )
        yield Candidate(caller, settings, prompts, account)


def settings_for(name: str, base: Settings, **values: Any) -> ExpertSettings:
    """Settings by which one expert does it all; ``values`` are others of the section.

    Raises ConfigError.
    """
    alone = {"feedback": (name,), "improve": (name,), "budget_cost": 0.0, **values}
    changed = {f"experts.{key}": value for key, value in alone.items() if value is not None}
    return with_values(base, changed, "command line").experts


def prompt_places(task: Task, project: Project | None = None) -> Sequence[Path]:
    """The folders in which a person's own prompts for a task may be."""
    if project is not None:
        return prompt_folders(project, task)
    return (task.folder.path / PROMPTS,) if isinstance(task, OwnTask) else ()


def planted_errors(task: Task, count: int, seed: int) -> list[Planted]:
    """Plant errors in questions to train on, which are those that experts see; fewer if need be."""
    drawn = count
    while drawn:
        try:
            items = task.generate(Split.TRAIN, [Subtask.SEEN], drawn, seed)
        except ValueError:  # there are not so many
            drawn //= 2
        else:
            return list(plant(task, items, count, seed))
    return []
