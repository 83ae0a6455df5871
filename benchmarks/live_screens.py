"""How light the collect and train screens are on a long run that goes on meanwhile.

    python benchmarks/live_screens.py [--steps N] [--trajectories N] [--calls N] \
        > benchmarks/live_screens.md

The app runs without a terminal, with its own readers and its own painting, while rows are added as
an engine would. Two things are timed: a repaint, which is what the thread that also takes keys
does with a reading; and how long that thread was held up at a stretch by anything, the reading
thread included, which Python runs by turns with it. Prints a Markdown table.
"""

import argparse
import asyncio
import math
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TEXTUAL_FPS", "120")  # as the package has it, which is imported too late

from tables import HEADER, measured_on, print_times
from textual.pilot import Pilot

from db.expert_records import ExpertCall
from db.records import (
    Attempt,
    Drop,
    DropStage,
    Item,
    Origin,
    Split,
    StageName,
    Subtask,
    TrainStep,
    Trajectory,
    Turn,
    TurnKind,
    Verdict,
)
from db.store import Store
from engine.config import demo_settings
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.collector import calm_collector
from tripost_tui.screens.about_run import AboutRunScreen
from tripost_tui.state.place import Place

BUDGET_MS = 50.0
SIZE = (120, 40)
EXPERTS = ("ollama:qwen3:8b", "openai:gpt-5-mini@https://api.openai.com/v1")
ROUNDS = 60
TEXT = "(1) a step of the rationale, of some length, as they are. " * 8


class Rows:
    """A run that can be added to."""

    def __init__(self, store: Store) -> None:
        self.store, self.rng, self.path = store, random.Random(1), store.path
        settings = demo_settings()
        self.run_id = store.create_run(
            seed=1,
            iterations=1,
            config=settings.model_dump(mode="json"),
            config_hash="",
            versions={},
            student="embedded",
        ).id
        self.step = self.item = self.call = 0
        self.stages = {
            name: store.start_stage(self.run_id, 1, name, 10**6)
            for name in (StageName.SAMPLE, StageName.EDIT, StageName.TRAIN)
        }

    def steps(self, count: int) -> None:
        first = self.step + 1
        self.step += count
        with self.store.transaction():
            self.store.add_train_steps(self._steps(first))
            self.store.advance_stage(self.stages[StageName.TRAIN].id, self.step, 0.1)

    def _steps(self, first: int) -> Iterator[TrainStep]:
        for step in range(first, self.step + 1):
            yield TrainStep(
                run_id=self.run_id,
                iteration=1,
                step=step,
                epoch=step / 1000,
                loss=0.3 + math.exp(-step / 2e4) + self.rng.gauss(0, 0.05),
                learning_rate=1e-4,
                grad_norm=math.exp(self.rng.gauss(0, 0.5)),
                tokens=8000,
                weighted_tokens=5000,
                seconds=0.5 + self.rng.random() / 50,
                memory_bytes=5 * 2**30,
                micro_tokens=4096,
            )

    def collect(self, count: int) -> None:
        """So many trajectories, and one dropped attempt for every four."""
        first = self.item
        self.item += count
        with self.store.transaction():
            self.store.add_items(_item(n) for n in range(first, self.item))
            items = self.store.items("multistep_arithmetic")[first : self.item]
            attempts = self.store.add_attempts(self._attempt(item.id) for item in items)
            kept, drops = [], []
            for place, (key, item) in enumerate(zip(attempts, items, strict=True)):
                if place % 5 == 4:
                    reason = self.rng.choice(("update keeps the flagged part", "FBK gave up"))
                    drops.append(_drop(self.run_id, key, reason))
                else:
                    kept.append(_trajectory(self.run_id, key, item.id))
            self.store.add_edits(kept, drops)
            for name in (StageName.SAMPLE, StageName.EDIT):
                self.store.advance_stage(self.stages[name].id, self.item, 0.1)

    def calls(self, count: int) -> None:
        with self.store.transaction():
            self.store.add_expert_calls(self._call(n) for n in range(count))
            self.call += count

    def _call(self, n: int) -> ExpertCall:
        failed = self.rng.random() < 0.02
        return ExpertCall(
            run_id=self.run_id,
            iteration=1,
            key=f"{self.call + n:064d}",
            role="feedback",
            expert=EXPERTS[n % 2],
            request={"messages": [{"role": "user", "content": TEXT * 4}]},
            reply=None if failed else TEXT,
            prompt_tokens=700,
            reply_tokens=None if failed else 90,
            seconds=self.rng.lognormvariate(0.5, 0.4),
            error="The expert took too long: 120 s" if failed else None,
        )

    def _attempt(self, item_id: int) -> Attempt:
        return Attempt(
            run_id=self.run_id,
            iteration=1,
            pass_=0,
            item_id=item_id,
            text=TEXT,
            seed=item_id,
            temperature=1.0,
            finish_reason="eos",
            tokens=140,
        )


def _item(n: int) -> Item:
    return Item(
        task="multistep_arithmetic",
        split=Split.TRAIN,
        subtask=Subtask.SEEN,
        question=f"{n} + 3 =",
        answer=str(n + 3),
        rationale="",
    )


def _drop(run_id: int, attempt_id: int, reason: str) -> Drop:
    return Drop(
        run_id=run_id, iteration=1, stage=DropStage.EDIT, reason=reason, attempt_id=attempt_id
    )


