"""What does the asking of experts cost beside what the experts themselves take?

    python benchmarks/experts.py [--seconds 20] [--concurrency 1 4 8 16 32]

The edit stage as a run has it, `engine.edit_stage.edit`, on wrong attempts at questions of
arithmetic, with a project and its database on disk. The expert is perfect and stands behind real
HTTP, by OpenAI's protocol and by Ollama's, in a process of its own: it reads the prompt, waits for
as long as it is told, and replies what the scripts say, in pieces as a stream. Each attempt takes
two calls, one for feedback and then one for an improvement. Five parts:

- calls a second, as a share of what the waiting of the server alone would allow: concurrency
  divided by 200 ms. ``whole`` is from the begin of the stage to its end, with opening, ramp-up and
  the last attempts; ``steady`` is without these.
- the processor time (user and system) of the asking process for a call, without and with waiting;
- where that goes, by the time of each thread within the functions of a part;
- replies a second from the record, when the same is asked again and there is no server;
- what the server's own process takes, since it is on the same machine, and how long it takes to
  answer, beside the 200 ms that it is told to wait.

The last tables are in benchmarks/experts.md.
"""

from __future__ import annotations

import argparse
import functools
import gc
import multiprocessing
import os
import platform
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.expert_records import ExpertCall
from db.records import (
    Attempt,
    Item,
    Split,
    Subtask,
)
from db.store import Store
from engine import edit_stage
from engine.config import Settings, settings_hash, with_values
from engine.control import Control
from engine.editing import fault_of_update
from engine.experts import book, feedback, improve, prompts
from engine.lock import EngineProcess
from engine.project import Project
from engine.stage import RunContext
from engine.student.model import Student
from engine.student_seat import StudentSeat
from engine.tasks import TASKS
from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.trajectory import parse_attempt
from local_experts import calling
from local_experts.back_ends import ollama, openai_compatible
from tests.engine.perfect_expert import reply_to
from tests.local_experts.ollama_server import OllamaServer
from tests.local_experts.openai_server import OpenAiServer
from tests.local_experts.serving import Asked, ContractServer, Handler

TASK = "multistep_arithmetic"
MODEL = "perfect:1b"
KINDS = ("openai", "ollama")
LATENCY_S = 0.2
CALLS_PER_ATTEMPT = 2
SHARE_TARGET, MS_TARGET = 0.9, 5.0
_NUMBER = re.compile(r"-?\d+")


# --- the expert ----------------------------------------------------------------------------------


def serve(kind: str, latency_s: float, line: Connection) -> None:
    """Serve until something comes through ``line``; then tell what it took, see `Served`."""
    # A collection here is no part of what is measured.
    gc.collect()
    gc.freeze()
    task = TASKS[TASK]()
    server_class = OllamaServer if kind == "ollama" else OpenAiServer
    with server_class(
        lambda body: reply_to(task, body["messages"]), latency_s, models=(MODEL,)
    ) as server:
        handled = _timed_handling(server)
        line.send(server.url)
        since = time.process_time()
        line.recv()
        line.send((time.process_time() - since, sum(handled)))


def _timed_handling(server: ContractServer) -> list[float]:
    """Seconds from a chat's arrival to the end of its reply, each, as they come."""
    handle, handled = server.handle, []

    def timed(request: Handler, asked: Asked) -> None:
        since = time.monotonic()
        handle(request, asked)
        if "chat" in asked.path:
            handled.append(time.monotonic() - since)

    server.handle = timed  # type: ignore[method-assign]
    return handled


@dataclass
class Served:
    """A server in a process of its own, by name.

    In the end it is known how many seconds of processor it took, and how many it took to answer,
    by the clock and summed over all chats.
    """

    name: str
    processor_s: float = 0.0
    answering_s: float = 0.0


@contextmanager
def serving(kind: str, latency_s: float) -> Iterator[Served]:
    """Have a server of a kind for as long as it is asked."""
    ours, its = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(kind, latency_s, its), daemon=True
    )
    process.start()
    served = Served(f"{kind}:{MODEL}@{ours.recv()}")
    try:
        yield served
    finally:
        ours.send("end")
        served.processor_s, served.answering_s = ours.recv()
        process.join()


