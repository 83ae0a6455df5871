"""A process that takes what a training leaves, of the processor and of memory."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from engine.play.outlook import at_work
from engine.project import Project

NICENESS = 5
"""While an engine is at work. It stays so: only an administrator takes it back."""

_OOM_SCORE = "500"


def step_back(project: Project) -> bool:
    """Rank below the engine that is at work, if one is; tell whether one is."""
    if not at_work(project):
        return False
    with contextlib.suppress(OSError, AttributeError):
        os.nice(max(0, NICENESS - os.nice(0)))
    return True


def end_me_first() -> None:
    """Where memory runs out, have Linux end this process before a training."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
