"""One process of a script: a line of JSON in, a line of JSON out, within time and memory.

`engine.tasks.own.script_process` starts it, and again after each failure.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.tasks.own import launcher
from engine.tasks.own.problems import shortened

_MOST_REPLY_BYTES = 1_000_000
_KEPT_STDERR_BYTES = 2_048
_CHUNK_BYTES = 65_536
# How long a script that has closed its output may take to end, and how often it is looked at.
_ENDING_S = 3.0
_LOOK_EVERY_S = 0.1


class ScriptFailure(StrEnum):
    MISSING = "does not exist"
    NOT_STARTED = "could not be started"
    TIMED_OUT = "gave no answer in time"
    ENDED = "ended without an answer"
    TOO_LONG = "wrote too long a line"
    NOT_JSON = "wrote what is not a JSON object"
    EXTRA_OUTPUT = "wrote more than one line for one request"
    WRONG_REPLY = "gave an answer of the wrong form"


@dataclass(frozen=True, slots=True)
class ScriptLimits:
    timeout_s: float
    memory_bytes: int = 1 << 30


class Failed(Exception):
    """What happened, before it is known on which question."""

    def __init__(self, failure: ScriptFailure, detail: str = "") -> None:
        super().__init__(failure, detail)
        self.failure, self.detail = failure, detail


class ScriptWorker:
    """One process of a script. Raises `Failed`; it is of no use after that."""

    def __init__(self, folder: Path, name: str, limits: ScriptLimits) -> None:
        script = (folder / name).resolve()
        if not script.is_file():
            raise Failed(ScriptFailure.MISSING, str(script))
        self._home = tempfile.TemporaryDirectory(
            prefix="tripost-script-", ignore_cleanup_errors=True
        )
        command = [sys.executable, "-I", "-X", "utf8", str(launcher.__file__)]
        try:
            self._process = subprocess.Popen(
                [*command, str(limits.memory_bytes), str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=folder,
                env=_environment(self._home.name),
                start_new_session=True,
            )
        except OSError as error:
            self._home.cleanup()
            raise Failed(ScriptFailure.NOT_STARTED, error.strerror or str(error)) from error
        # Also at exit and where nobody calls `end`.
        self._clean_up = weakref.finalize(self, _clean_up, self._process, self._home, os.getpid())
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._said = b""
        self._complaints = b""
        self._count = 0

    def ask(self, request: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        self._take_stdout()
        if self._said:
            raise Failed(ScriptFailure.EXTRA_OUTPUT, shortened(_text(self._said)))
        self._count += 1
        identified = {"id": self._count, **request}
        line = self._exchange(json.dumps(identified).encode() + b"\n", deadline)
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise Failed(ScriptFailure.NOT_JSON, shortened(_text(line)))
        if reply.pop("id", self._count) != self._count:
            raise Failed(ScriptFailure.EXTRA_OUTPUT, "its reply has another request's id")
        return reply

    def _exchange(self, sent: bytes, deadline: float) -> bytes:
        """Write the request while reading, so that neither side waits for the other."""
        unsent = memoryview(sent)
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE)
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stderr, selectors.EVENT_READ)
            while b"\n" not in self._said:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failed(ScriptFailure.TIMED_OUT)
                ready = {key.fd for key, _ in selector.select(min(left, _LOOK_EVERY_S))}
                if self._stdin in ready:
                    unsent = unsent[self._write(unsent) :]
                    if not unsent:
                        selector.unregister(self._stdin)
                if self._stderr in ready and self._take_stderr() == b"":
                    selector.unregister(self._stderr)
                if self._stdout in ready:
                    ended = self._take_stdout() == b""
                else:
                    # A child of the script may hold the pipes open after the script has ended.
                    ended = self._process.poll() is not None and not self._take_stdout()
                if ended:
                    raise Failed(ScriptFailure.ENDED, self._how_it_ended())
        if unsent:
            raise Failed(ScriptFailure.EXTRA_OUTPUT, "before it had read all of the request")
        line, _, self._said = self._said.partition(b"\n")
        return line

    def _write(self, unsent: memoryview) -> int:
        try:
            return os.write(self._stdin, unsent[:_CHUNK_BYTES])
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise Failed(ScriptFailure.ENDED, self._how_it_ended()) from None

    def _take_stdout(self) -> bytes | None:
        """Take in what was written: None if that is nothing, empty at its end."""
        read = _read(self._stdout)
        self._said += read or b""
        if len(self._said.partition(b"\n")[0]) > _MOST_REPLY_BYTES:
            detail = f"more than {_MOST_REPLY_BYTES} bytes, {shortened(_text(self._said[:100]))}"
            raise Failed(ScriptFailure.TOO_LONG, detail)
        return read

    def _take_stderr(self) -> bytes | None:
        read = _read(self._stderr)
        self._complaints = (self._complaints + (read or b""))[-_KEPT_STDERR_BYTES:]
        return read

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        if code == 0:
            return "exit status 0, though it should wait for the next line"
        return f"it was ended by signal {-code}" if code < 0 else f"exit status {code}"

    def end(self) -> str:
        """Kill the process and what it started; return the end of what it wrote to stderr."""
        _kill(self._process)
        self._take_stderr()
        self._clean_up()
        return _text(self._complaints).strip()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _clean_up(
    process: subprocess.Popen[bytes], home: tempfile.TemporaryDirectory[str], owner: int
) -> None:
    if os.getpid() != owner:
        return  # in a fork: it is the other one's process
    _kill(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    home.cleanup()


def _environment(home: str) -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}


def _read(descriptor: int) -> bytes | None:
    """What can be read now: None where that is nothing, empty at the end."""
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except BlockingIOError:
        return None


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
