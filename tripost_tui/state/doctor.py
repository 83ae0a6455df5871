"""What the doctor's screen shows: findings on this machine, a project's errors, its log's end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from db.records import Event, Level
from engine.doctor import Check, Status, worst
from tripost_tui.actions.keymap import fill, key_of
from tripost_tui.situation import Situation
from tripost_tui.state.engine_log import LogLine, LogPiece
from tripost_tui.state.run import Trouble
from tripost_tui.state.wording import age, counted, size
from tripost_tui.text import one_line

KEPT_LINES = 5000
REPORTED_LINES = 60
_GRAVEST_FIRST = {Status.ERROR: 0, Status.WARNING: 1, Status.OK: 2}

WORDS = {Status.OK: "ok", Status.WARNING: "warning", Status.ERROR: "failed"}


class LogFilter(Enum):
    """Which lines of the log are shown, and how that is called."""

    ALL = "all lines"
    WARNINGS = "warnings and errors"
    ERRORS = "errors"

    def shows(self, level: Level) -> bool:
        if self is LogFilter.ALL:
            return True
        return level is Level.ERROR or (self is LogFilter.WARNINGS and level is Level.WARNING)


@dataclass(frozen=True, slots=True)
class ProjectReading:
    """What is read of the selected project. ``errors`` are its events above info, oldest first.

    ``explanation`` says why the run stands as it does, where there is more to say.
    """

    piece: LogPiece
    errors: Sequence[Event] = ()
    word: str = "not started"
    explanation: str = ""


class DoctorState:
    """``project`` is the selected one; None where there is none."""

    def __init__(self, project: Path | None = None, name: str = "") -> None:
        self.project = project
        self.name = name
        self.checks: Sequence[Check] | None = None
        self.looking = False
        self.trouble: Trouble | None = None
        self.log_trouble: Trouble | None = None
        self.log_missing = False
        self.skipped_bytes = 0
        self.errors: Sequence[Event] = ()
        self.word = ""
        self.explanation = ""
        self.filter = LogFilter.ALL
        self.revision = 0
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)

    # --- what comes in ---------------------------------------------------------------------

    def begin(self) -> None:
        self.looking, self.trouble = True, None

    def examined(self, checks: Sequence[Check]) -> None:
        """Take findings, the gravest first."""
        self.checks = sorted(checks, key=lambda check: _GRAVEST_FIRST[check.status])
        self.looking, self.trouble = False, None

    def fail(self, trouble: Trouble) -> None:
        """The machine could not be examined."""
        self.looking, self.trouble = False, trouble

    def apply(self, reading: ProjectReading) -> None:
        piece = reading.piece
        self.log_trouble, self.log_missing = None, piece.missing
        self.errors, self.word = reading.errors, reading.word
        self.explanation = reading.explanation
        if piece.anew:
            self._lines.clear()
            self.skipped_bytes = 0
        if piece.skipped_bytes:
            self._lines.clear()
            self.skipped_bytes += piece.skipped_bytes
        self._lines.extend(piece.lines)
        if piece.anew or piece.skipped_bytes or piece.lines:
            self.revision += 1

    def fail_log(self, trouble: Trouble) -> None:
        """The project or its log could not be read; what was read stays."""
        self.log_trouble = trouble

    # --- what is shown ---------------------------------------------------------------------

    def set_filter(self, wanted: LogFilter) -> None:
        if wanted is not self.filter:
            self.filter = wanted
            self.revision += 1

    def next_filter(self) -> None:
        every = list(LogFilter)
        self.set_filter(every[(every.index(self.filter) + 1) % len(every)])

    def lines(self) -> list[LogLine]:
        """The lines of the log that the filter lets through."""
        return [line for line in self._lines if self.filter.shows(line.level)]

    @property
    def has_log(self) -> bool:
        return bool(self._lines)

    def log_note(self) -> str:
        """Why there is nothing to see, or what is left out; empty where all is shown."""
        if self.project is None:
            return fill("No project is selected: {global.home}, choose one, then {global.doctor}.")
        if self.log_trouble is not None:
            return f"{self.log_trouble.title}: {self.log_trouble.message}"
        if self.log_missing and self.word not in ("", "not started"):
            return "The run is here, but its log is not: a recording has none."
        if self.log_missing:
            return "No engine has written here yet: the log comes with the first run."
        if not self._lines:
            return "The log is empty."
        shown = len(self.lines())
        if not shown:
            among = f"No {self.filter.value} among {counted(len(self._lines), 'line')}"
            return f"{among}: {key_of('doctor.all')} shows all."
        return ""

    def log_title(self) -> str:
        if self.project is None:
            return "Log"
        parts = [f"Log, {self.filter.value}"]
        if self.filter is not LogFilter.ALL:
            parts.append(f"{len(self.lines()):,} of {len(self._lines):,}")
        if self.skipped_bytes:
            parts.append(f"{size(self.skipped_bytes)} before it left out")
        return ", ".join(parts)

    def summary(self) -> str:
        """The findings in a few words."""
        if self.looking:
            return "looking…"
        if self.trouble is not None:
            return "could not look"
        checks = self.checks or ()
        failed = sum(check.status is Status.ERROR for check in checks)
        warned = sum(check.status is Status.WARNING for check in checks)
        parts = [f"{failed} failed"] * bool(failed) + [counted(warned, "warning")] * bool(warned)
        return ", ".join(parts) or "all fine"

    def error_lines(self, now: float) -> list[tuple[Level, str]]:
        """The run's last errors and warnings, the newest first; then why it stands as it does."""
        told = [
            (event.level, f"{one_line(event.message, 400)}, {age(now - event.at)}")
            for event in reversed(self.errors)
        ]
        if self.explanation:
            grave = self.word == "failed" or self.word.startswith("no heartbeat")
            level = Level.ERROR if grave else Level.WARNING
            told.insert(0, (level, f"{self.word}: {one_line(self.explanation, 600)}"))
        return told

    def situation(self) -> Situation:
        return Situation(
            selected=self.project is not None, log_shown=self.has_log, looking=self.looking
        )

    # --- the report ------------------------------------------------------------------------

    def report(self, now: float) -> str:
        """All of it as text to send to somebody: clean, without a key and without colours."""
        lines = ["# TriPosT doctor", ""]
        if self.checks is None:
            lines.append("(not examined yet)")
        for check in self.checks or ():
            lines.append(f"{WORDS[check.status]:>7}  {check.name}: {one_line(check.detail, 1000)}")
            if check.fix:
                lines.append(f"{'':>9}{one_line(check.fix, 1000)}")
        if self.project is not None:
            lines += ["", f"# Project {one_line(self.name)}", "", one_line(str(self.project), 1000)]
            lines += [f"state: {self.word}"] * bool(self.word)
            lines += [f"{level.value}: {text}" for level, text in self.error_lines(now)]
            tail = list(self._lines)[-REPORTED_LINES:]
            lines += ["", f"# The last {counted(len(tail), 'line')} of its log", ""]
            lines += [line.text for line in tail]
        return "\n".join(lines) + "\n"

    @property
    def worst(self) -> Status:
        return worst(self.checks or ())
