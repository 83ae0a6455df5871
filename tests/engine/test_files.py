"""A file is the old one or the new one, whatever happens while it is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.files import replacing, write_atomically


class Crash(Exception):
    pass


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    write_atomically(path, "zwölf\n")
    write_atomically(path, "dreizehn\n")
    assert path.read_text(encoding="utf-8") == "dreizehn\n"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_exception_the_old_file_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with pytest.raises(Crash), replacing(path) as partial:
        partial.write_text("half of the n")
        raise Crash
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_kill_the_old_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    code = (
        "import os, pathlib, signal, sys\n"
        "from engine.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half of the n')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9
    assert path.read_text() == "old"


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "secret.txt", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
