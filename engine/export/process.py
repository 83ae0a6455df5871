"""An export in a process of its own: merging loads torch, and a person may think better of it.

The process says what it does on its standard output, one JSON object a line: ``{"doing": …}``, at
the end ``{"folder": …}`` or ``{"error": …, "title": …, "code": …}``. It ends when its standard
input does, so that it never outlives whoever ordered it, and leaves nothing behind then.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import Interrupted, TripostError
from engine.export.folders import partial_of
from engine.export.formats import ExportRequest
from engine.process import child_environment

_PATIENCE_S = 5.0
"""How long a process that is told to end may take to tidy up."""

ORDER_FIELDS = ("run_id", "precision", "all_iterations", "replace", "name", "iteration")


class ExportFailed(TripostError):
    """The process ended with an error, which it has told, or without a word."""

    title = "The export failed"

    def __init__(self, message: str, title: str, exit_code: int) -> None:
        super().__init__(message, title)
        self.exit_code = exit_code


class ExportProcess:
    """An order being carried out. Read `steps` to its end; `cancel` from any thread."""

    def __init__(self, project: Path, order: ExportRequest) -> None:
        self.order = replace(order, out=order.out.expanduser().absolute())
        said: dict[str, Any] = {name: getattr(order, name) for name in ORDER_FIELDS}
        said |= {"format": order.format.value, "out": os.fspath(self.order.out)}
        # -P: a folder named engine where the person happens to be must not be taken for ours.
        engine = [sys.executable, "-P", "-m", "engine"]
        command = [*engine, "export", os.fspath(project.absolute()), json.dumps(said)]
        self._cancelled = False
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=child_environment(),
            # With all that it starts it is one group, which can be ended as one.
            start_new_session=True,
        )
        self._complaints: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def partial(self) -> Path:
        """Where it writes until all is there."""
        return partial_of(self.order.out, self._process.pid)

    def steps(self) -> Iterator[str]:
        """Yield what it does next, in a few words, until the folder is whole.

        Raises:
            Interrupted: it was cancelled; nothing is left of it.
            TripostError: it failed, and nothing is left of it.
        """
        assert self._process.stdout is not None
        last: dict[str, Any] = {}
        for line in self._process.stdout:
            with suppress(ValueError):
                said = json.loads(line)
                last = said if isinstance(said, dict) else {}
                if isinstance(last.get("doing"), str):
                    yield last["doing"]
        code = self._process.wait()
        self._listener.join(_PATIENCE_S)
        self._close()
        if code == 0 and "folder" in last:
            return
        shutil.rmtree(self.partial, ignore_errors=True)
        if self._cancelled:
            raise Interrupted("Nothing was left of it.", "The export was cancelled")
        if "error" in last:
            raise ExportFailed(str(last["error"]), str(last["title"]), int(last["code"]))
        words = " ".join(" ".join(self._complaints[-4:]).split())[-600:]
        raise ExportFailed(
            f"Its process ended with code {code}. Its last words: {words or 'none'}",
            "The export failed",
            1,
        )

    def cancel(self) -> None:
        """Have it end, by force where it does not in a few seconds. Does not wait for that."""
        self._cancelled = True
        with suppress(OSError):
            self._process.terminate()
        threading.Thread(target=self._insist, daemon=True).start()

    def _insist(self) -> None:
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaints = [*self._complaints[-20:], line]

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
