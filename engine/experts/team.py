"""Everyone who corrects attempts in a run, put together as the settings say."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from db.records import Item
from db.store import Store
from engine.editing import Editor, FeedbackModule, ImproveModule, Limits
from engine.expert_settings import SCRIPT, ExpertSettings
from engine.experts.asking import Asking
from engine.experts.chain import FeedbackChain, ImproveChain
from engine.experts.feedback import ExpertFeedback, GoldFirst
from engine.experts.improve import ExpertImprove
from engine.experts.prompts import Prompts
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.settings import Settings
from engine.tasks.base import Task
from local_experts.accounts import Budget
from local_experts.calling import CallBook, Caller, Patience
from local_experts.options import ExpertOptions

FEEDBACK, IMPROVE, ATTEMPT = "feedback", "improve", "attempt"
"""What experts are asked as, in the record of their calls."""

_BACKOFF_S = 0.5
"""Pause after a first failure, which doubles from one to the next."""

_THINKING = {"auto": None, "on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Team:
    """FBK and IMP of a run: scripts, language models, or chains of both.

    ``cancelled`` calls off what waits; ``callers`` are the language models by name. Editors may be
    used by several threads; scripts, which are not made for that, are asked one at a time.
    """

    task: Task
    settings: Settings
    prompts: Prompts | None = None
    callers: dict[str, Caller] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def workers(self) -> int:
        """Attempts that are worth editing at once.

        More than there are calls at once: while some are being recorded, read and judged, others
        take their turn at the gate.
        """
        most = sum(caller.expert.most_at_once for caller in self.callers.values())
        return most + (most + 3) // 4 + 1 if most else 0

    @property
    def scripts(self) -> Task:
        """The task for any of the threads."""
        return one_at_a_time(self.task, self._lock)

    def editor(self, item: Item, seed: int) -> Editor:
        """Return who corrects an attempt at a question; ``seed`` is the attempt's."""
        experts = self.settings.experts
        fbk = [(name, self._feedback(name, item, seed)) for name in experts.feedback]
        imp = [(name, self._improve(name, item, seed)) for name in experts.improve]
        limits = Limits(updates=self.settings.collect.max_updates)
        keep_failed = self.settings.collect.keep_failed
        return Editor(FeedbackChain(fbk), ImproveChain(imp), limits, keep_failed)

    def _feedback(self, name: str, item: Item, seed: int) -> FeedbackModule:
        scripts = self.scripts
        if name == SCRIPT:
            return ScriptedFeedback(scripts, self.settings.collect.show_working)
        asking = self._asking(name, FEEDBACK, self.settings.experts.feedback_temperature, seed)
        assert self.prompts is not None
        expert = ExpertFeedback(asking, self.prompts, self._shown(item))
        return GoldFirst(scripts, item.answer, expert, self.settings.experts.check_right)

    def _improve(self, name: str, item: Item, seed: int) -> ImproveModule:
        if name == SCRIPT:
            return ScriptedImprove(self.scripts)
        asking = self._asking(name, IMPROVE, self.settings.experts.improve_temperature, seed)
        assert self.prompts is not None
        return ExpertImprove(asking, self.prompts, self._shown(item))

    def solver(self, name: str, seed: int) -> Asking:
        """Return how a language model is asked for attempts of its own."""
        return self._asking(name, ATTEMPT, self.settings.experts.improve_temperature, seed)

    def _asking(self, name: str, role: str, temperature: float, seed: int) -> Asking:
        return Asking(self.callers[name], role, temperature, self.settings.experts, seed)

    def _shown(self, item: Item) -> str | None:
        return item.answer if self.settings.experts.show_gold else None


def one_at_a_time(task: Task, lock: threading.Lock) -> Task:
    """Return the task for use by several threads; ``lock`` is held while it is asked."""
    return cast("Task", _OneAtATime(task, lock))


class _OneAtATime:
    """A task for several threads: its scripts may be processes that answer one line at a time."""

    def __init__(self, task: Task, lock: threading.Lock) -> None:
        self._task, self._lock = task, lock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._task, name)
        if not callable(found):
            return found

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return found(*args, **kwargs)

        return locked


def expert_options(settings: ExpertSettings) -> ExpertOptions:
    """Return what the back ends are to know of the settings."""
    return ExpertOptions(
        context_tokens=settings.context_tokens,
        timeout_s=settings.timeout_s,
        thinking=_THINKING[settings.thinking],
        concurrency=settings.concurrency,
        gpu_layers=settings.gpu_layers,
    )


def spent(store: Store, run_id: int, settings: ExpertSettings) -> Budget:
    """Return the run's budget, with what it has spent so far."""
    accounts = store.expert_accounts(run_id)
    return Budget(
        settings.budget_tokens,
        settings.budget_cost,
        spent_tokens=sum(a.prompt_tokens + a.reply_tokens for a in accounts),
        spent_cost=sum(a.cost for a in accounts),
    )


@contextmanager
def open_callers(
    names: Sequence[str],
    settings: ExpertSettings,
    book: CallBook,
    budget: Budget,
    cancelled: threading.Event,
) -> Iterator[dict[str, Caller]]:
    """Open the named experts, as the settings say, and close them in the end.

    Raises an ExpertError.
    """
    # The clients of some back ends take time to load, and a run with scripts needs none.
    from local_experts.opening import open_expert

    with ExitStack() as stack:
        callers = {}
        for name in names:
            expert = stack.enter_context(closing(open_expert(name, expert_options(settings))))
            callers[name] = Caller(
                expert,
                book,
                budget=budget,
                price=settings.price_of(name),
                patience=Patience(tries=settings.tries, backoff_s=_BACKOFF_S),
                offline=settings.offline,
                cancelled=cancelled,
            )
        yield callers
