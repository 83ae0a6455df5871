"""How fast the evaluate screen is with 100,000 test items, measured through the running app.

    python benchmarks/evaluate_screen.py [--items N] [--folder DIR] \
        > benchmarks/evaluate_screen.md

The app runs without a terminal, with the keys' own actions and its own painting. A time is from
the action's begin until the screen has been painted after it. Prints a Markdown table.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TEXTUAL_FPS", "120")  # as the package has it, which is imported too late

from tables import HEADER, measured_on, print_times

from db.records import Evaluation, Item, RunStatus, Split, StageName, Subtask
from db.store import Store
from engine.config import demo_settings
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.collector import calm_collector
from tripost_tui.screens.evaluate import EvaluateScreen
from tripost_tui.state.place import Place

OPEN, MOVE, SWITCH, FILTER = 1000.0, 20.0, 100.0, 300.0
"""Budgets in milliseconds."""
SIZE = (120, 40)
ITERATIONS = 3
TASK = "multistep_arithmetic"
TEXT = """(1) This equation can be written as "A * B", where A = (7 * -2 - 4) and B = (3 + -9 * 1).
(2) Let's calculate A = (7 * -2 - 4) = (-14 - 4) = {0}.
(3) Let's calculate B = (3 + -9 * 1) = (3 + -9) = -6.
(4) Then, the final equation is A * B = {0} * -6 = {1}.
(Final response) So the answer is {1}.
Feedback: Steps (1) to (4) are correct. The final response is also correct."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to make the database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        os.environ["TRIPOST_STATE_DIR"] = f"{folder}/state"
        projects = []
        for name in ("one", "other"):
            project = Project.create(Path(folder) / name, demo_settings())
            with Store.open(project.db_path) as store, store.transaction():
                filled(store, arguments.items)
            projects.append(project)
        asyncio.run(measured(projects, arguments.items))


def filled(store: Store, count: int) -> None:
    """Test items with an evaluation at the start and after each iteration."""
    rng = random.Random(1)
    store.add_items(
        Item(
            task=TASK,
            split=Split.TEST,
            subtask=Subtask.SEEN if n % 2 else Subtask.UNSEEN,
            question=f"((7 * -2 - {n}) * (3 + -9 * 1)) =",
            answer=str(n),
            rationale="",
        )
        for n in range(count)
    )
    items = store.items(TASK, Split.TEST)
    settings = demo_settings().model_dump(mode="json")
    run = store.create_run(
        seed=1,
        iterations=ITERATIONS,
        config=settings,
        config_hash="",
        versions={},
        student="embedded",
    )
    for iteration in range(ITERATIONS + 1):
        stage = store.start_stage(run.id, iteration, StageName.EVALUATE, count)
        rows = (evaluation(rng, run.id, iteration, item) for item in items)
        store.add_evaluations(rows)
        store.advance_stage(stage.id, count, 1.0)
        store.finish_stage(stage.id)
    store.set_run_status(run.id, RunStatus.FINISHED)


def evaluation(rng: random.Random, run_id: int, iteration: int, item: Item) -> Evaluation:
    first, final = rng.random() < 0.5, rng.random() < 0.5 + 0.02 * iteration
    text = TEXT.format(rng.randrange(-99, 99), rng.randrange(-999, 999))
    return Evaluation(
        run_id=run_id,
        iteration=iteration,
        item_id=item.id,
        text=text,
        first_answer="60",
        final_answer="108",
        first_correct=first,
        final_correct=final,
        first_flexible=first,
        final_flexible=final,
        updates=rng.randrange(2),
        finish_reason="eos",
        tokens=150,
    )


class Watch:
    """Does things to the screen and takes their times."""

    def __init__(self, screen: EvaluateScreen) -> None:
        self.screen = screen

    async def painted(self) -> None:
        done = asyncio.Event()
        self.screen.call_after_refresh(done.set)
        await done.wait()

    async def once(self, act: Callable[[], Awaitable[object]]) -> float:
        start = time.perf_counter()
        await act()
        await self.painted()
        return 1000 * (time.perf_counter() - start)

    async def times(self, count: int, act: Callable[[], Awaitable[object]]) -> list[float]:
        return [await self.once(act) for _ in range(count)]


