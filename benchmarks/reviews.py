"""How fast review is with 100,000 trajectories: counting, paging, deciding, undoing.

    python benchmarks/reviews.py [--trajectories N] [--folder DIR] > benchmarks/reviews.md

Makes a database of invented trajectories of about 1.6 kB each, half of them decided, and times
each query by itself. Prints a Markdown table.
"""

import argparse
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parent.parent))

from db.records import (
    Attempt,
    Item,
    Origin,
    Split,
    Subtask,
    Trajectory,
    Turn,
    TurnKind,
)
from db.review_conditions import ReviewOrder
from db.review_records import CheckVerdict, ReviewChange, ReviewKind
from db.store import Store
from engine.review_filter import parse_filter
from engine.second_looks import second_look

COUNTS, PAGES, DECISIONS = 50.0, 100.0, 5.0
"""Budgets in milliseconds."""
TIMES = 15
PENDING = parse_filter("status:pending")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trajectories", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to make the database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "tripost.db"
        with Store.create(path) as store:
            run_id, ids = filled(store, arguments.trajectories)
            print_table(store, path, run_id, ids)


def filled(store: Store, count: int) -> tuple[int, list[int]]:
    """Store trajectories, half of them decided, all of them checked."""
    rng = random.Random(0)
    run = store.create_run(
        seed=1, iterations=2, config={}, config_hash="", versions={}, student="none"
    )
    store.add_items(
        Item(
            task="invented",
            split=Split.TRAIN,
            subtask=Subtask.SEEN,
            question=f"What is {n} + 3, and why? " + "Think of it. " * 10,
            answer="5",
            rationale="",
        )
        for n in range(count)
    )
    items = [item.id for item in store.items("invented")]
    attempts = store.add_attempts(
        Attempt(
            run_id=run.id,
            iteration=1 + n * 2 // count,
            pass_=0,
            item_id=item_id,
            text="(1) text",
            seed=n,
            temperature=1.0,
            finish_reason="eos",
            tokens=9,
        )
        for n, item_id in enumerate(items)
    )
    words = [f"{a}{b}" for a in ("step", "sum", "part", "group") for b in range(50)]
    ids = store.add_edits(
        trajectory(run.id, 1 + n * 2 // count, attempt_id, item_id, n, rng, words)
        for n, (attempt_id, item_id) in enumerate(zip(attempts, items, strict=True))
    )
    verdicts = rng.choices(list(CheckVerdict), weights=(80, 15, 5), k=count)
    store.add_checks(dict(zip(ids, verdicts, strict=True)))
    for start in range(count // 2, count, 500):
        store.review_step(
            run.id,
            [
                ReviewChange(
                    trajectory_id=key,
                    kind=rng.choice([ReviewKind.ACCEPT, ReviewKind.REJECT]),
                )
                for key in ids[start : start + 500]
            ],
        )
    touches = [
        ReviewChange(trajectory_id=key, kind=ReviewKind.TAGS, tags=("wrong-step",))
        for key in rng.sample(ids, count // 100)
    ]
    store.review_step(run.id, touches)
    store.review_step(
        run.id,
        [
            ReviewChange(trajectory_id=key, kind=ReviewKind.EDIT, text="edited " * 200)
            for key in rng.sample(ids, count // 100)
        ],
    )
    return run.id, ids


def trajectory(
    run_id: int,
    iteration: int,
    attempt_id: int,
    item_id: int,
    n: int,
    rng: random.Random,
    words: list[str],
) -> Trajectory:
    texts = [" ".join(rng.choices(words, k=rng.randint(30, 110))) for _ in range(4)]
    expert = "expert:rare" if n % 1000 == 0 else "expert:common"
    authors = ("student", "script", expert, "script")
    kinds = (TurnKind.ATTEMPT, TurnKind.FEEDBACK) * 2
    return Trajectory(
        run_id=run_id,
        iteration=iteration,
        attempt_id=attempt_id,
        item_id=item_id,
        origin=list(Origin)[n % 3],
        text="\n".join(texts) + (" needle" if n == 77 else ""),
        updates=1 + n % 4,
        turns=tuple(
            Turn(kind=kind, author=author, text=text)
            for kind, author, text in zip(kinds, authors, texts, strict=True)
        ),
    )


def machine() -> str:
    """Return the processor's name, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def timed(act: Callable[[], object]) -> list[float]:
    """Return milliseconds, once for each time."""
    found = []
    for _ in range(TIMES):
        start = time.perf_counter()
        act()
        found.append(1000 * (time.perf_counter() - start))
    return found


def print_table(store: Store, path: Path, run_id: int, ids: list[int]) -> None:
    rng = random.Random(1)

    def page(text: str = "", order: ReviewOrder = ReviewOrder.NEWEST, offset: int = 0) -> None:
        store.review_page(run_id, parse_filter(text), order, offset=offset)

    def decide(kind: ReviewKind) -> None:
        change = ReviewChange(trajectory_id=rng.choice(ids), kind=kind)
        store.review_step(run_id, [change])

    def bulk() -> None:
        chosen = rng.sample(ids, 1000)
        changes = [ReviewChange(trajectory_id=key, kind=ReviewKind.REJECT) for key in chosen]
        store.review_step(run_id, changes)

    last = len(ids) - 100
    cases: list[tuple[str, float | None, Callable[[], object]]] = [
        ("counts by status", COUNTS, lambda: store.review_counts(run_id)),
        ("counts by status, one iteration", COUNTS, lambda: store.review_counts(run_id, 2)),
        *(
            (f"first page, order {order}", PAGES, lambda order=order: page(order=order))
            for order in ReviewOrder
        ),
        *(
            (f"last page, order {order}", PAGES, lambda order=order: page("", order, last))
            for order in ReviewOrder
        ),
        *(
            (f"first page, `{text}`", PAGES, lambda text=text: page(text))
            for text in (
                "status:pending",
                "status:accepted",
                "status:pending iter:2",
                "tag:wrong-step",
                "flagged",
                "check:fail",
                "check:unknown -status:pending",
                "origin:edited updates>2",
                "by:expert",
                "by:person",
                "author:rare",
                "len>2300",
                "step7",
                "needle",
                '-"step7"',
            )
        ),
        (
            "first page, `status:pending check:fail`, order checker",
            PAGES,
            lambda: page("status:pending check:fail", ReviewOrder.CHECKER),
        ),
        ("first undecided", PAGES, lambda: store.first_pending(run_id)),
        (
            "ids of all pending",
            None,
            lambda: store.review_ids(run_id, parse_filter("status:pending")),
        ),
        ("one trajectory's state", DECISIONS, lambda: store.review_state(rng.choice(ids))),
        ("one decision", DECISIONS, lambda: decide(ReviewKind.ACCEPT)),
        ("one undo", DECISIONS, lambda: store.undo_review(run_id)),
        ("one redo", DECISIONS, lambda: store.redo_review(run_id)),
        ("what is to be looked at again", None, lambda: second_look(store, run_id)),
        ("agreement", None, lambda: store.review_agreement(run_id)),
        ("pace", None, lambda: store.review_speed(run_id)),
        ("1,000 decisions in one step", None, bulk),
        ("undo of them", None, lambda: store.undo_review(run_id)),
    ]
    print("# Review\n")
    print(
        f"{len(ids):,} trajectories, {path.stat().st_size / 1e6:.0f} MB, half of them decided. "
        f"{machine()}, {os.cpu_count()} cores; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, journal mode "
        f"{store._connection.execute('PRAGMA journal_mode').fetchone()[0]}, synchronous FULL. "
        f"Milliseconds of {TIMES} times, the file on disk and in the system's cache.\n"
    )
    print("| what | median | 95th percentile | budget |")
    print("| --- | --: | --: | --: |")
    for name, budget, act in cases:
        found = timed(act)
        worst = quantiles(found, n=20)[-1]
        limit = "" if budget is None else f"{budget:g}"
        over = " (over)" if budget is not None and median(found) > budget else ""
        print(f"| {name} | {median(found):.2f}{over} | {worst:.2f} | {limit} |", flush=True)


if __name__ == "__main__":
    main()
