"""Does it learn? TriPosT against two controls on the same number of training tokens.

    python benchmarks/learning.py OUT --seeds 1 2 3 --set train.learning_rate=3e-4

For each seed a run of TriPosT, then one that goes on with gold rationales (fresh questions,
each seen once) and one of rejection sampling (LMSI: the student's own right samples at T = 1.2,
with short answers), both with the training tokens that TriPosT had. All start from the same
student and are tested on the same held-out items. Every run is an ordinary project in OUT, so
that it can be looked at with `tripost report`. An interrupted study goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from db.store import Store
from engine.config import Settings, demo_settings, with_values
from engine.project import SETTINGS_FILE, Project
from engine.statistics import mcnemar

METHODS = ("tripost", "continued_rationale", "lmsi")
TEST_ITEMS = 500


def settings_of(method: str, seed: int, extra: dict[str, Any], tokens: int) -> Settings:
    """Return the settings of one run; ``tokens`` is the controls' budget per iteration."""
    settings = with_values(
        demo_settings(),
        {
            "task.test_items": TEST_ITEMS,
            **extra,
            "task.seed": seed,
            "run.seed": seed,
            "run.method": method,
        },
    )
    if method == "tripost":
        return settings
    values: dict[str, Any] = {"train.token_budget": tokens}
    if method == "continued_rationale":
        # A gold rationale has 170 tokens at least, so that no question comes twice.
        questions = tokens // 170 + 1
        values["collect.questions"] = questions
        values["task.train_items"] = questions * settings.run.iterations
    else:
        values["collect.temperature"] = 1.2
    return with_values(settings, values)


def run(folder: Path, settings: Settings) -> Project:
    """Make the project if need be, and run it to its end."""
    if not (folder / SETTINGS_FILE).exists():
        Project.create(folder, settings)
    project = Project.open(folder)
    subprocess.run([sys.executable, "-m", "engine", "run", str(folder)], check=True)
    return project


def rows_of(project: Project) -> list[dict[str, Any]]:
    """Return what each iteration reached, compared with the start item by item."""
    rows = []
    with Store.open(project.db_path, readonly=True) as store:
        one = store.latest_run()
        assert one is not None
        start = {e.item_id: e.final_correct for e in store.evaluations(one.id, 0)}
        for iteration in range(one.iterations + 1):
            items = store.evaluations(one.id, iteration)
            if not items:
                continue
            fixed = sum(e.final_correct and not start[e.item_id] for e in items)
            broken = sum(start[e.item_id] and not e.final_correct for e in items)

            def share(name: str, kind: str | None = None, items: Any = items) -> float:
                chosen = [e for e in items if kind in (None, e.subtask)]
                return round(100 * sum(bool(getattr(e, name)) for e in chosen) / len(chosen), 1)

            rows.append(
                {
                    "method": project.settings.run.method,
                    "seed": one.seed,
                    "iteration": iteration,
                    "n": len(items),
                    "first": share("first_correct"),
                    "final": share("final_correct"),
                    "final_seen": share("final_correct", "seen"),
                    "final_unseen": share("final_correct", "unseen"),
                    "updated": share("updates"),
                    "fixed_itself": sum(e.final_correct and not e.first_correct for e in items),
                    "spoiled_itself": sum(e.first_correct and not e.final_correct for e in items),
                    "p_vs_start": mcnemar(fixed, broken),
                    "tokens": sum(s.tokens for s in store.train_steps(one.id, iteration)),
                }
            )
    return rows


def markdown(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a table."""
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = [f"{v:.2g}" if k == "p_vs_start" else f"{v}" for k, v in row.items()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> str:
    """Name the machine and the versions."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
    return (
        f"{platform.machine()} {platform.system()}, Python {platform.python_version()}, {libraries}"
    )


def study(
    out: Path, seeds: Sequence[int], methods: Sequence[str], extra: dict[str, Any], jobs: int
) -> list[dict[str, Any]]:
    """Run the methods with each seed, TriPosT first: its tokens are its seed's controls' budget."""

    def one(method: str, seed: int, tokens: int = 0) -> list[dict[str, Any]]:
        started = time.monotonic()
        project = run(out / f"{method}-seed{seed}", settings_of(method, seed, extra, tokens))
        found = rows_of(project)
        print(f"{method}, seed {seed}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        print(markdown(found), flush=True)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        edited = {seed: pool.submit(one, "tripost", seed) for seed in seeds}
        runs = list(edited.values())
        for seed, done in edited.items():
            rows = done.result()
            tokens = sum(row["tokens"] for row in rows) // (len(rows) - 1)
            runs += [pool.submit(one, m, seed, tokens) for m in methods if m != "tripost"]
        return [row for done in runs for row in done.result()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--jobs", type=int, default=1, help="runs at work at the same time")
    parser.add_argument("--set", nargs="*", default=[], metavar="SECTION.KEY=VALUE")
    args = parser.parse_args()
    extra: dict[str, Any] = {}
    for pair in args.set:
        key, _, text = pair.partition("=")
        try:
            extra[key] = json.loads(text)
        except json.JSONDecodeError:
            extra[key] = text

    rows = study(args.out, args.seeds, args.methods, extra, args.jobs)
    table = f"{machine()}\n\n{markdown(rows)}\n"
    (args.out / "table.md").write_text(table)
    print(f"\n{table}")


if __name__ == "__main__":
    main()
