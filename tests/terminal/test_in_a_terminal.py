"""What only a real terminal does to the app: its size, its interrupts, its end."""

import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.terminal.emulator import Terminal

COLOUR = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)")
STARTS = 60


def app(installed: Path, folder: Path, env: Mapping[str, str], *arguments: str) -> Terminal:
    return Terminal([str(installed / "tripost"), *arguments], cwd=folder, env=env)


@pytest.fixture
def terminal(installed: Path, tmp_path: Path, env: dict[str, str]) -> Iterator[Terminal]:
    with app(installed, tmp_path, env) as terminal:
        terminal.sees("No runs yet", STARTS)
        yield terminal


def test_an_interrupt_says_how_to_quit(terminal: Terminal) -> None:
    terminal.press("ctrl+c")
    terminal.sees("ctrl+q quits")
    assert terminal.process.poll() is None


def test_a_terminal_that_is_too_small_says_so_until_it_is_larger(terminal: Terminal) -> None:
    terminal.press("?")
    terminal.sees("Help")
    terminal.resize(20, 5)
    terminal.until(lambda text: "60" in text and "Help" not in text, "a word about the size")
    terminal.resize(80, 24)
    terminal.sees("Help")
    terminal.press("escape")
    terminal.sees("No runs yet")


def test_the_terminal_is_as_it_was_when_the_app_ends(terminal: Terminal) -> None:
    terminal.press("ctrl+q")
    assert terminal.ends() == 0
    # Alternate screen left, cursor shown, mouse and pasting as before.
    end = bytes(terminal.raw[-400:])
    for reset in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l"):
        assert reset in end


def test_the_app_ends_when_its_terminal_is_closed(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGHUP)
    terminal.ends()


def test_under_nohup_it_ends_with_its_terminal_as_well(
    installed: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    command = ["sh", "-c", "trap '' HUP; exec \"$0\"", str(installed / "tripost")]
    with Terminal(command, cwd=tmp_path, env=env) as terminal:
        terminal.sees("No runs yet", STARTS)
        terminal.process.send_signal(signal.SIGHUP)
        terminal.ends()


def hues(raw: bytes) -> set[tuple[bytes, ...]]:
    """The colours that were written, but for black, white and greys."""
    return {found for found in COLOUR.findall(raw) if len(set(found)) > 1}


def test_only_greys_are_written_where_no_colour_is_wanted(
    installed: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    written = {}
    for name, variables in (("plain", {"NO_COLOR": "1"}), ("coloured", {})):
        with app(installed, tmp_path, {**env, **variables}) as terminal:
            terminal.sees("No runs yet", STARTS)
            terminal.press("?")
            terminal.sees("Help")
            written[name] = hues(bytes(terminal.raw))
    assert written["coloured"]
    assert not written["plain"]
