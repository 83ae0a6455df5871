"""Real engine processes for tests, and what they leave in the store."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tiny_students import ASKED_ITEMS, SEEN, SPARE_ITEMS, TEMPERATURE, TEST_ITEMS, UNSEEN

from db.records import CheckpointKind, Run
from db.store import Store
from engine.config import Settings, with_values
from engine.project import Project

PATIENCE_S = 120.0

SMALL = {
    "run.iterations": 2,
    "task.seen": SEEN,
    "task.unseen": UNSEEN,
    "task.train_items": ASKED_ITEMS + SPARE_ITEMS,
    "task.dev_items": 0,
    "task.test_items": TEST_ITEMS,
    "student.device": "cpu",
    "student.adapter": "full",
    "student.threads": 1,
    "collect.questions": ASKED_ITEMS // 2,
    # More than one pass can give, so that there are two.
    "collect.target": 9,
    "collect.passes": 2,
    "collect.minimum": 1,
    "collect.temperature": TEMPERATURE,
    "collect.max_updates": 2,
    "collect.max_attempt_tokens": 150,
    "collect.batch_size": 3,
    "train.epochs": 1,
    "train.learning_rate": 1e-4,
    "train.iteration_factor": 0.5,
    "train.batch_tokens": 500,
    "train.checkpoint_every_s": 0,
    "evaluate.batch_size": 3,
    "evaluate.max_updates": 1,
    "evaluate.max_attempt_tokens": 150,
}
"""A run of seconds, all of whose stages consist of several pieces."""


def small_project(folder: Path, student: Path, values: Mapping[str, Any] | None = None) -> Project:
    """A project for a tiny student."""
    wanted = {**SMALL, "student.path": str(student), **(values or {})}
    return Project.create(folder, with_values(Settings(), wanted))


def change(project: Project, values: Mapping[str, Any]) -> Project:
    """The project after a person has edited its settings."""
    from engine.config import write_settings

    write_settings(project.settings_path, with_values(project.settings, values))
    return Project.open(project.path)


def run_of(project: Project) -> Run:
    with Store.open(project.db_path, readonly=True) as store:
        run = store.latest_run()
    assert run is not None
    return run


def wait_for(project: Project, condition: Callable[[Store, Run], bool]) -> None:
    """Wait until the store shows it."""
    deadline = time.monotonic() + PATIENCE_S
    with Store.open(project.db_path, readonly=True) as store:
        while time.monotonic() < deadline:
            run = store.latest_run()
            if run is not None and condition(store, run):
                return
            time.sleep(0.01)
    raise AssertionError("it never came to that")


@dataclass(frozen=True)
class Ended:
    """An engine that has ended; negative codes are signals. ``output`` is all of its words."""

    code: int
    output: str


class Engine:
    """An engine process at work."""

    def __init__(self, engines: "Engines", project: Project, pid: int, begin: int) -> None:
        self.pid = pid
        self._engines = engines
        self._project = project
        self._begin = begin

    def wait(self) -> Ended:
        code = self._engines.ask({"wait": self.pid})["code"]
        output = (self._project.path / "output.txt").read_text()[self._begin :]
        return Ended(code, output)

    def kill(self) -> Ended:
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait_for(self, condition: Callable[[Store, Run], bool]) -> None:
        wait_for(self._project, condition)


class Engines:
    """Starts engines; see `engine_forks`."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("engine_forks.py")
        self._process = subprocess.Popen(
            [sys.executable, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def __enter__(self) -> Self:
        assert self._answer() == {"ready": True}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(json.dumps(request) + "\n")
        pipe.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        pipe: IO[str] | None = self._process.stdout
        assert pipe is not None
        answer: dict[str, Any] = json.loads(pipe.readline())
        return answer

    def start(
        self,
        project: Project,
        *arguments: str,
        death: Mapping[str, Any] | None = None,
        patches: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Engine:
        """Start an engine; ``death`` as in `engine_forks`, ``patches`` of constants by name."""
        output = project.path / "output.txt"
        begin = len(output.read_text()) if output.exists() else 0
        request = {
            "run": str(project.path),
            "arguments": arguments,
            "death": death,
            "patches": dict(patches or {}),
            "environment": dict(environment or {}),
        }
        return Engine(self, project, self.ask(request)["pid"], begin)

    def run(self, project: Project, *arguments: str, **options: Any) -> Ended:
        """Start an engine and wait for its end."""
        return self.start(project, *arguments, **options).wait()


@dataclass(frozen=True)
class Rows:
    """All that a run has collected, without ids and times: equal for equal runs."""

    items: list[Any] = field(default_factory=list)
    attempts: list[Any] = field(default_factory=list)
    trajectories: list[Any] = field(default_factory=list)
    drops: list[Any] = field(default_factory=list)
    examples: list[Any] = field(default_factory=list)
    train_steps: list[Any] = field(default_factory=list)
    evaluations: list[Any] = field(default_factory=list)
    stages: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, project: Project) -> Self:
        with Store.open(project.db_path, readonly=True) as store:
            run = store.latest_run()
            assert run is not None
            rows = cls(items=store.items(project.settings.task.name))
            for iteration in range(run.iterations + 1):
                at = run.id, iteration
                rows.attempts.extend(replace(a, created_at=0) for a in store.attempts(*at))
                rows.trajectories.extend(
                    replace(t, created_at=0, turns=tuple(replace(n, id=0) for n in t.turns))
                    for t in store.trajectories(*at)
                )
                rows.drops.extend(replace(d, created_at=0) for d in store.drops(*at))
                rows.examples.extend(store.examples(*at))
                rows.train_steps.extend(
                    replace(s, id=0, seconds=0, memory_bytes=0)
                    for s in sorted(store.train_steps(*at), key=lambda s: s.step)
                )
                rows.evaluations.extend(store.evaluations(*at))
            rows.stages.extend(
                (s.iteration, s.name, s.status, s.done, s.total, dict(s.detail))
                for s in store.stages(run.id)
            )
            rows.weights.extend(
                (c.iteration, c.step, c.path, c.sha256)
                for c in store.checkpoints(run.id)
                if c.kind is CheckpointKind.ITERATION
            )
        return rows


def assert_same(found: Rows, expected: Rows) -> None:
    """Compare table by table, so that a difference is told where it is."""
    for name in Rows.__dataclass_fields__:
        assert getattr(found, name) == getattr(expected, name), name


TRAINING_ALONE = {"run.method": "continued_rationale", "run.iterations": 1, "task.test_items": 0}
"""A run without sampling."""

QUIET = {
    "engine.control:_POLL_EVERY_S": 3600.0,
    "engine.control:_BEAT_EVERY_S": 3600.0,
    "engine.edit_stage:_STORED_AT_ONCE": 3,
    "engine.edit_stage:_STORE_EVERY_S": 1e9,
}
"""Statements that depend on the clock are left out; editing, too, has several pieces."""


@dataclass(frozen=True)
class Finished:
    """An undisturbed run: what it collected, and its statements after each entry to a stage."""

    project: Project
    rows: Rows
    statements: Mapping[str, int]
    output: str


def undisturbed(
    engines: Engines, folder: Path, student: Path, values: Mapping[str, Any] | None = None
) -> Finished:
    """Run a small project to its end."""
    project = small_project(folder, student, values)
    ended = engines.run(project, patches=QUIET)
    assert ended.code == 0, ended.output
    statements = json.loads((folder / "statements.json").read_text())
    return Finished(project, Rows.of(project), statements, ended.output)