# --- what is edited ------------------------------------------------------------------------------


def wrong_attempts(task: Task, count: int) -> list[tuple[Item, str]]:
    """Return questions with an attempt each whose answer is wrong, and that scripts can mend."""
    rng = random.Random(5)
    found = []
    for item in task.generate(Split.TRAIN, [Subtask.SEEN], 2 * count, seed=3):
        for _ in range(20):
            text = _with_wrong_end(item.rationale, rng)
            if _is_mended_at_once(task, item, text):
                found.append((item, text))
                break
        if len(found) == count:
            return found
    raise AssertionError("too few wrong attempts were found")


def _with_wrong_end(rationale: str, rng: random.Random) -> str:
    """One number of a step is another, and so is the answer."""
    *steps, last = rationale.split("\n")
    at = rng.randrange(1, len(steps))
    matches = list(_NUMBER.finditer(steps[at]))[1:]
    if matches:
        match = rng.choice(matches)
        steps[at] = f"{steps[at][: match.start()]}{rng.randint(-99, 99)}{steps[at][match.end() :]}"
    label, _, answer = last.partition(") ")
    return "\n".join([*steps, f"{label}) {_NUMBER.sub(lambda m: str(int(m[0]) + 1), answer)}"])


def _is_mended_at_once(task: Task, item: Item, text: str) -> bool:
    attempt = parse_attempt(text)
    try:
        said = task.feedback(item.question, attempt)
        update = task.improve(item.question, attempt, said)
    except (CannotJudge, CannotImprove):
        return False
    return not said.is_correct and fault_of_update(attempt, said, update) is None


def project_on(folder: Path, name: str, concurrency: int, attempts: Sequence[Any]) -> Project:
    """Return a project with the questions of these attempts."""
    settings = with_values(
        Settings(),
        {
            "task.name": TASK,
            "experts.feedback": (name,),
            "experts.improve": (name,),
            "experts.concurrency": concurrency,
            "experts.hand_over": "off",
            "collect.show_working": False,
        },
    )
    project = Project.create(folder, settings)
    with Store.open(project.db_path) as store:
        store.add_items(item for item, _ in attempts)
    return project


def edit_once(project: Project, attempts: Sequence[tuple[Item, str]], task: Task) -> Edited:
    """Edit all attempts in a run of their own."""
    with Store.open(project.db_path) as store:
        run = store.create_run(
            seed=1,
            iterations=1,
            config=project.settings.model_dump(mode="json"),
            config_hash=settings_hash(project.settings),
            versions={},
            student="none",
        )
        ids = {item.question: item.id for item in store.items(TASK)}
        store.add_attempts(
            Attempt(
                run_id=run.id,
                iteration=1,
                pass_=0,
                item_id=ids[item.question],
                text=text,
                # One seed for all runs, so that a second run asks the very same.
                seed=number,
                temperature=1.0,
                finish_reason="stop",
                tokens=100,
            )
            for number, (item, text) in enumerate(attempts)
        )
        control = Control(store, run.id, EngineProcess.current())
        seat = StudentSeat(_nobody)
        context = RunContext(project, project.settings, store, run.id, task, seat, control)
        began, spent, wall = time.time(), time.process_time(), time.monotonic()
        edit_stage.edit(context, 1)
        wall, spent = time.monotonic() - wall, time.process_time() - spent
        calls = store.expert_calls(run.id, limit=10**6)
        counts = store.collect_counts(run.id, 1)
        assert sum(counts.kept.values()) == len(attempts), counts
        assert all(call.reply is not None for call in calls)
        return Edited(calls, began, wall, spent)


def _nobody() -> Student:
    raise AssertionError("the student is not needed")


