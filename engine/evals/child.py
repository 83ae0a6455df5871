"""The process of an evaluation seen from who started it; it ends with them."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import RunFailed, TripostError
from engine.process import child_environment

_TAIL_BYTES = 20_000
_TAIL_LINES = 6
_MODULE = "engine.evals"


def work_on(folder: Path, evaluation_id: int, *more: str) -> Iterator[dict[str, Any]]:
    """Start the process, and yield what it tells until it ends; ``more`` are its options.

    Leaving early ends it: what it has stored by then stays.

    Raises:
        TripostError: it failed, with its own title, message and exit code.
    """
    # -P: a folder named engine where the person happens to be must not be taken for ours.
    command = [sys.executable, "-P", "-m", _MODULE, str(folder), str(evaluation_id), *more]
    failure: dict[str, Any] | None = None
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment(),
                # ctrl+c in a terminal is for who started it.
                start_new_session=True,
            )
        except OSError as error:
            raise RunFailed(str(error), "The evaluation's process cannot be started") from error
        try:
            assert process.stdout is not None
            for line in process.stdout:
                try:
                    said = json.loads(line)
                except ValueError:
                    continue  # broken off by its death
                if "error" in said:
                    failure = said
                else:
                    yield said
            code = process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if failure is not None:
            failed = TripostError(str(failure["error"]), str(failure["title"]))
            failed.exit_code = int(failure["code"])
            raise failed
        if code:
            raise RunFailed(_why(code, _last_words(errors)), "The evaluation broke off")


def _why(code: int, said: str) -> str:
    if code == -signal.SIGKILL:
        why = "Its process was killed (signal 9), as the system does where memory runs out."
    elif code < 0:
        why = f"Its process was ended by signal {-code}."
    else:
        why = f"Its process ended with exit code {code}."
    why += " What is stored is kept: the same command goes on from there."
    return f"{why} Its last words:\n{said}" if said else why


def _last_words(errors: Any) -> str:
    size = errors.seek(0, 2)
    errors.seek(max(0, size - _TAIL_BYTES))
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-_TAIL_LINES:])
