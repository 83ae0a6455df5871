"""The process of an evaluation seen from who started it; it ends with them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.ended import why_ended
from engine.errors import RunFailed, TripostError
from engine.process import child_environment

_KEPT = "What is stored is kept: the same command goes on from there."
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
            raise RunFailed(
                f"{_KEPT} {why_ended(code, errors)}", "The evaluation's process ended unexpectedly"
            )
