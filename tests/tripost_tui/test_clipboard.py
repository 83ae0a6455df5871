"""Copying says truthfully where the text is."""

import stat
from pathlib import Path

import pytest

from tripost_tui.clipboard import OSC52_LIMIT_BYTES, copy, native_command

ALL = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}


def everything(name: str) -> str | None:
    return f"/usr/bin/{name}"


def test_the_desktop_decides_the_program() -> None:
    assert native_command(ALL, everything) == ["wl-copy"]
    assert native_command({"DISPLAY": ":0"}, everything) == ["xclip", "-selection", "clipboard"]
    assert native_command({}, everything) == ["pbcopy"]
    assert native_command(ALL, lambda _: None) is None


def test_over_ssh_the_other_machines_clipboard_is_no_use() -> None:
    assert native_command(ALL | {"SSH_TTY": "/dev/pts/0"}, everything) is None


def test_the_program_gets_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pbcopy"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/got\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert copy("a → b", {}).message == "Copied to the clipboard."
    assert (tmp_path / "got").read_text(encoding="utf-8") == "a → b"


def test_without_one_the_terminal_and_a_file_get_it(state_folder: Path) -> None:
    copied = copy("text", {"SSH_TTY": "x"})
    assert copied.osc52
    assert str(state_folder / "copied.txt") in copied.message
    assert (state_folder / "copied.txt").read_text() == "text"


def test_what_is_too_long_for_a_terminal_is_in_the_file_alone(state_folder: Path) -> None:
    copied = copy("x" * (OSC52_LIMIT_BYTES + 1), {"SSH_TTY": "x"})
    assert not copied.osc52
    assert "Too long" in copied.message
    assert (state_folder / "copied.txt").stat().st_size == OSC52_LIMIT_BYTES + 1


def test_a_file_that_cannot_be_written_is_admitted(state_folder: Path) -> None:
    state_folder.write_text("in the way")
    assert "could not be written" in copy("text", {"SSH_TTY": "x"}).message
