"""The engine process: ``python -m engine run DIR [--new] [--offline]``; or ``export``.

Exit codes are those of `engine.errors`; 0 for a run that is finished or was stopped. An export
says what it does as JSON lines (`engine.export.process`).
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import traceback
from pathlib import Path

from db.errors import StoreError
from engine.errors import ProjectError, TripostError
from engine.lock import EngineLock
from engine.project import Project


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start or take up a project's run")
    run.add_argument("project", type=Path)
    run.add_argument("--new", action="store_true", help="start another run")
    run.add_argument("--offline", action="store_true", help="replay experts' replies, call none")
    export = commands.add_parser("export", help="write what a run has made into a folder")
    export.add_argument("project", type=Path)
    export.add_argument("order", help="JSON, as engine.export.process writes it")
    args = parser.parse_args()
    # Progress bars and adverts of libraries have no place in a log.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    if args.command == "export":
        from engine.export.serving import serve

        return serve(args.project, args.order)
    try:
        project = Project.open(args.project)
        if args.offline:
            project = project.offline()
        with EngineLock(project):
            # Late, as torch and transformers take seconds, and whoever started this process
            # waits for the lock.
            from engine.pipeline import run_project

            # The half a million objects of the libraries stay: no collection need look at them,
            # which takes 0.3 s and stops all threads.
            gc.collect()
            gc.freeze()
            status = run_project(project, new=args.new)
        print(f"run {status}", flush=True)
        return 0
    except (TripostError, StoreError) as error:
        print(f"{error.title}: {error.message}", file=sys.stderr, flush=True)
        return error.exit_code if isinstance(error, TripostError) else ProjectError.exit_code
    except Exception:  # noqa: BLE001 - the process's outermost edge
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(main())
