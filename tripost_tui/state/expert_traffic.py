"""Calls of experts, added up as they come in: how many, how fast, what failed, what it cost."""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.live import CallFacts

RECENT_S = 60.0
"""Seconds over which replies a second are told while calls are made."""
_NOTE = {
    "replayed": re.compile(r", ([0-9]+) replayed"),
    "under_way": re.compile(r", ([0-9]+) under way"),
    "wait_s": re.compile(r", it asked to wait ([0-9]+) s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertRow:
    """One expert in one iteration. Times are seconds; tokens are what servers told.

    ``retries`` are calls that ask again for what failed before; ``replayed`` replies came from
    the record, without a call. ``errors`` are (kind, how often), the most frequent first.
    """

    name: str
    replies: int = 0
    failed: int = 0
    retries: int = 0
    replayed: int = 0
    under_way: int = 0
    wait_s: int = 0
    replies_per_s: float | None = None
    median_s: float | None = None
    p95_s: float | None = None
    read_tokens: int = 0
    written_tokens: int = 0
    cost: float = 0.0
    errors: tuple[tuple[str, int], ...] = ()

    @property
    def calls(self) -> int:
        return self.replies + self.failed


@dataclass(frozen=True, slots=True)
class Spending:
    """What a whole run has spent on experts, and what it may; a ceiling of 0 is none."""

    tokens: int = 0
    cost: float = 0.0
    token_ceiling: int = 0
    cost_ceiling: float = 0.0


@dataclass(slots=True)
class _Sum:
    """One expert's calls in one iteration."""

    replies: int = 0
    failed: int = 0
    retries: int = 0
    read: int = 0
    written: int = 0
    cost: float = 0.0
    first_at: float = 0.0
    last_at: float = 0.0
    seconds: list[float] = field(default_factory=list)
    """Of replies, in order of length."""
    recent: deque[float] = field(default_factory=deque)
    errors: Counter[str] = field(default_factory=Counter)
    failed_keys: set[str] = field(default_factory=set)

    def add(self, call: CallFacts) -> None:
        self.first_at = self.first_at or call.at
        self.last_at = call.at
        self.retries += call.key in self.failed_keys
        self.read += call.prompt_tokens or 0
        self.written += call.reply_tokens or 0
        self.cost += call.cost
        if call.replied:
            self.replies += 1
            self.recent.append(call.at)
            insort(self.seconds, call.seconds)
        else:
            self.failed += 1
            self.failed_keys.add(call.key)
            self.errors[(call.error or "").partition(": ")[0] or "no reply"] += 1

    def per_s(self, now: float) -> float | None:
        """Replies a second of late, or on the whole where there were none of late."""
        while self.recent and self.recent[0] < now - RECENT_S:
            self.recent.popleft()
        if self.recent:
            return len(self.recent) / max(1.0, min(RECENT_S, now - self.first_at))
        span = self.last_at - self.first_at
        return self.replies / span if span > 0 and self.replies else None

    def quantile(self, share: float) -> float | None:
        if not self.seconds:
            return None
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class ExpertTraffic:
    """All calls of a run."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str], _Sum] = {}
        self.tokens = 0
        self.cost = 0.0

    def add(self, call: CallFacts) -> None:
        self._sums.setdefault((call.iteration, call.expert), _Sum()).add(call)
        self.tokens += (call.prompt_tokens or 0) + (call.reply_tokens or 0)
        self.cost += call.cost

    def rows(
        self,
        iteration: int,
        now: float,
        *,
        expected: Sequence[str] = (),
        replayed: Mapping[str, int] | None = None,
        note: str = "",
    ) -> tuple[ExpertRow, ...]:
        """Experts of an iteration: those that are ``expected`` first, then others that were asked.

        ``replayed`` is what was told of the iteration's sessions that have ended; ``note`` is
        what an engine that asks experts just now says.
        """
        asked = [name for at, name in self._sums if at == iteration]
        names = dict.fromkeys((*expected, *asked, *(replayed or {})))
        return tuple(
            self._row(iteration, name, now, (replayed or {}).get(name, 0), noted(note, name))
            for name in names
        )

    def _row(
        self, iteration: int, name: str, now: float, replayed: int, says: Mapping[str, int]
    ) -> ExpertRow:
        one = self._sums.get((iteration, name), _Sum())
        return ExpertRow(
            name=name,
            replies=one.replies,
            failed=one.failed,
            retries=one.retries,
            replayed=replayed + says["replayed"],
            under_way=says["under_way"],
            wait_s=says["wait_s"],
            replies_per_s=one.per_s(now),
            median_s=one.quantile(0.5),
            p95_s=one.quantile(0.95),
            read_tokens=one.read,
            written_tokens=one.written,
            cost=one.cost,
            errors=tuple(one.errors.most_common()),
        )


def noted(note: str, name: str) -> dict[str, int]:
    """What an engine's note says of one expert's calls beside what is stored of them."""
    (said, *_) = [part for part in note.split(" · ") if part.startswith(f"{name}: ")] or [""]
    found = {key: pattern.search(said[len(name) :]) for key, pattern in _NOTE.items()}
    return {key: int(match[1]) if match else 0 for key, match in found.items()}
