"""Calls that can be relied on: replayed where recorded, else made, retried, counted, recorded.

What is recorded is never paid for again: not by a second run, not after the process was killed.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from local_experts.accounts import Budget, Price, tokens_of
from local_experts.errors import (
    CallFailed,
    ExpertError,
    ExpertRefused,
    ExpertTooSlow,
    NotRecorded,
)
from local_experts.gate import Cancelled, Gate
from local_experts.protocol import Expert, Json, Message, Reply, Request, Role

_KEY_VERSION = 1
"""To be raised when the same request would bring another reply: recorded ones are then void."""

_SHORT = Request(messages=(Message(Role.USER, "Reply with: ok"),), max_tokens=16)
_REQUEST_FIELDS = tuple(field.name for field in fields(Request))

_PRESSED = (429, 503)
"""Statuses by which a server says that it has too much to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that was made: the reply, or the error in place of one."""

    key: str
    role: str
    expert: str
    request: Json
    reply: Reply | None
    error: str | None
    seconds: float
    cost: float


class CallBook(Protocol):
    """Where calls are recorded; asked by several threads at once."""

    def find(self, key: str) -> Reply | None:
        """The recorded reply to what ``key`` stands for."""
        ...

    def add(self, call: Call) -> None:
        """Record a call; it is on disk when this returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a call is tried.

    ``tries`` in all; a server that says that it is pressed is asked again for ``pressed_s``
    seconds without that counting. The pause after a failure begins with ``backoff_s`` and
    doubles, up to ``longest_pause_s``; a server's own wish to wait is granted.
    """

    tries: int = 6
    pressed_s: float = 900.0
    backoff_s: float = 0.5
    longest_pause_s: float = 30.0


@dataclass(slots=True)
class Traffic:
    """What calls to an expert are up to, for people who watch."""

    replies: int = 0
    replayed: int = 0
    failed: int = 0
    under_way: int = 0
    pieces: int = 0
    """Pieces of text that came in so far: it lives as long as this grows."""
    seconds: float = 0.0
    last_error: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **changes: float) -> None:
        with self._lock:
            for name, change in changes.items():
                setattr(self, name, getattr(self, name) + change)


def request_key(identity: Json, request: Request) -> str:
    """SHA-256 in hex of all that a reply depends on."""
    said = [_KEY_VERSION, dict(identity), request_json(request)]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _storable(reply: Reply) -> Reply:
    """A reply as it will be replayed: a lone surrogate, which no file can hold, as its escape."""
    text, thinking = (
        part if part.isascii() else part.encode(errors="backslashreplace").decode()
        for part in (reply.text, reply.thinking)
    )
    return replace(reply, text=text, thinking=thinking)


def request_json(request: Request) -> dict[str, Any]:
    """A request as JSON values."""
    # Not `asdict`, which copies all of a schema and takes ten times as long.
    values = {name: getattr(request, name) for name in _REQUEST_FIELDS}
    values["messages"] = [{"role": m.role, "content": m.content} for m in request.messages]
    return values


class Caller:
    """Calls to one expert, from any number of threads.

    With ``offline`` no call is made: what is not recorded raises NotRecorded.
    """

    def __init__(
        self,
        expert: Expert,
        book: CallBook,
        *,
        budget: Budget | None = None,
        price: Price | None = None,
        patience: Patience | None = None,
        offline: bool = False,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.expert = expert
        self.traffic = Traffic()
        self._book = book
        self._budget = budget or Budget()
        self._price = price or Price()
        self._patience = patience or Patience()
        self._offline = offline
        self._cancelled = cancelled or threading.Event()
        self.gate = Gate(expert.most_at_once, self._cancelled)
        self._flights: dict[str, Future[Reply]] = {}
        self._lock = threading.Lock()

    def ask(self, request: Request, role: str) -> Reply:
        """The reply to a request; ``role`` says in the record what the expert is asked as.

        Who asks for what is being asked already waits for that reply. Raises PromptTooLong or
        CallFailed where this cannot be answered, and for all that cannot another ExpertError,
        BudgetReached, NotRecorded, or Cancelled.
        """
        key = request_key(self.expert.identity, request)
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not leads:
            return flight.result()
        try:
            reply = self._replayed(key) or self._made(key, request, role)
        except BaseException as error:
            if isinstance(error, ExpertError):
                error.expert = self.expert.name
            flight.set_exception(error)
            raise
        else:
            flight.set_result(reply)
            return reply
        finally:
            with self._lock:
                del self._flights[key]

    def _replayed(self, key: str) -> Reply | None:
        reply = self._book.find(key)
        if reply is not None:
            self.traffic.add(replayed=1)
        return reply

    def _made(self, key: str, request: Request, role: str) -> Reply:
        if self._offline:
            raise NotRecorded(f"{self.expert.name} was never asked for this {role}.")
        since = time.monotonic()
        failures = 0
        while True:
            self._budget.check()
            try:
                return self._try(key, request, role)
            except ExpertError as error:
                pressed = isinstance(error, ExpertRefused) and error.status in _PRESSED
                patient = pressed and time.monotonic() - since < self._patience.pressed_s
                failures += not patient
                self.traffic.last_error = error.title
                if not error.transient:
                    raise
                if failures >= self._patience.tries:
                    if self._answers_others():
                        raise CallFailed(f"{failures} tries: {error}") from error
                    raise
                asked_to_wait = error.retry_after_s if isinstance(error, ExpertRefused) else None
                pause = min(
                    self._patience.backoff_s * 2 ** max(0, failures - 1),
                    self._patience.longest_pause_s,
                )
                # Uneven, so that those who failed together do not come back together. The gate is
                # closed for as long as the server wished.
                if not asked_to_wait and self._cancelled.wait(pause * random.uniform(0.5, 1)):
                    raise Cancelled from error

    def _answers_others(self) -> bool:
        """Tell by a short question whether it is the request that fails, or the expert."""
        try:
            with self.gate.turn():
                self.expert.ask(_SHORT)
        except ExpertError:
            return False
        return True

    def _try(self, key: str, request: Request, role: str) -> Reply:
        with self.gate.turn() as turn:
            reply: Reply | None = None
            failure: ExpertError | None = None
            self.traffic.add(under_way=1)
            began = time.monotonic()
            try:
                reply = _storable(self.expert.ask(request, self._heard))
            except ExpertError as error:
                failure = error
                if isinstance(error, ExpertTooSlow):
                    turn.was_pressed()
                elif isinstance(error, ExpertRefused) and error.status in _PRESSED:
                    turn.was_pressed(min(error.retry_after_s or 0.0, self._patience.pressed_s))
            else:
                turn.went_well()
            finally:
                self.traffic.add(under_way=-1)
            seconds = time.monotonic() - began
        cost = 0.0
        if reply is not None:
            read, written = tokens_of(request, reply)
            cost = self._price.cost(read, written)
            self._budget.spend(read + written, cost)
        self._book.add(
            Call(
                key=key,
                role=role,
                expert=self.expert.name,
                request=request_json(request),
                reply=reply,
                error=str(failure) if failure else None,
                seconds=seconds,
                cost=cost,
            )
        )
        if reply is None:
            assert failure is not None
            self.traffic.add(failed=1)
            raise failure
        self.traffic.add(replies=1, seconds=seconds)
        return reply

    def _heard(self, _length: int) -> None:
        self.traffic.add(pieces=1)
