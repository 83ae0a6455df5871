"""The tables of the app's benchmarks: on what they were measured, and what keeps to its budget."""

import os
import platform
import sqlite3
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

HEADER = (
    "| what | median | 95th percentile | worst | budget |  |\n| --- | --: | --: | --: | --: | --- |"
)


def measured_on() -> str:
    """The machine, its load at the start, the day and the versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    load = os.getloadavg()[0]
    return (
        f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} "
        f"cores, load {load:.1f} at the start; {time.strftime('%Y-%m-%d')}; "
        f"Python {platform.python_version()}, Textual {version('textual')}, "
        f"SQLite {sqlite3.sqlite_version}."
    )


def print_times(
    name: str, budget: float | None, found: Sequence[float], *, worst: bool = False
) -> None:
    """A line of milliseconds, and whether they keep to the budget: all but a twentieth of them,
    or with ``worst`` every single one."""
    high = quantiles(found, n=20, method="inclusive")[-1] if len(found) > 1 else found[0]
    limit = verdict = ""
    if budget is not None:
        limit = f"{budget:g}"
        verdict = "over" if (max(found) if worst else high) > budget else "✓"
    print(
        f"| {name} | {median(found):.1f} | {high:.1f} | {max(found):.1f} | {limit} | {verdict} |",
        flush=True,
    )
