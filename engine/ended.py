"""What is told of a process that ended by itself: how, and what it had written last."""

from __future__ import annotations

import signal
from typing import IO

_TAIL_BYTES = 20_000
_TAIL_LINES = 6


def why_ended(code: int, errors: IO[bytes]) -> str:
    """Say in words how a process with this return code ended, and its last lines in ``errors``."""
    if code == -signal.SIGKILL:
        why = "It was killed (signal 9), as the system does where memory runs out."
    elif code < 0:
        why = f"It was ended by signal {-code} ({signal.Signals(-code).name})."
    else:
        why = f"It ended with exit code {code}."
    said = _last_words(errors)
    return f"{why} Its last words:\n{said}" if said else why


def _last_words(errors: IO[bytes]) -> str:
    size = errors.seek(0, 2)
    errors.seek(max(0, size - _TAIL_BYTES))
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-_TAIL_LINES:])