def _trajectory(run_id: int, attempt_id: int, item_id: int) -> Trajectory:
    wrong, right = Verdict.INCORRECT, Verdict.CORRECT
    turns = (
        Turn(kind=TurnKind.ATTEMPT, author="student", text=TEXT),
        Turn(kind=TurnKind.FEEDBACK, author="script", text=TEXT, verdict=wrong, step="1"),
        Turn(kind=TurnKind.ATTEMPT, author="script", text=TEXT),
        Turn(kind=TurnKind.FEEDBACK, author="script", text="All correct.", verdict=right),
    )
    return Trajectory(
        run_id=run_id,
        iteration=1,
        attempt_id=attempt_id,
        item_id=item_id,
        origin=Origin.EDITED,
        text=TEXT * 3,
        updates=1,
        turns=turns,
    )


class HeldUp:
    """Takes the times for which the event loop did nothing that was due."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            self.found.append(max(0.0, 1000 * (time.perf_counter() - start) - 1.0))

    def take(self) -> list[float]:
        found, self.found = self.found, []
        return found

    def end(self) -> None:
        self._task.cancel()


async def measured(path: Path, rows: Rows) -> None:
    app, writer = TripostApp(), Writer(rows.path, rows)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        calm_collector()  # as the app does on a terminal
        watch = HeldUp()
        for target, kinds in (
            (Target.TRAIN, ("steps",)),
            (Target.COLLECT, ("collect", "calls")),
        ):
            await one_screen(app, pilot, watch, Place(path, path.name), target, writer, kinds)
        watch.end()
        writer.end()


class Writer:
    """Adds rows from a process of its own, as an engine does."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        state = (rows.run_id, rows.step, rows.item, rows.call, rows.stages)
        self._process = spawn.Process(target=add_on, args=(theirs, path, state), daemon=True)
        self._process.start()

    def add(self, kinds: tuple[str, ...]) -> None:
        """Add a few rows of each kind, and wait until they are there."""
        self._pipe.send(kinds)
        self._pipe.recv()

    def end(self) -> None:
        self._pipe.send(None)
        self._process.join()


def add_on(pipe: Connection, path: Path, state: tuple[Any, ...]) -> None:
    with Store.open(path) as store:
        rows = Rows.__new__(Rows)
        rows.store, rows.rng, rows.path = store, random.Random(2), path
        rows.run_id, rows.step, rows.item, rows.call, rows.stages = state
        while (kinds := pipe.recv()) is not None:
            for kind in kinds:
                getattr(rows, kind)(5)
            pipe.send(True)


async def one_screen(
    app: TripostApp,
    pilot: Pilot[None],
    watch: HeldUp,
    place: Place,
    target: Target,
    writer: Writer,
    kinds: tuple[str, ...],
) -> None:
    watch.take()
    start = time.perf_counter()
    app.open_stage(target, place)
    screen = app.screen
    assert isinstance(screen, AboutRunScreen)
    while screen.state.reading is None:
        await asyncio.sleep(0.002)
    print_row(f"{target}: open until it is read", [1000 * (time.perf_counter() - start)], None)
    await pilot.pause(0.5)
    print_row(f"{target}: held up while it opens", watch.take(), None)
    times = timed_repaints(screen)
    for _ in range(ROUNDS):
        before = screen.state.reading
        await asyncio.to_thread(writer.add, kinds)
        while screen.state.reading is before:
            await asyncio.sleep(0.002)
        await pilot.pause(0.05)
    print_row(f"{target}: repaint with new rows", times, BUDGET_MS)
    print_row(f"{target}: held up while rows come", watch.take(), BUDGET_MS)
    await pilot.pause(2.0)
    times.clear()
    await pilot.pause(3.0)
    print_row(f"{target}: repaint with nothing new", times, BUDGET_MS)
    app.pop_screen()
    await pilot.pause(0.3)


def timed_repaints(screen: AboutRunScreen) -> list[float]:
    """Times, in milliseconds, of all repaints from now on."""
    times: list[float] = []
    repaint = screen.repaint

    def timed() -> None:
        start = time.perf_counter()
        repaint()
        times.append(1000 * (time.perf_counter() - start))

    screen.repaint = timed  # type: ignore[method-assign]
    return times


def print_row(name: str, found: list[float], budget: float | None) -> None:
    print_times(name, budget, found, worst=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--trajectories", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TRIPOST_STATE_DIR"] = f"{folder}/state"
        project = Project.create(Path(folder) / "long", demo_settings())
        with Store.open(project.db_path) as store:
            rows = Rows(store)
            rows.steps(arguments.steps)
            rows.collect(arguments.trajectories * 5 // 4)
            rows.calls(arguments.calls)
        size = project.db_path.stat().st_size / 1e6
        print("# Collect and train screens\n")
        print(
            f"{arguments.steps:,} steps, {arguments.trajectories:,} trajectories, "
            f"{arguments.calls:,} calls of experts, {size:.0f} MB; {SIZE[0]}x{SIZE[1]} cells. "
            f"{measured_on()} Milliseconds.\n"
        )
        print(HEADER, flush=True)
        asyncio.run(measured(project.path, rows))


if __name__ == "__main__":
    main()
