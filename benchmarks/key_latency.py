"""How long a key takes to be seen while a real engine trains beside the app.

    python benchmarks/key_latency.py [--keys N] [--folder DIR] > benchmarks/key_latency.md

Starts the demo's engine on a project of its own and `tripost` in a pseudo-terminal, as a person
does. A time is from the byte of the key until the terminal has got a whole new picture: the first
output that changes the screen, and then none for 8 ms, which are taken off. Prints Markdown.
"""

import argparse
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import psutil
from tables import HEADER, measured_on, print_times

from db.store import Store
from engine.config import demo_settings
from engine.process import spawn_engine
from engine.project import Project, remember_project

ROOT = Path(__file__).parent.parent
KEY_MS, PAINT_MS = 100.0, 700.0
"""Budgets: of a key at the 95th percentile, and of the first painting."""
QUIET_S = 0.008
COLUMNS, ROWS = 120, 40


class Terminal:
    """`tripost` in a pseudo-terminal. Bytes that it writes are counted and thrown away."""

    def __init__(self, arguments: list[str], environment: dict[str, str], cwd: Path) -> None:
        self.begun = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execvpe(
                sys.executable, [sys.executable, "-m", "tripost_tui", *arguments], environment
            )

    def read(self, timeout_s: float) -> bytes:
        """What comes within the time; b"" when nothing does."""
        ready, _, _ = select.select([self.fd], [], [], timeout_s)
        if not ready:
            return b""
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            return b""

    def until(self, wanted: bytes, timeout_s: float = 60.0) -> float:
        """Seconds since the start when ``wanted`` has been written; raises TimeoutError."""
        seen, end = b"", time.perf_counter() + timeout_s
        while time.perf_counter() < end:
            seen += self.read(0.5)
            if wanted in seen:
                return time.perf_counter() - self.begun
        raise TimeoutError(f"{wanted!r} did not come; the last was {seen[-400:]!r}")

    def settle(self, quiet_s: float = 0.3, at_most_s: float = 5.0) -> None:
        """Read until nothing comes for a while."""
        end = time.perf_counter() + at_most_s
        while time.perf_counter() < end and self.read(quiet_s):
            pass

    def key(self, key: bytes) -> float:
        """Milliseconds until a key's picture is whole."""
        while self.read(0.0):
            pass
        begun = time.perf_counter()
        os.write(self.fd, key)
        last = 0.0
        while True:
            came = self.read(QUIET_S if last else 2.0)
            if not came:
                break
            last = time.perf_counter()
            if last - begun > 2:
                break
        if not last:
            raise TimeoutError(f"{key!r} changed nothing")
        return 1000 * (last - begun)

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=150)
    parser.add_argument("--folder", type=Path, help="where to make the project")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        os.environ["TRIPOST_STATE_DIR"] = str(folder / "state")
        environment = dict(os.environ)
        environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        print_head()
        first_paints(environment, folder)
        project = Project.create(folder / "tripost-demo", demo_settings())
        remember_project(project.path)
        pid = spawn_engine(project)
        engine = psutil.Process(pid)
        try:
            measure(project, engine, environment, folder, arguments.keys)
        finally:
            engine.kill()


def first_paints(environment: dict[str, str], folder: Path) -> None:
    """Process start to the first picture of Home."""
    found, processor = [], []
    for _ in range(9):
        terminal = Terminal([], environment, folder)
        found.append(1000 * terminal.until(b"projects and runs"))
        used = psutil.Process(terminal.pid).cpu_times()
        processor.append(1000 * (used.user + used.system))
        terminal.close()
    print_times("`tripost`: start to first painting", PAINT_MS, found)
    print_times("of it, processor time", PAINT_MS, processor)


def measure(
    project: Project,
    engine: psutil.Process,
    environment: dict[str, str],
    folder: Path,
    keys: int,
) -> None:
    wait_for(project, "SELECT count(*) FROM trajectories", 20)
    terminal = Terminal([], environment, folder)
    terminal.until(b"demo")
    os.write(terminal.fd, b"\r")
    terminal.until(b"Stages")
    terminal.settle(0.1, 2)
    wait_for(project, "SELECT count(*) FROM train_steps", 3)
    for what, screen, pressed in (
        ("run: focus to the next pane (`tab`)", "", [b"\t"]),
        ("run: help, and back (`?`, `esc`)", "", [b"?", b"q"]),
        ("review: `j`, `k`", "v", [b"j", b"k"]),
        ("review: `j`", "", [b"j"]),
        ("review: accept (`a`), stored, and undo (`u`)", "", [b"a", b"u"]),
    ):
        if screen:
            os.write(terminal.fd, screen.encode())
            terminal.until(b"Queue")
            terminal.settle(0.1, 2)
        found = []
        engine.cpu_percent()
        for number in range(keys):
            found.append(terminal.key(pressed[number % len(pressed)]))
            time.sleep(0.05 + 0.05 * (number % 3))
        busy = engine.cpu_percent()
        print_times(f"{what}; engine at {busy:.0f}% CPU", KEY_MS, found)
    terminal.close()


def wait_for(project: Project, query: str, count: int) -> None:
    """Wait until the engine has stored so many rows; raises TimeoutError."""
    end = time.monotonic() + 400
    while time.monotonic() < end:
        with Store.open(project.db_path, readonly=True, timeout_s=10) as store:
            if store._rows(query)[0][0] >= count:
                return
        time.sleep(0.5)
    raise TimeoutError(query)


def print_head() -> None:
    print("# Keys while an engine trains\n")
    print(f"{measured_on()} A pseudo-terminal of {COLUMNS}x{ROWS}. Milliseconds.\n")
    print(HEADER, flush=True)


if __name__ == "__main__":
    main()
