"""All that the app promises about time, measured one after another: wants a quiet machine.

    python benchmarks/app_budgets.py [--size N] [--folder DIR] [--only NAME ...]

Runs the benchmarks of the app, each in a process of its own, and replaces its table beside this
script where it went through, in some ten minutes at 100,000. With another size the tables go to
``--folder``. Prints what is over its budget.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
FULL = 100_000
BENCHMARKS = {
    "key_latency": "--keys",
    "review_screen": "--trajectories",
    "evaluate_screen": "--items",
    "balance_screen": "--trajectories",
    "live_screens": "--steps",
}
"""Each with the option that sets its size; keys are not scaled."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=FULL)
    parser.add_argument("--folder", type=Path, help="where tables of another size go")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    arguments = parser.parse_args()
    if arguments.size != FULL and arguments.folder is None:
        arguments.folder = Path(tempfile.mkdtemp(prefix="app-budgets-"))
    results = HERE if arguments.folder is None else arguments.folder
    failed = [name for name in arguments.only if not measured(name, arguments.size, results)]
    print(f"\nTables are in {results}.")
    if failed:
        sys.exit(f"No table of {', '.join(failed)}: {'it' if len(failed) == 1 else 'they'} failed.")


def measured(name: str, size: int, results: Path) -> bool:
    """Run one benchmark, and keep its table if it went through."""
    command = [sys.executable, str(HERE / f"{name}.py")]
    if BENCHMARKS[name] != "--keys":
        command += [BENCHMARKS[name], str(size)]
    if name == "live_screens":
        command += ["--trajectories", str(size // 10), "--calls", str(size // 5)]
    begun = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    took = time.perf_counter() - begun
    if done.returncode:
        print(f"{name}: failed after {took:.0f} s", flush=True)
        return False
    (results / f"{name}.md").write_text(done.stdout)
    over = [line for line in done.stdout.splitlines() if line.endswith("| over |")]
    print(f"{name}: {took:.0f} s, {len(over)} over", flush=True)
    print("".join(f"    {line}\n" for line in over), end="", flush=True)
    return True


if __name__ == "__main__":
    main()
