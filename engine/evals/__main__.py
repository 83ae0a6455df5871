"""The process of an evaluation: ``python -m engine.evals FOLDER ID [--rescore] [--votes N …]``.

It works on what is not there yet of an evaluation in a folder's ``eval.db``, tells what it does as
lines of JSON, and ends when its stdin does. Exit codes are those of `engine.errors`.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import threading
import traceback
from pathlib import Path

from db.errors import StoreError
from engine.errors import ExpertUnavailable, ProjectError, StudentError, TripostError
from engine.evals.bench import Bench, opened_bench, say_json
from engine.evals.models import ModelKind
from local_experts.errors import ExpertError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.evals", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("evaluation", type=int)
    parser.add_argument("--rescore", action="store_true")
    parser.add_argument("--votes", type=int, default=0)
    parser.add_argument("--vote-temperature", type=float, default=1.0)
    args = parser.parse_args()
    threading.Thread(target=_end_with_input, daemon=True).start()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    try:
        # What libraries print is no part of what is told.
        with (
            contextlib.redirect_stdout(sys.stderr),
            opened_bench(args.folder, args.evaluation, say_json) as bench,
        ):
            if args.rescore:
                bench.score_again()
            else:
                _work(bench, args.folder, args.votes, args.vote_temperature)
        return 0
    except (TripostError, StoreError, ExpertError) as error:
        code = _code(error)
        say_json({"error": error.message, "title": error.title, "code": code})
        return code
    except Exception as error:  # noqa: BLE001 - the process's outermost edge
        if _memory_ran_out(error):
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            message = f"{said} Lower --batch-size, or close what else holds memory."
            title = "Not enough memory for the student"
            say_json({"error": message, "title": title, "code": StudentError.exit_code})
            return StudentError.exit_code
        traceback.print_exc()
        return 1


def _work(bench: Bench, folder: Path, votes: int, temperature: float) -> None:
    kind = bench.order.kind
    if kind is ModelKind.SAMPLES:
        # All that there is has been stored with the order.
        bench.finish()
        return
    if kind is ModelKind.EXPERT:
        from engine.evals.chats import expert_on_bench

        with expert_on_bench(bench, folder) as expert:
            expert.answer()
            bench.finish()
            expert.vote(votes, temperature)
        return
    bench.tell("loading torch and transformers")
    from engine.evals.students import StudentOnBench

    student = StudentOnBench(bench)
    student.answer()
    bench.finish()
    student.vote(votes, temperature)


def _code(error: TripostError | StoreError | ExpertError) -> int:
    if isinstance(error, TripostError):
        return error.exit_code
    expert = isinstance(error, ExpertError)
    return ExpertUnavailable.exit_code if expert else ProjectError.exit_code


def _memory_ran_out(error: Exception) -> bool:
    if "torch" not in sys.modules:
        return False
    from engine.student.device import is_out_of_memory

    return is_out_of_memory(error)


def _end_with_input() -> None:
    """End when whoever ordered this has gone. What is stored is whole at any moment."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 1):
            pass
    os._exit(130)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # A call to an expert that nobody waits for any more is not waited for.
    os._exit(code)
