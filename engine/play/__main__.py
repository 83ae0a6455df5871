"""A Playground's process: ``python -m engine.play DIR [--run N]``.

It reads requests from stdin and writes events to stdout (`engine.play.messages`), and ends when
stdin does. Exit codes are those of `engine.errors`.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import IO

from db.errors import StoreError
from engine.errors import ProjectError, StudentError, TripostError
from engine.play.messages import (
    Ask,
    Doing,
    Done,
    Event,
    Failed,
    Unreadable,
    encode,
    read_request,
)


class _Inbox:
    """What is asked, read in a thread of its own: a wish to cancel is heard at any time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._asks: queue.SimpleQueue[Ask] = queue.SimpleQueue()
        self._cancelled = -1
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> Ask:
        return self._asks.get()

    def is_cancelled(self, ask: Ask) -> bool:
        return ask.id <= self._cancelled

    def _read(self) -> None:
        for line in self._stream:
            try:
                request = read_request(line)
            except Unreadable as error:
                print(f"unreadable request: {error}", file=sys.stderr)
                continue
            if isinstance(request, Ask):
                self._asks.put(request)
            else:
                self._cancelled = max(self._cancelled, request.id)
        # Whoever asked is gone, in whatever way. Nothing here is worth a moment more.
        os._exit(0)


class _Outbox:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def tell(self, event: Event) -> None:
        try:
            self._stream.write(encode(event))
            self._stream.flush()
        except OSError:
            os._exit(0)


def main() -> int:
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="python -m engine.play", description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--run", type=int, dest="run_id")
    args = parser.parse_args()
    inbox = _Inbox(sys.stdin.buffer)
    outbox = _Outbox(_own_stdout())
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    try:
        _play(args.project, args.run_id, inbox, outbox, began)
    except (TripostError, StoreError) as error:
        code = error.exit_code if isinstance(error, TripostError) else ProjectError.exit_code
        failed = Failed(title=error.title, message=error.message, fatal=True, exit_code=code)
    except Exception as error:  # noqa: BLE001 - the process's outermost edge
        if (failed_for_memory := _memory_ran_out(error)) is None:
            traceback.print_exc()
            return 1
        failed = failed_for_memory
    outbox.tell(failed)
    return failed.exit_code


def _play(folder: Path, run_id: int | None, inbox: _Inbox, outbox: _Outbox, began: float) -> None:
    """Answer until stdin ends, which ends the process."""
    from engine.play.stepping_back import end_me_first, step_back
    from engine.project import Project

    project = Project.open(folder)
    end_me_first()
    step_back(project)
    outbox.tell(Doing(text="loading torch and transformers"))
    # Late: it takes seconds, in which requests can be heard.
    from engine.play.session import Cancelled, opened_session

    with opened_session(project, run_id, outbox.tell) as session:
        outbox.tell(Doing(text="loading the student"))
        outbox.tell(session.load(began))
        while True:
            ask = inbox.next()
            cancelled = inbox.is_cancelled(ask)
            if not cancelled:
                try:
                    session.answer(ask, partial(inbox.is_cancelled, ask))
                except Cancelled:
                    cancelled = True
            outbox.tell(Done(id=ask.id, cancelled=cancelled))


def _memory_ran_out(error: Exception) -> Failed | None:
    """What to tell where an error means that; None for any other."""
    if "torch" not in sys.modules:
        return None
    from engine.student.device import is_out_of_memory

    if not is_out_of_memory(error):
        return None
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Failed(
        title="Not enough memory for the student",
        message=f"{first} Close what else holds memory, such as a training, or ask a smaller "
        "student.",
        fatal=True,
        exit_code=StudentError.exit_code,
    )


def _own_stdout() -> IO[bytes]:
    """Keep stdout for events: what libraries print goes to stderr."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # The inbox still reads, and holds what an orderly end would wait for.
    os._exit(code)
