"""The process of an export, as `engine.export.process` starts it."""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from contextlib import suppress
from pathlib import Path

from db.errors import StoreError
from engine.errors import Interrupted, ProjectError, TripostError
from engine.export.formats import ExportFormat, ExportRequest
from engine.export.process import ORDER_FIELDS
from engine.project import Project


def serve(project: Path, order: str) -> int:
    """Carry out an order and say so; return the exit code."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        # Late, as it loads torch: what a person thinks better of ends at once.
        from engine.export.writing import write_export

        said = json.loads(order)
        values = {name: said[name] for name in ORDER_FIELDS}
        wanted = ExportRequest(format=ExportFormat(said["format"]), out=Path(said["out"]), **values)
        found = write_export(Project.open(project), wanted, lambda what: _say(doing=what))
        _say(folder=os.fspath(found.folder))
        return 0
    except (TripostError, StoreError) as error:
        code = error.exit_code if isinstance(error, TripostError) else ProjectError.exit_code
        with suppress(OSError):
            _say(error=error.message, title=error.title, code=code)
        return code
    except Exception:  # noqa: BLE001 - the process's outermost edge
        traceback.print_exc()
        return 1


def _say(**values: object) -> None:
    print(json.dumps(values), flush=True)


def _end(_: int, __: object) -> None:
    # Once: what tidies up is not to be interrupted itself.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted("The export was told to end.")


def _end_with_input() -> None:
    """End when whoever ordered this has gone."""
    with suppress(OSError, ValueError):
        # Not by sys.stdin, whose lock a thread that waits would hold at the interpreter's end.
        while os.read(0, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
