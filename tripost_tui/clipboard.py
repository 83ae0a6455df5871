"""Copying text to where the person can paste it, and saying truthfully where that is."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.project import state_dir

OSC52_LIMIT_BYTES = 70_000
"""Terminals cut or ignore longer ones."""

_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Copied:
    """``message`` for the person; ``osc52`` asks the caller to send the text to the terminal."""

    message: str
    osc52: bool


def native_command(
    environ: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str] | None:
    """The program that fills the clipboard of this desktop; None over ssh or without one."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    candidates = [["pbcopy"], ["clip.exe"]]
    if environ.get("DISPLAY"):
        candidates = [["xclip", "-selection", "clipboard"], ["xsel", "-ib"], *candidates]
    if environ.get("WAYLAND_DISPLAY"):
        candidates = [["wl-copy"], *candidates]
    return next((command for command in candidates if which(command[0])), None)


def copy(text: str, environ: Mapping[str, str] = os.environ) -> Copied:
    """Copy by the desktop's own program, else by the terminal (OSC 52) and into a file.

    Whether a terminal understood cannot be known, hence the file. May take up to two seconds.
    """
    command = native_command(environ)
    if command is not None:
        try:
            subprocess.run(
                command,
                input=text.encode("utf-8", "replace"),
                timeout=_TIMEOUT_S,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            pass  # then as if there were no such program
        else:
            return Copied("Copied to the clipboard.", osc52=False)
    fits = len(text.encode("utf-8", "replace")) <= OSC52_LIMIT_BYTES
    path = _to_file(text)
    if path is None:
        where = "Sent to the terminal's clipboard." if fits else "Too long for the terminal."
        return Copied(f"{where} It could not be written to a file.", osc52=fits)
    if fits:
        return Copied(f"Sent to the terminal's clipboard (OSC 52), and written to {path}", True)
    return Copied(f"Too long for the terminal's clipboard: written to {path}", False)


def _to_file(text: str) -> Path | None:
    path = state_dir() / "copied.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError:
        return None
    return path
