"""The command `tripost`, whose engine is the stand-in. Usage: PLOT ARGUMENTS…"""

import sys
from collections.abc import Callable
from pathlib import Path

import engine.process
from engine.project import Project

STAND_IN = Path(__file__).with_name("stand_in_engine.py")
_spawn = engine.process.spawn_engine


def stand_in(plot: str) -> Callable[..., int]:
    """What starts the stand-in as the engine of a project, as detached as the real one."""

    def spawn(project: Project, *, new: bool = False, offline: bool = False) -> int:
        assert not new, "the stand-in knows one run only"
        command = [sys.executable, str(STAND_IN), str(project.path), plot]
        return _spawn(project, command, offline=offline)

    return spawn


if __name__ == "__main__":
    from tripost_tui.cli import main

    engine.process.spawn_engine = stand_in(sys.argv.pop(1))  # type: ignore[assignment]
    main()
