"""The engine as a process: started so that it outlives whoever started it, seen from outside.

The lock is `engine.lock`, the view from outside `engine.run_view`.
"""

from __future__ import annotations

import os
import site
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

import engine
from engine.errors import (
    BusyError,
    ConfigError,
    ProjectError,
    RunFailed,
    StudentError,
    TripostError,
    project_error,
)
from engine.lock import EngineLock, EngineProcess, busy, lock_holder
from engine.project import Project
from engine.readiness import check_ready
from engine.run_view import (
    SILENT_AFTER_S,
    EngineState,
    RunView,
    age_text,
    engine_state,
    run_view,
)

__all__ = [
    "SILENT_AFTER_S",
    "START_TIMEOUT_S",
    "EngineLock",
    "EngineProcess",
    "EngineState",
    "RunView",
    "age_text",
    "busy",
    "child_environment",
    "engine_state",
    "lock_holder",
    "run_view",
    "spawn_engine",
]

START_TIMEOUT_S = 60.0
"""How long an engine may take until it has the lock: slow disks, cold caches."""

_LOG_LIMIT_BYTES = 5_000_000
_TAIL_LINES = 15
_ERRORS: tuple[type[TripostError], ...] = (ConfigError, ProjectError, StudentError, BusyError)


def spawn_engine(
    project: Project,
    command: Sequence[str] | None = None,
    timeout_s: float = START_TIMEOUT_S,
    *,
    new: bool = False,
    offline: bool = False,
) -> int:
    """Start the project's engine detached; return its pid once it holds the lock.

    Its output goes to ``logs/engine.log``. ``command`` replaces ``python -m engine run DIR``.
    ``new`` starts another run instead of taking up the last one. With ``offline`` no expert is
    called, whatever the settings say.
    Raises BusyError when an engine is at work there already, ProjectError, what
    `engine.readiness.check_ready` raises, and, with the end of the log, whatever error the
    engine's exit code stands for (RunFailed for the rest).
    """
    holder = lock_holder(project)
    if holder is not None and holder.alive:
        raise busy(project)
    project.prepare()
    check_ready(project.offline() if offline else project, new=new)
    log_path = project.logs / "engine.log"
    try:
        with _open_log(log_path) as log:
            begin = log.tell()
            process = _start(command or _command(project, new, offline), log)
    except OSError as error:
        raise project_error(log_path, error) from error
    deadline = time.monotonic() + timeout_s
    while True:
        code = process.poll()
        holder = lock_holder(project)
        if code == 0:
            return process.pid  # it had little to do
        if code is None and holder is not None and _is_child(holder.pid, process.pid):
            _reap_later(process)
            return holder.pid
        if code is not None:
            raise _failure(project, code, _tail(log_path, begin))
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RunFailed(
                f"{project.path}: it did not get to work in {timeout_s:.0f} s and was ended. "
                f"{_log_note(log_path, _tail(log_path, begin))}",
                "The engine did not start",
            )
        time.sleep(0.05)


def _command(project: Project, new: bool, offline: bool) -> list[str]:
    # -P: a folder named engine where the person happens to be must not be taken for ours.
    command = [sys.executable, "-P", "-m", "engine", "run", str(project.path)]
    return [*command, *(["--new"] if new else []), *(["--offline"] if offline else [])]


def child_environment() -> dict[str, str]:
    """Return the environment in which a Python process of ours finds this very package."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    root = str(Path(engine.__file__).parent.parent)
    installed = [*site.getsitepackages(), site.getusersitepackages()]
    if root not in installed:
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def _start(command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=child_environment(),
        start_new_session=True,
        creationflags=flags,
    )


def _open_log(path: Path) -> IO[bytes]:
    """The log to append to; one that has grown long is put aside first."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
        os.replace(path, path.with_suffix(".log.1"))
    log = path.open("ab")
    log.seek(0, os.SEEK_END)
    return log


def _is_child(pid: int, started: int) -> bool:
    """True for the process that was started, or its child: some launchers start another."""
    if pid == started:
        return True
    try:
        return bool(psutil.Process(pid).ppid() == started)
    except psutil.Error:
        return False


def _reap_later(process: subprocess.Popen[bytes]) -> None:
    """Collect the exit code when it comes: an engine that is done must not stay a zombie."""
    threading.Thread(target=process.wait, name=f"engine {process.pid}", daemon=True).start()


def _tail(path: Path, begin: int) -> str:
    try:
        with path.open("rb") as log:
            log.seek(begin)
            text = log.read(_LOG_LIMIT_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-_TAIL_LINES:])


def _log_note(path: Path, tail: str) -> str:
    return f"Its log ({path}) ends:\n{tail}" if tail else f"Its log ({path}) is empty."


def _failure(project: Project, code: int, tail: str) -> TripostError:
    if code == BusyError.exit_code:
        return busy(project)
    kind = next((kind for kind in _ERRORS if kind.exit_code == code), RunFailed)
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    note = _log_note(project.logs / "engine.log", tail)
    return kind(f"{project.path}: the engine {how}. {note}", "The engine did not start")
