"""An engine's log, read from its end while it grows."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Level
from tripost_tui.state.engine_log import (
    LONGEST_LINE,
    READ_AT_ONCE_BYTES,
    Levels,
    LogPiece,
    LogTail,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


def texts(piece: LogPiece) -> list[str]:
    return [line.text for line in piece.lines]


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as log:
        log.write(text if isinstance(text, bytes) else text.encode())


def test_what_is_new_is_told_once(path: Path) -> None:
    append(path, "one\ntwo\n")
    tail = LogTail(path)
    assert texts(tail.read()) == ["one", "two"]
    assert texts(tail.read()) == []
    append(path, "three\n")
    assert texts(tail.read()) == ["three"]


def test_a_line_is_told_when_it_is_whole(path: Path) -> None:
    append(path, "be")
    tail = LogTail(path)
    assert texts(tail.read()) == []
    append(path, "gun\nand ")
    assert texts(tail.read()) == ["begun"]
    append(path, "on\n")
    assert texts(tail.read()) == ["and on"]


def test_a_log_that_is_not_there_yet_is_no_error(path: Path) -> None:
    tail = LogTail(path)
    assert tail.read() == LogPiece(missing=True)
    append(path, "here\n")
    assert texts(tail.read()) == ["here"]
    path.unlink()
    assert tail.read() == LogPiece(missing=True, anew=True)


def test_of_a_huge_log_only_the_end_is_read(path: Path) -> None:
    with path.open("wb") as log:
        log.truncate(100_000_000)  # a hole: no disk is filled for this
        log.seek(0, os.SEEK_END)
        log.write(b"\nlast but one\nlast\n")
    piece = LogTail(path).read()
    assert texts(piece)[-2:] == ["last but one", "last"]
    assert piece.skipped_bytes >= 100_000_000 - READ_AT_ONCE_BYTES
    assert len(piece.lines) <= 3


def test_a_log_that_grows_faster_than_it_is_read_is_skipped(path: Path) -> None:
    append(path, "first\n")
    tail = LogTail(path)
    tail.read()
    append(path, "x" * 99 + "\n")
    append(path, b"y" * 99 + b"\n" + b"z" * 9 + b"\n" + (b"w" * 99 + b"\n") * 5000)
    piece = tail.read()
    assert piece.skipped_bytes > 0
    assert not piece.anew
    assert set(texts(piece)) == {"w" * 99}


def test_a_log_that_is_replaced_or_cut_is_read_anew(path: Path) -> None:
    append(path, "old\nolder\n")
    tail = LogTail(path)
    tail.read()
    path.rename(path.with_suffix(".log.1"))
    append(path, "new\n")
    piece = tail.read()
    assert (piece.anew, texts(piece)) == (True, ["new"])
    path.write_text("")
    assert tail.read().anew


def test_long_lines_are_cut_and_ones_without_end_do_not_grow(path: Path) -> None:
    append(path, "x" * 100_000 + "\nshort\n")
    tail = LogTail(path)
    first, short = texts(tail.read())
    assert (len(first), first[-1], short) == (LONGEST_LINE + 1, "…", "short")
    for _ in range(10):
        append(path, "y" * 100_000)
        tail.read()
    append(path, "\n")
    assert [len(text) for text in texts(tail.read())] == [LONGEST_LINE + 1]


def test_what_is_no_text_is_shown_as_data(path: Path) -> None:
    append(path, b"\x1b]0;title\x07 \xff\xfe [bold]x[/]\tend\r\n 10%\r 20%\r\n")
    assert texts(LogTail(path).read()) == ["]0;title \ufffd\ufffd [bold]x[/]    end", " 20%"]


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_pieces_are_read_as_the_whole_would_be(pieces: list[bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.log"
        path.touch()
        tail = LogTail(path)
        lines = []
        for piece in pieces:
            append(path, piece)
            lines += tail.read().lines
        assert lines == list(LogTail(path).read().lines)


def test_levels_are_told_from_the_lines() -> None:
    written = {
        "/x.py:3: FutureWarning: old": Level.WARNING,
        "  warnings.warn(": Level.WARNING,
        "run 1": Level.INFO,
        "  indented": Level.INFO,
        "Traceback (most recent call last):": Level.ERROR,
        '  File "x.py", line 3, in main': Level.ERROR,
        "RuntimeError: boom": Level.ERROR,
        "after it": Level.INFO,
        "The student cannot be loaded: x": Level.ERROR,
        "CUDA out of memory": Level.ERROR,
        "run finished": Level.INFO,
    }
    levels = Levels()
    assert {line: levels.of(line) for line in written} == written
