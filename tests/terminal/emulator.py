"""A program in a terminal of its own: keys go in, and what a person would see comes out."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "ctrl+c": "\x03",
    "ctrl+p": "\x10",
    "ctrl+q": "\x11",
    "ctrl+s": "\x13",
}


AFTER_ESCAPE_S = 0.3


class Screen(pyte.Screen):
    """Ignores what pyte does not know: private modes and reports that a real terminal answers."""

    def report_device_attributes(self, mode: int = 0, **_: object) -> None:
        """Nothing is answered."""

    def set_mode(self, *modes: int, **kwargs: object) -> None:
        super().set_mode(*modes, **{k: v for k, v in kwargs.items() if k == "private"})

    def select_graphic_rendition(self, *attributes: int, **kwargs: object) -> None:
        if not kwargs.get("private"):
            super().select_graphic_rendition(*attributes)


class Terminal:
    """Runs a command in a pseudo terminal of ``columns`` by ``rows``; use it in a ``with``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self._screen = Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._main, side = pty.openpty()
        self._set_size(columns, rows)
        self.raw = bytearray()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(side)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._main)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """As when a person drags the window."""
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def press(self, *keys: str) -> None:
        """Type keys: names from `KEYS`, or text as it is."""
        for key in keys:
            os.write(self._main, KEYS.get(key, key).encode())
            if key == "escape":
                # What follows at once is taken for one key together with it.
                self.read_for(AFTER_ESCAPE_S)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def read(self, seconds: float) -> None:
        """Take in what the program writes, for so long at most, or until it ends."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._main], [], [], left)
            if not ready:
                return
            try:
                piece = os.read(self._main, 65536)
            except OSError:  # Linux's word for the end: nobody has the other side open
                return
            if not piece:
                return
            self.raw += piece
            self._stream.feed(piece)

    def read_for(self, seconds: float) -> None:
        """Take in what the program writes for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(left)

    def until(self, true: Callable[[str], object], what: str, seconds: float = 120) -> str:
        """Wait until the screen's text is so, and return it. Raises AssertionError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if true(self.text):
                return self.text
            if self.process.poll() is not None:
                self.read(0.5)
                break
            self.read(0.1)
        if true(self.text):
            return self.text
        raise AssertionError(f"{what} did not come about; the screen says:\n{self.text}")

    def sees(self, part: str, seconds: float = 120) -> str:
        """Wait until ``part`` stands on the screen. Raises AssertionError."""
        return self.until(lambda text: part in text, repr(part), seconds)

    def ends(self, seconds: float = 120) -> int:
        """Wait until the program has ended; its exit status. Raises AssertionError."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)
        if self.process.poll() is None:
            raise AssertionError(f"it did not end; the screen says:\n{self.text}")
        return int(self.process.returncode)
