"""Records of calls outside of a project: in memory, and in a file that a crash cannot tear."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from local_experts.calling import Call
from local_experts.errors import RecordUnusable
from local_experts.protocol import Finish, Reply

T = TypeVar("T")

_TIMEOUT_S = 30.0
_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, expert TEXT NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL,
    thinking TEXT NOT NULL, finish TEXT NOT NULL, prompt_tokens INTEGER, reply_tokens INTEGER,
    seconds REAL NOT NULL
) WITHOUT ROWID
"""


class MemoryBook:
    """A `local_experts.calling.CallBook` that is gone with its process."""

    def __init__(self) -> None:
        self._replies: dict[str, Reply] = {}

    def find(self, key: str) -> Reply | None:
        return self._replies.get(key)

    def add(self, call: Call) -> None:
        if call.reply is not None:
            self._replies.setdefault(call.key, call.reply)


class FileBook:
    """A `local_experts.calling.CallBook` in a SQLite file, for any threads and processes.

    It holds replies, and neither what was asked nor errors. A reply is on disk when ``add``
    returns. All raise RecordUnusable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._database = self._try(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._database.close()

    def find(self, key: str) -> Reply | None:
        return self._try(lambda: self._find(key))

    def add(self, call: Call) -> None:
        if call.reply is not None:
            self._try(lambda: self._add(call))

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(
            self._path, timeout=_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            # Whatever the defaults of this build: a reply that is paid for is not lost.
            database.execute("PRAGMA synchronous = FULL")
            database.execute(_TABLE)
        except BaseException:
            database.close()
            raise
        return database

    def _find(self, key: str) -> Reply | None:
        wanted = "text, thinking, finish, prompt_tokens, reply_tokens, seconds"
        query = f"SELECT {wanted} FROM replies WHERE key = ?"
        with self._lock, closing(self._database.execute(query, [key])) as rows:
            row = rows.fetchone()
        if row is None:
            return None
        text, thinking, finish, prompt_tokens, reply_tokens, seconds = row
        return Reply(
            text=text,
            thinking=thinking,
            finish=Finish(finish),
            prompt_tokens=prompt_tokens,
            reply_tokens=reply_tokens,
            seconds=seconds,
        )

    def _add(self, call: Call) -> None:
        reply = call.reply
        assert reply is not None
        row = (
            call.key,
            call.expert,
            call.role,
            reply.text,
            reply.thinking,
            str(reply.finish),
            reply.prompt_tokens,
            reply.reply_tokens,
            reply.seconds or call.seconds,
        )
        with self._lock:
            self._database.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            ).close()

    def _try(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except (sqlite3.Error, OSError, ValueError) as error:
            raise RecordUnusable(
                f"{self._path}: {error}. It can be deleted: replies are asked for again then."
            ) from error