async def measured(projects: list[Project], count: int) -> None:
    app = TripostApp()
    one, other = projects
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        calm_collector()  # as the app does on a terminal
        accuracies, comparisons = [], []
        for _ in range(5):
            start = time.perf_counter()
            app.open_stage(Target.EVALUATE, Place(one.path, "one"))
            screen = app.screen
            assert isinstance(screen, EvaluateScreen)
            while not screen.state.lines():
                await asyncio.sleep(0.002)
            watch = Watch(screen)
            await watch.painted()
            accuracies.append(1000 * (time.perf_counter() - start))
            while not screen.state.items.loaded:
                await asyncio.sleep(0.002)
            await watch.painted()
            comparisons.append(1000 * (time.perf_counter() - start))
            await pilot.pause(0.2)
            if len(comparisons) < 5:
                app.pop_screen()
                await pilot.pause(0.2)
        print_head(one.path, count)
        print_times("open: accuracy is shown", OPEN, accuracies)
        print_times("open: two models are compared", OPEN, comparisons)
        await screen.do_items()
        await pilot.pause(0.2)
        await print_moves(watch)
        await print_filters(watch)
        first, second = screen.state.items.first, screen.state.items.second
        assert first is not None
        assert second is not None
        elsewhere = type(second)(other.path, "other", 1, ITERATIONS)
        models = [elsewhere, second, elsewhere, second]
        found = [
            await watch.once(lambda to=to: screen._do(lambda desk: desk.compare(first, to)))
            for to in models
        ]
        print_times("another model of this project", OPEN, found[1::2])
        print_times("a model of another project", OPEN, found[::2])
        start = time.perf_counter()
        choices = app.backend.models(one.path, None)
        took = 1000 * (time.perf_counter() - start)
        print_times(f"the list of {len(choices)} models", OPEN, [took, took])


async def print_moves(watch: Watch) -> None:
    screen, rng = watch.screen, random.Random(1)

    def jump() -> Awaitable[object]:
        at = rng.randrange(len(screen.state.items.places))
        return screen._do(lambda desk: desk.go(at))

    async def mark() -> None:
        screen.do_diff()

    print_times("next item (`j`): list and item", MOVE, await watch.times(300, screen.do_down))
    print_times("item switch to anywhere", SWITCH, await watch.times(200, jump))
    await mark()
    print_times("`j` with differing words marked", SWITCH, await watch.times(100, screen.do_down))
    await mark()


async def print_filters(watch: Watch) -> None:
    screen = watch.screen
    print_times("next kind of change (`c`)", FILTER, await watch.times(10, screen.do_kind))
    print_times("seen, unseen (`u`)", FILTER, await watch.times(9, screen.do_subtask))
    print_times("what counts (`t`)", FILTER, await watch.times(8, screen.do_measure))
    print_times("next order (`o`)", FILTER, await watch.times(9, screen.do_order))
    # In turn: what was looked for last is remembered.
    looked_for = ("nowhere", "response", '"- 77777)"')
    times: dict[str, list[float]] = {}
    for words in looked_for * 5:
        found = await watch.once(lambda words=words: screen._do(lambda desk: desk.find(words)))
        name = f"find `{words}`: {len(screen.state.items.places):,}"
        times.setdefault(name, []).append(found)
    for name, each in times.items():
        print_times(name, FILTER, each)
    await screen._do(lambda desk: desk.find(""))


def print_head(path: Path, count: int) -> None:
    size = (path / "tripost.db").stat().st_size / 1e6
    print("# Evaluate screen\n")
    print(
        f"{count:,} test items, evaluated {ITERATIONS + 1} times, {size:.0f} MB; "
        f"{SIZE[0]}x{SIZE[1]} cells. {measured_on()} Milliseconds from the "
        "action to the painted screen, which is painted 120 times a second at most: 8 ms are the "
        "least.\n"
    )
    print(HEADER, flush=True)


if __name__ == "__main__":
    main()
