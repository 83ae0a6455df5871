"""How fast the balance is with 100,000 trajectories, measured through the running app.

    python benchmarks/balance_screen.py [--trajectories N] [--moves N] [--folder DIR] \
        > benchmarks/balance_screen.md

Five arithmetic trajectories for each question, one edited, as scripts edit them. First nothing is
stored of stage 2, so that all is counted; then its examples are. The app runs without a terminal,
with the keys' own actions and its own painting. Prints a Markdown table.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TEXTUAL_FPS", "120")  # as the package has it, which is imported too late
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "tripost_tui"))

import psutil
from balanced import make
from reviewed import add_trajectories, turns_of
from tables import HEADER, measured_on, print_times
from textual.pilot import Pilot

from db.records import Split, StageName, Subtask
from db.store import Store
from engine.config import demo_settings, settings_hash, with_values
from engine.project import Project
from engine.task_setup import project_task
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.collector import calm_collector
from tripost_tui.screens.balance import BalanceScreen
from tripost_tui.state.place import Place

OPEN, MOVE, KEY = 1000.0, 20.0, 100.0
"""Budgets in milliseconds."""
SIZE = (120, 40)
PASSES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trajectories", type=int, default=100_000)
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where to make the database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        os.environ["TRIPOST_STATE_DIR"] = f"{folder}/state"
        project = filled(Path(folder) / "kept", arguments.trajectories)
        asyncio.run(measured(project, arguments.trajectories, arguments.moves))


def filled(folder: Path, count: int) -> Project:
    """A project with an iteration that is collected, but not post-processed."""
    questions = count // PASSES
    values = {"collect.questions": questions, "run.iterations": 1, "collect.passes": PASSES}
    settings = with_values(demo_settings(), {**values, "task.train_items": 2 * questions})
    project = Project.create(folder, settings)
    with (
        Store.open(project.db_path) as store,
        closing(project_task(project)) as task,
        store.transaction(),
    ):
        run = store.create_run(
            seed=1,
            iterations=1,
            config=settings.model_dump(mode="json"),
            config_hash=settings_hash(settings),
            versions={},
            student="embedded",
        )
        store.add_items(task.generate(Split.TRAIN, [Subtask.SEEN], 2 * questions, 1))
        items = store.items(task.name)[:questions]
        for place in range(PASSES):
            turns = [(item, turns_of(task, item, place + n)) for n, item in enumerate(items)]
            add_trajectories(store, run.id, task.hint, turns, pass_=place)
        for name in (StageName.SAMPLE, StageName.EDIT):
            store.finish_stage(store.start_stage(run.id, 1, name, count).id)
    return project


class Watch:
    """Does things to the screen and takes their times."""

    def __init__(self, pilot: Pilot[None], screen: BalanceScreen) -> None:
        self.pilot, self.screen = pilot, screen

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

    async def until(self, true: Callable[[], object]) -> float:
        start = time.perf_counter()
        while not true():
            await asyncio.sleep(0.002)
        await self.painted()
        return 1000 * (time.perf_counter() - start)


async def opened(pilot: Pilot[None], project: Project) -> tuple[Watch, float]:
    """Open the screen; how long until it shows how much is collected, or more."""
    app = pilot.app
    assert isinstance(app, TripostApp)
    start = time.perf_counter()
    app.open_stage(Target.BALANCE, Place(project.path, project.name))
    screen = app.screen
    assert isinstance(screen, BalanceScreen)
    watch = Watch(pilot, screen)
    await watch.until(lambda: screen.view.loaded)
    return watch, 1000 * (time.perf_counter() - start)


async def measured(project: Project, count: int, moves: int) -> None:
    app = TripostApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        calm_collector()  # as the app does on a terminal
        print_head(project.path, count)
        watch, first = await opened(pilot, project)
        screen = watch.screen
        print_times("open, not made: trajectories and reviews", OPEN, [first])

        async def key() -> None:
            screen.do_numbers()

        begin, keys = time.perf_counter() - first / 1000, []
        while screen.view.job is not None:
            keys.append(await watch.once(key))
            await asyncio.sleep(0.1)
        whole = 1000 * (time.perf_counter() - begin)
        print_times("a key (`n`) while it counts", KEY, keys)
        print_times("until all is counted", None, [whole])
        steps = []
        for act in (screen.do_more, screen.do_less) * 5:
            start = time.perf_counter()
            shown = await watch.once(act)
            await watch.until(lambda: screen.view.job is None)
            steps.append((shown, 1000 * (time.perf_counter() - start)))
        print_times("p raised: the key itself", KEY, [shown for shown, _ in steps])
        print_times("p raised: its counts are there", None, [whole for _, whole in steps])
        await print_moves(watch, moves, "not made")
        memory = psutil.Process().memory_info().rss / 1e6
        while len(app.screen_stack) > 1:
            app.pop_screen()
        await pilot.pause(0.5)
        with Store.open(project.db_path) as store, store.transaction():
            make(project, store, 1, 1)
        found, complete = [], []
        for _ in range(5):
            watch, first = await opened(pilot, project)
            screen = watch.screen
            found.append(first)
            complete.append(first + await watch.until(lambda: has_example(app)))
            if len(found) < 5:
                app.pop_screen()
                await pilot.pause(0.3)
        print_times("open, made: all counts", OPEN, found)
        print_times("open, made: with list and example", None, complete)
        await print_moves(watch, moves, "made")
        print(f"\nMemory with all outlines: {memory:.0f} MB.")


async def print_moves(watch: Watch, moves: int, what: str) -> None:
    screen = watch.screen

    async def wheel() -> None:
        screen._list.scroll_relative(y=3, animate=False)

    async def whole() -> None:
        await screen.do_down()
        await watch.until(lambda: is_whole(screen))

    print_times(f"{what}: next line (`j`)", MOVE, await watch.times(moves, screen.do_down))
    print_times(f"{what}: next line and its text", KEY, await watch.times(moves // 3, whole))
    print_times(f"{what}: last, first", KEY, await watch.times(10, screen.do_last))
    print_times(f"{what}: list scrolled by the wheel", MOVE, await watch.times(100, wheel))
    print_times(f"{what}: other rows (`f`)", 300.0, await watch.times(8, screen.do_rows))


def has_example(app: TripostApp) -> bool:
    return isinstance(app.screen, BalanceScreen) and app.screen.view.example is not None


def is_whole(screen: BalanceScreen) -> bool:
    """Whether the text is that of the line one is at."""
    view = screen.view
    entry = view.entries[view.shown[view.at]]
    return view.example is not None and view.example.entry is entry


def print_head(path: Path, count: int) -> None:
    size = (path / "tripost.db").stat().st_size / 1e6
    print("# Balance screen\n")
    print(
        f"{count:,} trajectories of {count // PASSES:,} questions, {size:.0f} MB; "
        f"{SIZE[0]}x{SIZE[1]} cells. "
        f"{measured_on()} Milliseconds from the action to the painted screen, "
        "which is painted 120 times a second at most: 8 ms are the least.\n"
    )
    print(HEADER, flush=True)


if __name__ == "__main__":
    main()
