"""Scripts of the person's own, kept running: one JSON object per line in, one per line out.

This is trusted code, NOT a sandbox: a script can read and write whatever the person can. What
is limited protects from accidents, not from malice: time, memory, output, and which environment
variables it sees (no keys, no tokens).

Requests are ``{"kind": "check" | "feedback" | "improve", …}``; `engine.tasks.own.scripting` says
what is in them and in the replies. A request has an ``id``; a reply that has one too must have
the same. A script must answer each line with exactly one line and flush it; what it wants to
say beyond that belongs on stderr.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from engine.errors import TripostError
from engine.tasks.own.problems import shortened
from engine.tasks.own.script_worker import Failed, ScriptFailure, ScriptLimits, ScriptWorker

__all__ = ["ScriptError", "ScriptFailure", "ScriptLimits", "ScriptProcess"]


class ScriptError(TripostError):
    """A script of the person's failed; the next request starts it anew."""

    title = "A script of the task failed"

    def __init__(self, message: str, failure: ScriptFailure) -> None:
        super().__init__(message)
        self.failure = failure


class ScriptProcess:
    """One script, at work in ``folder``; it starts with the first request and after each failure.

    Threads may share it: requests take turns.
    """

    def __init__(self, folder: Path, name: str, limits: ScriptLimits) -> None:
        self.folder = folder
        self.name = name
        self.limits = limits
        self._lock = threading.Lock()
        self._worker: ScriptWorker | None = None

    @property
    def is_running(self) -> bool:
        return self._worker is not None

    def ask(self, request: Mapping[str, Any], timeout_s: float | None = None) -> dict[str, Any]:
        """Send a request and return the reply; None as ``timeout_s`` is the limits'.

        Raises:
            ScriptError: it names the script, the request's question and what came instead.
        """
        allowed_s = self.limits.timeout_s if timeout_s is None else timeout_s
        with self._lock:
            try:
                if self._worker is None:
                    self._worker = ScriptWorker(self.folder, self.name, self.limits)
                return self._worker.ask(request, time.monotonic() + allowed_s)
            except Failed as failed:
                raise self._error(failed, request, allowed_s) from None
            except BaseException:
                # Interrupted: the reply that is still to come belongs to no other request.
                self._end()
                raise

    def wrong_reply(self, request: Mapping[str, Any], detail: str) -> ScriptError:
        """The error for a reply that does not say what the protocol asks for."""
        with self._lock:
            return self._error(Failed(ScriptFailure.WRONG_REPLY, detail), request)

    def _error(
        self, failed: Failed, request: Mapping[str, Any], allowed_s: float = 0.0
    ) -> ScriptError:
        stderr = self._end()
        what = str(failed.failure)
        if failed.failure is ScriptFailure.TIMED_OUT:
            what = f"gave no answer within {allowed_s:g} s"
        detail = f": {failed.detail}" if failed.detail else ""
        question = shortened(request.get("question", ""))
        message = f"{self.name} {what}{detail}; the question was {question}."
        if stderr:
            message += f" The end of what it wrote to stderr:\n{stderr}"
        return ScriptError(message, failed.failure)

    def close(self) -> None:
        """End the script and whatever it started."""
        with self._lock:
            self._end()

    def _end(self) -> str:
        """End the script if it runs; return the end of what it wrote to stderr."""
        worker, self._worker = self._worker, None
        return worker.end() if worker is not None else ""

    def __enter__(self) -> ScriptProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
