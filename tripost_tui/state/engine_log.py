"""What an engine wrote beside its rows: its log's end, line by line, and its last words."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from db.records import Level
from engine.project import Project
from engine.run_view import RunView
from tripost_tui.text import clean_text, one_line

_TAIL_BYTES = 4096
_SLACK_S = 5.0
"""An engine that ends in good order still writes a line after the run's row."""


def last_words(project: Project, view: RunView) -> str:
    """The last line of ``logs/engine.log`` where it tells more than the run's row; else empty.

    That is when an engine was there later than what the row says: it failed while it loaded, or
    was ended from outside.
    """
    if view.engine.alive or view.state == "finished":
        return ""
    path = project.logs / "engine.log"
    try:
        if path.stat().st_mtime < _since(view):
            return ""
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return one_line(next((line for line in reversed(lines) if line.strip()), ""), 400)


def _since(view: RunView) -> float:
    if view.run is None:
        return 0.0
    if view.run.finished_at is not None:
        return view.run.finished_at + _SLACK_S
    beat = view.engine.heartbeat
    return (beat.at if beat else view.run.created_at) - _SLACK_S


# --- the log as it grows -------------------------------------------------------------------

READ_AT_ONCE_BYTES = 256 * 1024
"""So much of a log is read at its opening and at each look after it, however long it is."""

LONGEST_LINE = 2000
"""Characters of a line that are kept."""

_NEWLINE = b"\n"
_TAB = "    "

_ERROR = re.compile(
    r"error|exception|traceback|\bfailed\b|\bfatal\b|\bcannot\b|\bkilled\b|\bmissing\b|"
    r"out of memory",
    re.IGNORECASE,
)
_WARNING = re.compile(r"warn|deprecat|\bretr(?:y|ies)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, clean, and cut where it is too long."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class LogPiece:
    """What is new in a log. ``anew``: it is another file, or was cut; what was read is no more.

    ``skipped_bytes`` were not read, since there were too many. ``missing``: there is no log.
    """

    lines: Sequence[LogLine] = ()
    anew: bool = False
    skipped_bytes: int = 0
    missing: bool = False


class LogTail:
    """Follows a log from its last ``READ_AT_ONCE_BYTES`` on. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: tuple[int, int] | None = None
        self._at = 0
        self._rest = b""
        self._levels = Levels()

    def read(self) -> LogPiece:
        """What was written since the last look. Raises OSError where it cannot be read."""
        try:
            with self.path.open("rb") as log:
                return self._read(log.fileno())
        except FileNotFoundError:
            anew, self._file = self._file is not None, None
            return LogPiece(missing=True, anew=anew)

    def _read(self, log: int) -> LogPiece:
        status = os.fstat(log)
        file, size = (status.st_dev, status.st_ino), status.st_size
        anew = file != self._file or size < self._at
        if anew:
            self._file, self._at, self._rest, self._levels = file, 0, b"", Levels()
        skipped = max(0, size - self._at - READ_AT_ONCE_BYTES)
        if skipped:
            self._at += skipped
            self._rest, self._levels = b"", Levels()
        content = os.pread(log, size - self._at, self._at)
        self._at += len(content)
        if skipped:
            # What is read begins within a line, save by chance.
            begun, newline, content = content.partition(_NEWLINE)
            skipped += len(begun) + len(newline)
        *whole, self._rest = (self._rest + content).split(_NEWLINE)
        # A line without an end must not grow for ever.
        self._rest = self._rest[: 4 * LONGEST_LINE]
        return LogPiece([self._line(line) for line in whole], anew, skipped)

    def _line(self, line: bytes) -> LogLine:
        text = line[: 4 * LONGEST_LINE].decode("utf-8", "replace")
        # Progress bars write over their own line.
        text = text.rstrip("\r").rpartition("\r")[2]
        cut = text[:LONGEST_LINE] + "…" if len(text) > LONGEST_LINE else text
        return LogLine(self._levels.of(text), clean_text(cut).replace("\t", _TAB))


class Levels:
    """Tells the level of lines that do not say it, one after the other.

    A traceback is an error up to the line that names its exception; an indented line after a
    warning belongs to it.
    """

    def __init__(self) -> None:
        self._before = Level.INFO
        self._in_traceback = False

    def of(self, line: str) -> Level:
        indented = line[:1] in (" ", "\t")
        if line.startswith("Traceback (most recent call last)"):
            self._in_traceback = True
            level = Level.ERROR
        elif self._in_traceback:
            level = Level.ERROR
            self._in_traceback = indented or not line.strip()
        elif indented and self._before is not Level.INFO:
            level = self._before
        elif _WARNING.search(line):
            level = Level.WARNING
        elif _ERROR.search(line):
            level = Level.ERROR
        else:
            level = Level.INFO
        self._before = level
        return level
