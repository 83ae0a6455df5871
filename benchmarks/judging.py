"""How many attempts a second does a core judge?

    python benchmarks/judging.py [--items 100] [--rounds 3]

Each row is judged as `tripost task judge` does it, from its JSON line to the line that is
written; no question comes twice. The time is that of the processor (user and system), so that a
busy machine slows it less than a clock would show; of several rounds the fastest counts, since
what else is at work can only add to it. FBK alone, with the reading of the steps, is timed apart,
on other questions. The last table is in benchmarks/judging.md.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import random
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

from db.records import Item, Split, Subtask
from engine.attempt_rows import read_attempts
from engine.judging import AttemptJudge, Tally
from engine.tasks import TASKS
from engine.tasks.base import CannotJudge, Task
from engine.trajectory import parse_attempt
from tripost_tui.progress import json_line

TARGET = 5_000
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z]{2,}")
_LABEL = re.compile(r"^\([^)\n]*\) ", re.MULTILINE)


# --- what is judged ------------------------------------------------------------------------------


def gold(item: Item, rng: random.Random) -> str:
    return item.rationale


def wrong_number(item: Item, rng: random.Random) -> str:
    """Another number somewhere in a step."""
    return _spoiled(item.rationale, _NUMBER, lambda _: str(rng.randint(10, 99)), rng)


def wrong_letter(item: Item, rng: random.Random) -> str:
    """A letter of a word, or a name of one letter, is another."""

    def other(text: str) -> str:
        at = rng.randrange(len(text))
        return text[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + text[at + 1 :]

    return _spoiled(item.rationale, re.compile(r"[A-Za-z]+"), other, rng)


def wrong_word(item: Item, rng: random.Random) -> str:
    """A word has the place of another."""
    words = _WORD.findall(item.rationale)
    return _spoiled(item.rationale, _WORD, lambda _: rng.choice(words), rng)


def free_text(item: Item, rng: random.Random) -> str:
    """As a model writes that knows nothing of the form: no labels, one paragraph."""
    return " ".join(_LABEL.sub("", item.rationale).split("\n"))


def _spoiled(
    text: str, what: re.Pattern[str], other: Callable[[str], str], rng: random.Random
) -> str:
    """Replace one match inside a step; the labels stay."""
    labels = [match.span() for match in _LABEL.finditer(text)]
    found = [
        match
        for match in what.finditer(text)
        if not any(start <= match.start() < end for start, end in labels)
    ]
    if not found:
        return text
    match = rng.choice(found)
    return text[: match.start()] + other(match[0]) + text[match.end() :]


KINDS = (gold, wrong_number, wrong_letter, wrong_word, free_text)


# --- measuring -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """What a second of one core does, and what became of the rows."""

    rows_per_s: float
    fbk_per_s: float
    characters: float
    tally: Tally


def measure(task: Task, items: Sequence[Item], texts: Sequence[str], rounds: int) -> Measured:
    """Measure on items with the texts of attempts, a part of them in each round."""
    rows = [
        {"question": item.question, "attempt": text, "target": item.answer}
        for item, text in zip(items, texts, strict=True)
    ]
    work = AttemptJudge(task)
    size = len(rows) // (2 * rounds)
    parts = [rows[start : start + size] for start in range(0, 2 * rounds * size, size)]
    spent = min(_judging(work, part) for part in parts[:rounds])
    spent_by_fbk = min(_by_fbk(task, part) for part in parts[rounds:])
    characters = sum(map(len, texts)) / len(texts)
    return Measured(size / spent, size / spent_by_fbk, characters, work.tally)


def _judging(work: AttemptJudge, rows: Sequence[dict[str, str]]) -> float:
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    started = time.process_time()
    for judged in work.judge(read_attempts(io.BytesIO(lines))):
        json_line(judged)
    return time.process_time() - started


def _by_fbk(task: Task, rows: Sequence[dict[str, str]]) -> float:
    started = time.process_time()
    for row in rows:
        # What cannot be judged takes its time as well.
        with suppress(CannotJudge):
            task.feedback(row["question"], parse_attempt(row["attempt"]))
    return time.process_time() - started


def study(name: str, subtask: Subtask, count: int, rounds: int) -> list[str]:
    """Return the lines of the table for one task."""
    task = TASKS[name]()
    # No two kinds share questions: what is kept of one would speed up the other.
    size = 2 * rounds * count
    items = task.generate(Split.TRAIN, [subtask], size * len(KINDS), seed=2)
    # What is filled once, such as the table of all orders of seven objects, is filled before.
    for item in task.generate(Split.TEST, [subtask], 100, seed=1):
        task.feedback(item.question, parse_attempt(item.rationale))
    lines = []
    for number, kind in enumerate(KINDS):
        its_items = items[number * size : (number + 1) * size]
        rng = random.Random(f"{name}/{subtask}/{kind.__name__}")
        found = measure(task, its_items, [kind(item, rng) for item in its_items], rounds)
        tally = found.tally
        lines.append(
            f"| {name} | {subtask} | {kind.__name__.replace('_', ' ')} | {found.characters:,.0f} "
            f"| {found.rows_per_s:,.0f} | {found.fbk_per_s:,.0f} "
            f"| {tally.accepted} / {tally.rejected} / {tally.not_judged.total()} "
            f"| {'yes' if found.rows_per_s >= TARGET else 'no'} |"
        )
    return lines


def machine() -> str:
    """Name the machine, the versions and how busy it is."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{models[0] if models else platform.machine()} ({os.cpu_count()} cores), "
        f"{platform.system()}, Python {platform.python_version()}, tripost-tui "
        f"{version('tripost-tui')}; load {load}, niceness {os.nice(0)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    args = parser.parse_args()
    print(f"{machine()}; the best of {args.rounds} rounds of {args.items} rows\n")
    print(
        "| task | subtask | attempts | characters | rows/s | FBK/s "
        f"| accepted / rejected / not judged | {TARGET:,} rows/s |"
    )
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | --- |")
    for name in args.tasks:
        for subtask in Subtask:
            print("\n".join(study(name, subtask, args.items, args.rounds)), flush=True)


if __name__ == "__main__":
    main()
