"""What hours of watching and reviewing a run do to the app's memory.

    python benchmarks/soak.py [--minutes N] [--grow N] [--folder DIR] > benchmarks/soak.md

The app runs without a terminal, twelve times as fast as it would: it reads every 20 ms instead of
every 250. A process of its own writes the run: steps, events, attempts, trajectories, as fast as it
can until there are ``--grow`` of each, then one of each in two seconds: what grows from then on is
the app. Keys go through all screens, decide, undo, filter and resize. After each round the
collector runs, and once a minute what the process holds is noted. Prints a Markdown table and which
objects have become more; --trace tells the lines of code as well, and makes all of it several times
slower. Ends with an error if the app or the writer did.
"""

import argparse
import asyncio
import gc
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import psutil
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from db.records import Attempt, Item, Origin, Split, Subtask, TrainStep, Trajectory, Turn, TurnKind
from db.store import Store
from engine.config import demo_settings
from engine.lock import EngineLock
from engine.project import Project, remember_project
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.screens.following import FollowingScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.screens.run import RunScreen
from tripost_tui.state.place import Place

POLL_S = 0.02
ROUND_S = 12.0
KEYS = ("j", "k", "j", "a", "u", "x", "u", "f", "f", "d", "j", "3", "3", "b", "b", "space", "o")
OTHERS = {
    Target.COLLECT: ("tab", "j", "k"),
    Target.BALANCE: ("plus", "minus", "j", "j"),
    Target.TRAIN: ("tab", "j", "k"),
    Target.EVALUATE: ("j", "c", "c"),
    Target.PLAYGROUND: ("tab",),
    Target.EXPORT: ("j", "k"),
}
"""Further screens of a run, and what is pressed there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--grow", type=int, default=6000, help="trajectories written at full speed")
    parser.add_argument("--folder", type=Path, help="where to make the database")
    parser.add_argument("--trace", action="store_true", help="follow every allocation")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write_on(Project.open(arguments.write), arguments.grow)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        os.environ["TRIPOST_STATE_DIR"] = f"{folder}/state"
        project = Project.create(Path(folder) / "grown", demo_settings())
        remember_project(project.path)
        command = [sys.executable, __file__, "--write", str(project.path)]
        command += ["--grow", str(arguments.grow)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as writer:
            try:
                asyncio.run(soaked(project, writer, arguments))
            finally:
                writer.kill()


def write_on(project: Project, grow: int) -> None:
    """Be the engine, until the process is killed: a run that grows fast and then hardly."""
    rng, number = random.Random(1), 0
    with EngineLock(project), Store.open(project.db_path, timeout_s=120) as store:
        run = store.create_run(
            seed=1, iterations=9, config={}, config_hash="", versions={}, student="none"
        )
        while True:
            with store.transaction():
                for _ in range(5 if number < grow else 1):
                    number += 1
                    store.add_train_steps([step(run.id, number, rng)])
                    add_trajectory(store, run.id, number, rng)
                store.add_event(run.id, "checkpoint.saved", f"checkpoint saved at step {number}")
            time.sleep(0.1 if number < grow else 2)


def step(run_id: int, number: int, rng: random.Random) -> TrainStep:
    return TrainStep(
        run_id=run_id,
        iteration=1,
        step=number,
        epoch=number / 1000,
        loss=1 / (1 + number / 500) + rng.gauss(0, 0.05),
        learning_rate=1e-4,
        grad_norm=1.0,
        tokens=8000,
        weighted_tokens=5000,
        seconds=0.5,
    )


def add_trajectory(store: Store, run_id: int, number: int, rng: random.Random) -> None:
    question, words = f"What is {number} + 3?", [f"word{n}" for n in range(200)]
    item = Item(
        task="invented",
        split=Split.TRAIN,
        subtask=Subtask.SEEN,
        question=question,
        answer="5",
        rationale="",
    )
    store.add_items([item])
    (item_id,) = store._rows("SELECT max(id) FROM items")[0]
    attempt = Attempt(
        run_id=run_id,
        iteration=1,
        pass_=0,
        item_id=item_id,
        text="(1) text",
        seed=number,
        temperature=1.0,
        finish_reason="eos",
        tokens=9,
    )
    (attempt_id,) = store.add_attempts([attempt])
    texts = [" ".join(rng.choices(words, k=rng.randint(30, 110))) for _ in range(4)]
    turns = tuple(
        Turn(kind=kind, author="script", text=text)
        for kind, text in zip((TurnKind.ATTEMPT, TurnKind.FEEDBACK) * 2, texts, strict=True)
    )
    store.add_edits(
        [
            Trajectory(
                run_id=run_id,
                iteration=1,
                attempt_id=attempt_id,
                item_id=item_id,
                origin=Origin.EDITED,
                text="\n".join(texts),
                updates=1,
                turns=turns,
            )
        ]
    )


async def soaked(
    project: Project, writer: subprocess.Popen[bytes], arguments: argparse.Namespace
) -> None:
    FollowingScreen.POLL_S = RunScreen.POLL_S = POLL_S
    process, app = psutil.Process(), TripostApp()
    place = Place(project.path, "grown")
    counts = {"readings": 0, "keys": 0}
    take = RunScreen.take

    def counted(self: RunScreen, reading: object) -> None:
        counts["readings"] += 1
        take(self, reading)  # type: ignore[arg-type]

    RunScreen.take = counted  # type: ignore[method-assign]
    print_head()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(2)
        began = noted = time.monotonic()
        traced: tracemalloc.Snapshot | None = None
        there: Counter[str] | None = None
        while time.monotonic() - began < 60 * arguments.minutes:
            await go_round(pilot, app, place, counts)
            if writer.poll() is not None or not app.is_running:
                raise SystemExit("The writer ended." if app.is_running else "The app ended.")
            gc.collect()
            if time.monotonic() - noted < 60:
                continue
            noted, written = time.monotonic(), rows(project)
            print(
                f"| {(noted - began) / 60:.1f} | {counts['readings']:,} | {counts['keys']:,} | "
                f"{written:,} | {process.memory_info().rss / 1e6:.1f} | "
                f"{len(gc.get_objects()):,} |",
                flush=True,
            )
            if there is None and written > arguments.grow:
                there = kinds()
                if arguments.trace:
                    tracemalloc.start()
                    traced = tracemalloc.take_snapshot()
        if there is not None:
            print_more(there)
        if traced is not None:
            print_growth(traced)
        await pilot.press("escape")


async def go_round(
    pilot: Pilot[None], app: TripostApp, place: Place, counts: dict[str, int]
) -> None:
    """All screens once, for about `ROUND_S` seconds."""

    async def press(*keys: str) -> None:
        # The pilot waits for rest after each key, and there is none here.
        counts["keys"] += len(keys)
        for key in keys:
            typed = Key(_character_to_key(key), key) if len(key) == 1 else Key(key, None)
            app.post_message(typed)
            await asyncio.sleep(0.02)

    app.do_home()
    app.open_stage(Target.RUN, place)
    end = time.monotonic() + ROUND_S / 2
    while time.monotonic() < end:
        await press("tab", "question_mark", "escape", "g", "escape", "z", "z")
        await asyncio.sleep(0.3)
    app.open_stage(Target.REVIEW, place)
    screen = app.screen
    assert isinstance(screen, ReviewScreen)
    end = time.monotonic() + ROUND_S / 2
    while time.monotonic() < end:
        await press(*KEYS)
        await press("e", "a", "b", "escape", "m", "n", "escape", "r")
        await press("slash", *"word7", "enter", "j", "j", "escape")
    for target, keys in OTHERS.items():
        app.open_stage(target, place)
        await asyncio.sleep(0.5)
        await press(*keys)
        await asyncio.sleep(0.3)
    await pilot.resize_terminal(80, 24)
    await pilot.resize_terminal(20, 5)
    await pilot.resize_terminal(120, 40)
    app.do_home()
    app.do_doctor()
    await asyncio.sleep(0.5)
    app.do_home()
    app.open_new()
    await asyncio.sleep(0.5)
    app.do_home()
    await asyncio.sleep(0.3)


def rows(project: Project) -> int:
    with Store.open(project.db_path, readonly=True, timeout_s=10) as store:
        return int(store._rows("SELECT count(*) FROM trajectories")[0][0])


def kinds() -> Counter[str]:
    return Counter(f"{type(each).__module__}.{type(each).__name__}" for each in gc.get_objects())


def print_more(before: Counter[str]) -> None:
    print("\nMore of these than when the run had grown:\n")
    print("| objects | more |")
    print("| --- | --: |")
    for kind, count in (kinds() - before).most_common(12):
        print(f"| {kind} | {count:+,} |")


def print_growth(first: tracemalloc.Snapshot) -> None:
    now = tracemalloc.take_snapshot()
    print("\nGrown most in kB, by line:\n")
    print("| kB | objects | where |")
    print("| --: | --: | --- |")
    for each in now.compare_to(first, "lineno")[:12]:
        frame = each.traceback[0]
        where = "/".join(Path(frame.filename).parts[-2:])
        print(f"| {each.size_diff / 1e3:+.1f} | {each.count_diff:+,} | {where}:{frame.lineno} |")


def print_head() -> None:
    print("# Soak\n")
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f} at the start; {time.strftime('%Y-%m-%d')}; "
        f"Python {platform.python_version()}, Textual {version('textual')}. "
        "Memory after a collection.\n"
    )
    print("| minutes | readings | keys | trajectories | RSS, MB | objects |")
    print("| --: | --: | --: | --: | --: | --: |", flush=True)


if __name__ == "__main__":
    main()
