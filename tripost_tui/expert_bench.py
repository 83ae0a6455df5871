"""Experts on planted errors, one after the other: each a row of a comparison.

Replies are recorded as they come, so that what was interrupted goes on without being paid again.
"""

from __future__ import annotations

import math
import statistics
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from engine.expert_settings import SCRIPT, ExpertSettings
from engine.experts.bench import (
    Fbk,
    Imp,
    Score,
    Summary,
    score_feedback,
    score_improve,
    summary,
)
from engine.experts.candidates import Account, opened_candidate
from engine.experts.parallel import in_order
from engine.experts.planting import Planted
from engine.experts.prompts import Prompts
from engine.experts.team import one_at_a_time
from engine.statistics import Share
from engine.tasks.base import Task
from local_experts.accounts import Price
from local_experts.calling import CallBook
from local_experts.errors import ExpertError


@dataclass(frozen=True, slots=True)
class Course:
    """A task with the errors that are planted in it, the same for all experts."""

    task: Task
    prompts: Prompts
    errors: Sequence[Planted]
    seed: int


@dataclass(slots=True)
class Row:
    """What is known of one expert on one task; ``problem`` is why it was not asked to the end.

    It ``is_ending`` while no call is begun any more, and those under way are waited for.
    """

    task: str
    expert: str
    errors: int
    price: Price = field(default_factory=Price)
    account: Account = field(default_factory=Account)
    at_once: int = 1
    replayed: int = 0
    problem: ExpertError | None = None
    is_ending: bool = False
    _scores: dict[int, Score] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, number: int, score: Score) -> None:
        """Take in what became of the error of that number; from any thread."""
        with self._lock:
            self._scores[number] = score

    @property
    def done(self) -> int:
        with self._lock:
            return len(self._scores)

    def scores(self) -> list[Score]:
        """What is there so far, in the order of the errors."""
        with self._lock:
            return [self._scores[number] for number in sorted(self._scores)]

    @property
    def summary(self) -> Summary:
        return summary(self.scores())


@dataclass(frozen=True, slots=True)
class Costs:
    """What an expert's replies took; the means are tokens of a call, None without calls."""

    calls: int
    median_s: float | None
    p90_s: float | None
    prompt_tokens: float | None
    reply_tokens: float | None
    cost: float


def costs_of(row: Row) -> Costs:
    """Count what all replies took when they were made, the replayed ones included."""
    took = row.account.seen()
    if not took:
        return Costs(0, None, None, None, None, 0.0)
    seconds = sorted(one.seconds for one in took)
    read, written = (
        sum(one.prompt_tokens for one in took),
        sum(one.reply_tokens for one in took),
    )
    return Costs(
        calls=len(took),
        median_s=statistics.median(seconds),
        # The nearest rank: a time that some call really took.
        p90_s=seconds[math.ceil(0.9 * len(seconds)) - 1],
        prompt_tokens=read / len(took),
        reply_tokens=written / len(took),
        cost=row.price.cost(read, written),
    )


def run_row(
    row: Row,
    course: Course,
    settings: ExpertSettings | None,
    book: CallBook,
    on_tick: Callable[[], None],
    *,
    unload: bool = False,
) -> None:
    """Ask one expert, or the scripts, about all errors; ``row`` has what is done at any time.

    An expert that fails as a whole ends it, and is told in the row. With ``unload`` a local model
    leaves its memory to the next. What is under way when a person interrupts is waited for.
    """
    cancelled = threading.Event()
    scripts = one_at_a_time(course.task, threading.Lock())

    def all_asked(of: Callable[[Planted], tuple[Fbk, Imp]], workers: int) -> None:
        def work(numbered: tuple[int, Planted]) -> None:
            number, planted = numbered
            fbk, imp = of(planted)
            feedback = score_feedback(planted, fbk)
            row.add(number, Score(planted, feedback, score_improve(scripts, planted, imp)))

        def tick() -> None:
            row.is_ending = cancelled.is_set()
            on_tick()

        row.at_once = workers
        for _ in in_order([*enumerate(course.errors)], work, workers, cancelled, tick):
            tick()

    if row.expert == SCRIPT:
        all_asked(lambda _: (scripts.feedback, scripts.improve), 1)
        return
    assert settings is not None
    try:
        with opened_candidate(
            row.expert, settings, course.prompts, book, cancelled, row.price
        ) as asked:
            row.account = asked.account
            expert = asked.caller.expert
            expert.facts()
            try:
                all_asked(
                    lambda planted: (
                        asked.fbk(planted.item, course.seed),
                        asked.imp(planted.item, course.seed),
                    ),
                    expert.most_at_once,
                )
            finally:
                row.replayed = asked.caller.traffic.replayed
            if unload and expert.is_local:
                with suppress(ExpertError):
                    expert.unload()
    except ExpertError as error:
        row.problem = error


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The best first: by how often the wrong step is named, then by what is put right."""
    return sorted(rows, key=lambda row: (*(-value for value in _merit(row)), row.expert))


def alike(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Which rows cannot be told apart by the step that they name: their intervals overlap."""
    shares = [step_share(row) for row in rows]
    return [
        (first, second)
        for first in range(len(rows))
        for second in range(first + 1, len(rows))
        if shares[first].of and shares[second].of and _overlap(shares[first], shares[second])
    ]


def step_share(row: Row) -> Share:
    """How often the wrong step is named."""
    found = row.summary.feedback
    return Share(0, 0) if found is None else found.step


def _overlap(one: Share, other: Share) -> bool:
    return one.interval.low <= other.interval.high and other.interval.low <= one.interval.high


def _merit(row: Row) -> tuple[float, float]:
    improve = row.summary.improve
    fixed = None if improve is None else improve.fixed.value
    step = step_share(row).value
    return (-1.0 if step is None else step, -1.0 if fixed is None else fixed)
