"""A Playground's process seen from who started it: asked by lines, heard in a thread, ended.

It ends when its stdin does, so that it cannot outlive whoever holds the other end, however that
ends.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from engine.ended import why_ended
from engine.errors import StudentError
from engine.play.messages import Ended, Event, Failed, Request, Unreadable, encode, read_event
from engine.process import child_environment

_PATIENCE_S = 5.0

DIED = "The model's process ended unexpectedly"


class PlayProcess:
    """Starts the process at once; its events can be taken from any thread.

    The last event is always `Ended`.
    """

    def __init__(
        self, project: Path, run_id: int | None = None, command: Sequence[str] | None = None
    ) -> None:
        """``command`` replaces ``python -m engine.play DIR``.

        Raises:
            StudentError: the process cannot be started.
        """
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._fatal: Failed | None = None
        self._closed = False
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at its end
        try:
            self._process = subprocess.Popen(
                command or _command(project, run_id),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=child_environment(),
                # ctrl+c in a terminal is for who started it.
                start_new_session=True,
            )
        except OSError as error:
            self._errors.close()
            raise StudentError(f"{error}", "The model's process cannot be started") from error
        # Written in a thread: a pipe takes 64 kB, a question may have a megabyte.
        for work in (self._write, self._read):
            threading.Thread(target=work, name=f"play {self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone; its last events may still wait to be taken."""
        return self._process.poll() is not None

    def send(self, request: Request) -> None:
        """Ask something; where it has ended that is without effect."""
        self._requests.put(encode(request))

    def next(self, timeout_s: float | None = None) -> Event | None:
        """Wait for the next event; None where none comes in time. After `Ended` there is none."""
        with contextlib.suppress(queue.Empty):
            return self._events.get(timeout=timeout_s)
        return None

    def waiting(self, most: int = 2000) -> list[Event]:
        """Take the events that are there, without waiting."""
        found: list[Event] = []
        with contextlib.suppress(queue.Empty):
            while len(found) < most:
                found.append(self._events.get_nowait())
        return found

    def close(self) -> None:
        """Have it end now; what it was at is lost. Returns at once."""
        if not self._closed:
            self._closed = True
            # It may be deep in its libraries, where it hears nothing.
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._requests.put(None)

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        # A broken pipe is told by the reader, from the other end.
        with contextlib.suppress(OSError):
            while (line := self._requests.get()) is not None:
                pipe.write(line)
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe:
            for line in pipe:
                try:
                    event = read_event(line)
                except Unreadable:
                    continue  # a line broken off by its death, or another version's
                if isinstance(event, Failed) and event.fatal:
                    self._fatal = event
                self._events.put(event)
        try:
            code = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            # It has closed its stdout, and is of no use any more.
            self._process.kill()
            code = self._process.wait()
        ended = self._ended(code)
        with self._errors:
            self._events.put(ended)
        self._requests.put(None)

    def _ended(self, code: int) -> Ended:
        if self._closed or code == 0:
            return Ended()
        if self._fatal is not None:
            return Ended(
                title=self._fatal.title,
                message=self._fatal.message,
                exit_code=self._fatal.exit_code,
            )
        return Ended(
            title=DIED,
            message=why_ended(code, self._errors),
            exit_code=StudentError.exit_code,
        )


def _command(project: Path, run_id: int | None) -> list[str]:
    # -P: a folder named engine where the person happens to be must not be taken for ours.
    command = [sys.executable, "-P", "-m", "engine.play", str(project)]
    return [*command, *(["--run", str(run_id)] if run_id is not None else [])]
