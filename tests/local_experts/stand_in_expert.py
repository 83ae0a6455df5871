"""An expert at the port, for tests of what lies above it: it answers by a function, and counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_experts.calling import Call
from local_experts.protocol import ExpertFacts, OnText, Reply, Request


@dataclass
class StandInExpert:
    """Replies with what ``answer`` returns, or raises what it raises."""

    answer: Callable[[Request], Reply]
    name: str = "stand-in"
    most_at_once: int = 4
    is_local: bool = False
    asked: list[Request] = field(default_factory=list)
    most_seen: int = 0
    unloaded: int = 0
    closed: bool = False
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"back_end": "stand-in", "model": self.name}

    def facts(self) -> ExpertFacts:
        return ExpertFacts()

    def ask(self, request: Request, on_text: OnText | None = None) -> Reply:
        with self._lock:
            self.asked.append(request)
            self._under_way += 1
            self.most_seen = max(self.most_seen, self._under_way)
        try:
            return self.answer(request)
        finally:
            with self._lock:
                self._under_way -= 1

    def unload(self) -> None:
        self.unloaded += 1

    def close(self) -> None:
        self.closed = True


@dataclass
class Notebook:
    """A record of calls in memory."""

    calls: list[Call] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, key: str) -> Reply | None:
        return self.replies.get(key)

    def add(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)
            if call.reply is not None:
                self.replies.setdefault(call.key, call.reply)
