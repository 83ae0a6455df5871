"""Starts a script of the person's with limited memory: ``python -I launcher.py BYTES SCRIPT``.

It ends with the process that started it, also where a script never reads its input again.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time

_LOOK_EVERY_S = 1.0


def _limit_memory(limit_bytes: int) -> None:
    """Limit the address space, where the system can: not on Windows, not always on macOS."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    except (ImportError, AttributeError, ValueError, OSError) as error:
        print(f"memory is not limited: {error}", file=sys.stderr)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)


def main() -> None:
    limit_bytes, script = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _limit_memory(limit_bytes)
    sys.argv = [script]
    # Isolated mode leaves this out; a script may well be in several files.
    sys.path.insert(0, os.path.dirname(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
