"""One engine per project: the lock, and who holds it.

The lock is the operating system's, so it goes with its process whatever ends that: a file left
behind by a dead engine is not in the way. Beside it lies a note that tells who holds it. Whether
that process is still the one that wrote the note is told by its pid *and* its start time, as
pids are used again.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil  # type: ignore[import-untyped]
from filelock import FileLock, Timeout

from engine.errors import BusyError, project_error
from engine.files import write_atomically
from engine.project import Project

_START_TOLERANCE_S = 2.0
"""The system's clock is corrected at times, and start times move with it."""


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """Who holds a project's lock. ``started`` is when the process was, in epoch seconds."""

    pid: int
    started: float
    host: str

    @classmethod
    def current(cls) -> Self:
        process = psutil.Process()
        return cls(process.pid, process.create_time(), socket.gethostname())

    @property
    def here(self) -> bool:
        """True when it runs, or ran, on this machine, so that it can be looked at."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """True when this very process is running here; another with its pid does not count."""
        if not self.here:
            return False
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _START_TOLERANCE_S
            return bool(same and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True  # it is there, and somebody else's

    def __str__(self) -> str:
        return f"process {self.pid}" + ("" if self.here else f" on {self.host}")


class EngineLock:
    """The right to be a project's engine, for as long as it is held: ``with EngineLock(p):``."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = FileLock(project.path / ".engine.lock", timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the lock at once, or not. Raises BusyError with the holder's pid, ProjectError."""
        try:
            self._lock.acquire()
        except Timeout:
            raise busy(self._project) from None
        except OSError as error:
            raise project_error(self._project.path, error) from error
        me = EngineProcess.current()
        note = {"pid": me.pid, "process_started": me.started, "host": me.host}
        try:
            write_atomically(_note_path(self._project), json.dumps(note) + "\n")
        except OSError as error:
            self._lock.release()
            raise project_error(self._project.path, error) from error

    def release(self) -> None:
        """Let go. Doing it twice does no harm."""
        if self._lock.is_locked:
            # Without its note a lock is only less telling; a full disk must not keep it held.
            with suppress(OSError):
                _note_path(self._project).unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def lock_holder(project: Project) -> EngineProcess | None:
    """Who took the lock last and did not let go; it may be dead by now."""
    try:
        note = json.loads(_note_path(project).read_bytes())
        return EngineProcess(int(note["pid"]), float(note["process_started"]), str(note["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def busy(project: Project) -> BusyError:
    """The error that tells a second engine who is at work."""
    holder = lock_holder(project)
    if holder is None:
        return BusyError(f"{project.path}: an engine is just starting or ending there.")
    return BusyError(
        f"{project.path}: an engine ({holder}) is at work there. Watch it with: tripost status "
        f"{project.path}; end it with: tripost stop {project.path}",
        pid=holder.pid,
    )


def _note_path(project: Project) -> Path:
    return project.path / ".engine.json"
