"""How fast the review screen is with 100,000 trajectories, measured through the running app.

    python benchmarks/review_screen.py [--trajectories N] [--moves N] [--folder DIR] \
        > benchmarks/review_screen.md

The app runs without a terminal, with the keys' own actions and its own painting. A time is from
the action's begin until the screen has been painted after it. Prints a Markdown table.
"""

import argparse
import asyncio
import gc
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

import psutil
from reviews import filled
from tables import HEADER, measured_on, print_times
from textual import constants
from textual.pilot import Pilot

from db.store import Store
from engine.config import demo_settings
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.collector import calm_collector
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.place import Place
from tripost_tui.state.review import ReviewDesk

OPEN, MOVE, SWITCH, FILTER = 1000.0, 20.0, 100.0, 300.0
"""Budgets in milliseconds."""
SIZE = (120, 40)
FILTERS = ("status:pending", "check:fail iter:2", "tag:wrong-step", "len>2300", "step7", "needle")
HELD_S = 0.033
"""How often a key that is held down comes: 30 times a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trajectories", type=int, default=100_000)
    parser.add_argument("--moves", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to make the database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        os.environ["TRIPOST_STATE_DIR"] = f"{folder}/state"
        kept = arguments.folder / "kept" if arguments.folder else Path(folder) / "kept"
        if not kept.exists():
            project = Project.create(kept, demo_settings())
            with Store.open(project.db_path) as store:
                filled(store, arguments.trajectories)
        asyncio.run(measured(kept, arguments.trajectories, arguments.moves))


class Watch:
    """Does things to the screen and takes their times."""

    def __init__(self, pilot: Pilot[None], screen: ReviewScreen) -> None:
        self.pilot, self.screen = pilot, screen
        self.list_ms: list[float] = []

    async def painted(self) -> None:
        done = asyncio.Event()
        self.screen.call_after_refresh(done.set)
        await done.wait()

    async def once(self, act: Callable[[], Awaitable[object]]) -> float:
        start = time.perf_counter()
        await act()
        await self.painted()
        self.list_ms.append(1000 * (time.perf_counter() - start))
        await self.painted()  # the item comes with the second painting
        return 1000 * (time.perf_counter() - start)

    async def times(
        self, count: int, act: Callable[[], Awaitable[object]], rest_s: float = 0.0
    ) -> list[float]:
        """Times until all is painted; those until the list is are in ``list_ms``."""
        self.list_ms = []
        found = []
        for _ in range(count):
            if rest_s:
                await asyncio.sleep(rest_s)
            found.append(await self.once(act))
        return found


async def measured(path: Path, count: int, moves: int) -> None:
    app = TripostApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        calm_collector()  # as the app does on a terminal
        opened = []
        for _ in range(5):
            start = time.perf_counter()
            app.open_stage(Target.REVIEW, Place(path, path.name))
            screen = app.screen
            assert isinstance(screen, ReviewScreen)
            while not screen.view.loaded:
                await asyncio.sleep(0.002)
            watch = Watch(pilot, screen)
            await watch.painted()
            opened.append(1000 * (time.perf_counter() - start))
            await pilot.pause(0.2)
            if len(opened) < 5:
                app.pop_screen()
                await pilot.pause(0.2)
        print_head(path, count)
        print_times("open, at the first undecided", OPEN, opened)
        await print_moves(watch)
        await print_decisions(watch)
        await print_filters(watch)
        await print_memory(watch, moves)


async def print_moves(watch: Watch) -> None:
    screen, rng = watch.screen, random.Random(1)

    def jump() -> Awaitable[object]:
        place = rng.randrange(len(screen.view.ids))
        return screen._do(lambda desk: desk.go(place))

    async def wheel() -> None:
        screen._queue.scroll_relative(y=3, animate=False)

    for name, rest_s in (("`j`, held down", HELD_S), ("`j` as fast as it goes", 0.0)):
        found = await watch.times(300, screen.do_down, rest_s)
        print_times(f"{name}: list", MOVE, watch.list_ms)
        print_times(f"{name}: item", SWITCH, found)
    print_times("item switch to anywhere", SWITCH, await watch.times(200, jump))
    await watch.times(100, wheel)
    print_times("list scrolled by the wheel", MOVE, watch.list_ms)
    screen.do_diff()
    print_times("`j` with changed words marked", SWITCH, await watch.times(100, screen.do_down))
    screen.do_diff()
    print_times("`j` with texts side by side", SWITCH, await watch.times(100, screen.do_down))
    screen.do_diff()


async def print_decisions(watch: Watch) -> None:
    screen = watch.screen
    print_times("accept and next (`a`), stored", SWITCH, await watch.times(100, screen.do_accept))
    print_times("undo (`u`)", SWITCH, await watch.times(50, screen.do_undo))
    print_times("redo (`U`)", SWITCH, await watch.times(50, screen.do_redo))
    print_times("flag (`f`)", SWITCH, await watch.times(50, screen.do_flag))


async def print_filters(watch: Watch) -> None:
    screen = watch.screen
    for text in FILTERS:
        act = lambda text=text: screen._do(lambda desk: desk.narrow(text))  # noqa: E731
        found = await watch.times(7, act)
        print_times(f"filter `{text}`: {len(screen.view.ids):,}", FILTER, found)
    clear = await watch.times(7, lambda: screen._do(lambda desk: desk.narrow("")))
    print_times("filter taken away", FILTER, clear)
    order = await watch.times(9, lambda: screen._do(ReviewDesk.turn_order))
    print_times("next order (`o`)", FILTER, order)


async def print_memory(watch: Watch, moves: int) -> None:
    screen, process = watch.screen, psutil.Process()
    await screen.do_first()
    await watch.times(500, screen.do_down)
    gc.collect()
    before = process.memory_info().rss
    found = await watch.times(moves, screen.do_down)
    gc.collect()
    grown = (process.memory_info().rss - before) / 1e6
    print_times(f"`j` {moves:,} times: list", MOVE, watch.list_ms)
    print_times(f"`j` {moves:,} times: item", SWITCH, found)
    print(f"\nMemory: {before / 1e6:.0f} MB before these moves, {grown:+.1f} MB after.")


def print_head(path: Path, count: int) -> None:
    size = (path / "tripost.db").stat().st_size / 1e6
    print("# Review screen\n")
    print(
        f"{count:,} trajectories, {size:.0f} MB, half of them decided; {SIZE[0]}x{SIZE[1]} cells. "
        f"{measured_on()} Milliseconds from the action to the painted screen, "
        f"which is painted {constants.MAX_FPS} times a second at most.\n"
    )
    print(HEADER, flush=True)


if __name__ == "__main__":
    main()
