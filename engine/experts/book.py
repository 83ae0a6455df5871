"""The record of expert calls in the project's database, for the threads that make them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from db.expert_records import ExpertCall
from db.store import Store
from local_experts.calling import Call
from local_experts.protocol import Finish, Reply

_Job = tuple[Callable[[Store], Reply | None], Future[Reply | None]]


class StoreBook:
    """A `local_experts.calling.CallBook` on a connection of its own, in a thread of its own.

    What waits is stored in one transaction: a commit takes milliseconds, and who asks many
    experts at once would otherwise wait for one after the other. What was never replied is told
    without asking the database: nobody else adds to it, as there is one engine for a project.
    """

    def __init__(self, path: Path, run_id: int, iteration: int, timeout_s: float) -> None:
        self._path, self._timeout_s = path, timeout_s
        self._run_id, self._iteration = run_id, iteration
        # Parts of the keys, which may be many; two with the same part are told apart on disk.
        self._known: set[str] | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="expert-calls", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._jobs.put(None)
        self._thread.join()

    def find(self, key: str) -> Reply | None:
        """Raises StoreError."""
        if self._known is not None and _part(key) not in self._known:
            return None

        def look(store: Store) -> Reply | None:
            found = store.expert_reply(key)
            return None if found is None else _reply(found)

        return self._ask(look)

    def add(self, call: Call) -> None:
        """Raises StoreError."""
        row = self._row(call)

        def keep(store: Store) -> None:
            store.add_expert_calls([row])
            if row.reply is not None and self._known is not None:
                self._known.add(_part(row.key))

        self._ask(keep)

    def _ask(self, act: Callable[[Store], Reply | None]) -> Reply | None:
        done: Future[Reply | None] = Future()
        self._jobs.put((act, done))
        return done.result()

    def _work(self) -> None:
        store: Store | None = None
        try:
            while (job := self._jobs.get()) is not None:
                jobs, ends = [job], False
                while not self._jobs.empty():
                    more = self._jobs.get()
                    if more is None:
                        ends = True
                        break
                    jobs.append(more)
                try:
                    if store is None:
                        store = Store.open(self._path, timeout_s=self._timeout_s)
                        self._known = {_part(key) for key in store.replied_keys()}
                    with store.transaction():
                        replies = [act(store) for act, _ in jobs]
                except BaseException as error:  # noqa: BLE001  # told to those who wait for it
                    for _, done in jobs:
                        done.set_exception(error)
                else:
                    for (_, done), reply in zip(jobs, replies, strict=True):
                        done.set_result(reply)
                if ends:
                    break
        finally:
            if store is not None:
                store.close()

    def _row(self, call: Call) -> ExpertCall:
        reply = call.reply
        return ExpertCall(
            run_id=self._run_id,
            iteration=self._iteration,
            key=call.key,
            role=call.role,
            expert=call.expert,
            request=call.request,
            reply=None if reply is None else reply.text,
            thinking="" if reply is None else reply.thinking,
            finish=None if reply is None else str(reply.finish),
            prompt_tokens=None if reply is None else reply.prompt_tokens,
            reply_tokens=None if reply is None else reply.reply_tokens,
            seconds=call.seconds,
            cost=call.cost,
            error=call.error,
        )


def _part(key: str) -> str:
    return key[:16]


def _reply(call: ExpertCall) -> Reply:
    assert call.reply is not None
    return Reply(
        text=call.reply,
        thinking=call.thinking,
        finish=Finish(call.finish or Finish.STOP),
        prompt_tokens=call.prompt_tokens,
        reply_tokens=call.reply_tokens,
        seconds=call.seconds,
    )
