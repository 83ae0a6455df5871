"""Engine processes without the wait: loads the heavy libraries once, then forks.

Each child is a process of its own that runs ``python -m engine``'s main function, and may be
told where to die. Requests are lines of JSON on stdin, answers lines of JSON on stdout:

    {"run": DIR, "arguments": [...], "death": {...}, "patches": {...}} -> {"pid": N}
    {"wait": N} -> {"code": N}, negative for a signal

A ``death`` is SIGKILL at the ``statement``-th statement of SQL after the engine has entered the
place ``where`` ("2 edit 1": the first entry to editing in iteration 2), or ``when`` ("before" or
"after") the ``call``-th call of a ``function`` (``module:name``) from then on. Without one, the
statements after each entry are counted, into ``DIR/statements.json``.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


def wrap(name: str, wrapper: Wrapper) -> None:
    """Replace ``module:attribute.attribute`` by what ``wrapper`` makes of it."""
    module, _, path = name.partition(":")
    owner: Any = import_module(module)
    *parents, last = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    setattr(owner, last, wrapper(getattr(owner, last)))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Watch:
    """Counts statements since a stage was entered, and dies where it was told to."""

    def __init__(self, death: dict[str, Any] | None) -> None:
        self.death = death
        self.entries: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        self.calls = 0
        self.here = ""
        self.armed = False
        wrap("engine.control:Control.enter", self._entering)
        wrap("db.connection:Connection._execute", self._executing)
        if death is not None and "function" in death:
            wrap(death["function"], self._calling)

    def _entering(self, enter: Callable[..., None]) -> Callable[..., None]:
        def entered(control: Any, iteration: int, stage: str, done: int, total: int) -> None:
            place = f"{iteration} {stage}"
            self.entries[place] += 1
            self.here = f"{place} {self.entries[place]}"
            self.armed = self.death is not None and self.death["where"] == self.here
            enter(control, iteration, stage, done, total)

        return entered

    def _executing(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def executed(*args: Any) -> Any:
            self.statements[self.here] += 1
            fatal = self.death.get("statement") if self.death and self.armed else None
            if self.statements[self.here] == fatal:
                die()
            return execute(*args)

        return executed

    def _calling(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **values: Any) -> Any:
            assert self.death is not None
            self.calls += self.armed
            mine = self.armed and self.calls == self.death["call"]
            if mine and self.death["when"] == "before":
                die()
            result = function(*args, **values)
            if mine:
                die()
            return result

        return called


def run(request: dict[str, Any]) -> int:
    """Be an engine; return its exit code."""
    import engine.__main__

    folder = Path(request["run"])
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(request.get("environment", {}))
    for name, value in request["patches"].items():
        wrap(name, lambda _before, value=value: value)
    watch = Watch(request["death"])
    sys.argv = ["engine", "run", str(folder), *request["arguments"]]
    code = engine.__main__.main()
    sys.stdout.flush()
    sys.stderr.flush()
    if request["death"] is None:
        (folder / "statements.json").write_text(json.dumps(watch.statements))
    return code


def fork(request: dict[str, Any]) -> int:
    """Start an engine; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = run(request)
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        os._exit(code)


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    # As `engine.__main__` does, but before the libraries are loaded.
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import engine.pipeline  # noqa: F401 - what takes long

    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"code": wait(request["wait"])} if "wait" in request else {"pid": fork(request)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