@dataclass(frozen=True)
class Edited:
    """What the stage did: its calls, when it began, seconds by the clock and of the processor."""

    calls: Sequence[ExpertCall]
    began: float
    wall_s: float
    processor_s: float

    @property
    def per_s(self) -> float:
        return len(self.calls) / self.wall_s

    def ramp_up_s(self, concurrency: int) -> float:
        """Seconds from the stage's begin until so many calls are under way."""
        changes = sorted(
            [(c.at - c.seconds, 1) for c in self.calls] + [(c.at, -1) for c in self.calls]
        )
        under_way = 0
        for at, change in changes:
            under_way += change
            if under_way == concurrency:
                return at - self.began
        return float("nan")

    def steady_per_s(self, concurrency: int) -> float:
        """Calls a second between ramp-up and the last attempts, of which fewer are left."""
        ends = sorted(call.at for call in self.calls)
        since = self.began + self.ramp_up_s(concurrency) + LATENCY_S
        until = ends[-3 * concurrency]
        return sum(since < end <= until for end in ends) / (until - since)


# --- where the time goes -------------------------------------------------------------------------


class Parts:
    """Processor time of threads within functions, without that of other parts within them."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._local = threading.local()

    @contextmanager
    def watched(self, *functions: tuple[object, str, str]) -> Iterator[None]:
        """While inside, count each (owner, name, part)."""
        patches = [patch.object(o, n, self._timed(getattr(o, n), p)) for o, n, p in functions]
        for one in patches:
            one.start()
        try:
            yield
        finally:
            for one in patches:
                one.stop()

    def _timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            stack = self._local.__dict__.setdefault("stack", [])
            stack.append(0.0)
            since = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.thread_time() - since
                own = whole - stack.pop()
                if stack:
                    stack[-1] += whole
                with self._lock:
                    self.seconds[part] += own

        return timed


PARTS = (
    (openai_compatible.OpenAiExpert, "ask", "client"),
    (ollama.OllamaExpert, "ask", "client"),
    (calling, "request_key", "key"),
    (calling, "request_json", "request as JSON"),
    (book.StoreBook, "_work", "database: calls"),
    (edit_stage, "_store", "database: trajectories"),
    (prompts.Prompts, "feedback_messages", "prompts"),
    (prompts.Prompts, "improve_messages", "prompts"),
    (feedback, "read_feedback", "parsing"),
    (improve, "read_improvement", "parsing"),
    (feedback, "feedback_schema", "schema"),
    (improve, "improve_schema", "schema"),
)


# --- tables --------------------------------------------------------------------------------------


def throughput(
    task: Task, folder: Path, kinds: Sequence[str], levels: Sequence[int], seconds: float
) -> list[str]:
    """Return the lines of the first table."""
    lines = []
    for kind in kinds:
        for concurrency in levels:
            most = concurrency / LATENCY_S
            attempts = wrong_attempts(task, round(most * seconds / CALLS_PER_ATTEMPT))
            with serving(kind, LATENCY_S) as served:
                project = project_on(
                    folder / f"{kind}{concurrency}", served.name, concurrency, attempts
                )
                edited = edit_once(project, attempts, task)
            share, steady = edited.per_s / most, edited.steady_per_s(concurrency) / most
            calls = len(edited.calls)
            lines.append(
                f"| {kind} | {concurrency} | {calls:,} | {edited.wall_s:.1f} s "
                f"| {edited.ramp_up_s(concurrency):.2f} s | {edited.per_s:.1f} | {share:.1%} "
                f"| {steady:.1%} | {1000 * edited.processor_s / calls:.2f} ms "
                f"| {1000 * served.processor_s / calls:.2f} ms "
                f"| {1000 * served.answering_s / calls:.0f} ms "
                f"| {'yes' if share >= SHARE_TARGET else 'no'} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


def cost(task: Task, folder: Path, kinds: Sequence[str], count: int) -> tuple[list[str], list[str]]:
    """Return the lines of the second table and those of the third."""
    lines, columns = [], {}
    attempts = wrong_attempts(task, count)
    for kind in kinds:
        for latency_s in (0.0, LATENCY_S):
            for watched in (False, True):
                parts = Parts()
                name = f"{kind}-{latency_s:g}-{watched}"
                with serving(kind, latency_s) as served:
                    project = project_on(folder / name, served.name, 8, attempts)
                    with parts.watched(*(PARTS if watched else ())):
                        edited = edit_once(project, attempts, task)
                calls = len(edited.calls)
                each_ms = 1000 * edited.processor_s / calls
                if watched:
                    rest = edited.processor_s - parts.seconds.total()
                    columns[f"{kind}, {1000 * latency_s:.0f} ms"] = {
                        **{part: 1000 * s / calls for part, s in parts.seconds.items()},
                        "all else": 1000 * rest / calls,
                        "in all": each_ms,
                    }
                else:
                    lines.append(
                        f"| {kind} | {1000 * latency_s:.0f} ms | {calls:,} | {edited.per_s:.0f} "
                        f"| {each_ms:.2f} ms | {'yes' if each_ms < MS_TARGET else 'no'} |"
                    )
                    print(lines[-1], file=sys.stderr, flush=True)
    names = list(columns)
    rows = dict.fromkeys([part for _, _, part in PARTS] + ["all else", "in all"])
    where = [
        f"| ms for a call | {' | '.join(names)} |",
        f"| --- |{' ---: |' * len(names)}",
        *(
            f"| {part} | {' | '.join(f'{columns[name].get(part, 0):.2f}' for name in names)} |"
            for part in rows
        ),
    ]
    return lines, where


def replay(task: Task, folder: Path, kinds: Sequence[str], count: int) -> list[str]:
    """Return the lines of the last table."""
    lines = []
    attempts = wrong_attempts(task, count)
    for kind in kinds:
        with serving(kind, 0.0) as served:
            project = project_on(folder / f"{kind}-replay", served.name, 8, attempts)
            replies = len(edit_once(project, attempts, task).calls)
        offline = Project(project.path, with_values(project.settings, {"experts.offline": True}))
        edited = edit_once(offline, attempts, task)
        assert not edited.calls
        lines.append(
            f"| {kind} | {replies:,} | {edited.wall_s:.2f} s | {replies / edited.wall_s:,.0f} "
            f"| {1000 * edited.processor_s / replies:.2f} ms |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def machine() -> str:
    """Name the machine, the versions and how busy it is."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in ("httpx2", "ollama", "tripost-tui"))
    return (
        f"{models[0] if models else platform.machine()} ({os.cpu_count()} cores), "
        f"{platform.system()}, Python {platform.python_version()}, {packages}; load {load}, "
        f"niceness {os.nice(0)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 4, 8, 16, 32])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--attempts", type=int, default=500)
    parser.add_argument("--only", choices=["throughput", "cost", "replay"])
    args = parser.parse_args()
    # As the engine does: a full collection would look at all objects of torch.
    gc.collect()
    gc.freeze()
    task = TASKS[TASK]()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.only in (None, "throughput"):
            lines = throughput(task, folder, args.kinds, args.concurrency, args.seconds)
            print(
                "\n| protocol | concurrency | calls | time | ramp-up | calls/s | whole | steady "
                "| ours, processor | server's, processor | it answered in | ≥ 90% |\n"
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: "
                "| --- |"
            )
            print("\n".join(lines))
        if args.only in (None, "cost"):
            lines, where = cost(task, folder, args.kinds, args.attempts)
            print(
                "\n| protocol | latency | calls | calls/s | processor time for a call | < 5 ms |\n"
                "| --- | ---: | ---: | ---: | ---: | --- |"
            )
            print("\n".join([*lines, "", *where]))
        if args.only in (None, "replay"):
            lines = replay(task, folder, args.kinds, args.attempts)
            print(
                "\n| protocol | replies | time | replies/s | processor time for a reply |\n"
                "| --- | ---: | ---: | ---: | ---: |"
            )
            print("\n".join(lines))
    print(f"\nAt the end: {machine()}")


if __name__ == "__main__":
    main()
