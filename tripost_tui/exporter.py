"""Exports of one project as the app sees them: what there is, and the work under way.

The work goes on while a person looks at something else, and ends with the app.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from engine.errors import Interrupted, ProjectError, TripostError
from engine.export.folders import PROVENANCE
from engine.export.formats import MODELFILE, ExportFormat, ExportRequest, Precision, default_folder
from engine.export.process import ExportProcess
from engine.export.provenance import Export, read_export
from engine.export.survey import Survey, survey
from engine.export.tools import create_command, find_ollama
from engine.files import free_bytes
from engine.project import Project
from tripost_tui.preflight import folder_of
from tripost_tui.state.reading import folder_bytes, trouble_of
from tripost_tui.state.run import Trouble
from tripost_tui.text import one_line

Clock = Callable[[], float]

_NUMBERS = count(1)

_LONGEST_NAME_BYTES = 230
"""Most file systems have 255, of which the name of what is being written takes some."""

LOOK_EVERY_S = 2.0
"""How soon what others change in the project is seen."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person has chosen; None and an empty ``folder`` leave it to the project.

    ``folder`` is as typed.
    """

    format: ExportFormat | None = None
    iteration: int | None = None
    precision: Precision | None = None
    all_iterations: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """Where an export would go. ``wrong`` says why it cannot be there; else it is empty.

    ``taken`` where something is there, ``replaceable`` where that is an earlier export.
    """

    folder: Path
    taken: bool = False
    replaceable: bool = False
    free_bytes: int | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class WorkView:
    """Work under way, or how it ended; ``number`` tells one piece of work from another.

    ``since`` is in seconds of the app's clock. ``done_bytes`` of ``expected_bytes`` are written,
    None where that is not known.
    """

    number: int
    title: str
    step: str
    since: float
    done_bytes: int | None = None
    expected_bytes: int | None = None
    running: bool = True
    cancelling: bool = False
    cancelled: bool = False
    trouble: Trouble | None = None
    export: Export | None = None


@dataclass(frozen=True, slots=True)
class ExportReading:
    """How it stands: ``survey`` and ``target`` are for ``wanted``; ``work`` is the last begun."""

    wanted: Wanted
    survey: Survey
    target: TargetFacts | None
    work: WorkView | None


class Work:
    """Something done in a thread of its own: ``steps`` says what, until it ends or raises."""

    def __init__(
        self,
        title: str,
        steps: Callable[[], Iterator[str]],
        cancel: Callable[[], object],
        clock: Clock,
        *,
        result: Callable[[], Export | None] = lambda: None,
        written: Callable[[], int | None] = lambda: None,
        expected_bytes: int | None = None,
    ) -> None:
        self._title, self._steps, self._cancel = one_line(title), steps, cancel
        self._result, self._written, self._expected = result, written, expected_bytes
        self._number, self._since = next(_NUMBERS), clock()
        self._step = "starting"
        self._running, self._cancelling, self._cancelled = True, False, False
        self._trouble: Trouble | None = None
        self._export: Export | None = None
        # Who quits does not wait for it: it ends with the app.
        threading.Thread(target=self._run, name="export", daemon=True).start()

    @property
    def running(self) -> bool:
        return self._running

    def cancel(self) -> None:
        self._cancelling = True
        self._cancel()

    def view(self) -> WorkView:
        running = self._running
        return WorkView(
            self._number,
            self._title,
            self._step,
            self._since,
            self._written() if running else None,
            self._expected,
            running,
            self._cancelling,
            self._cancelled,
            self._trouble,
            self._export,
        )

    def _run(self) -> None:
        try:
            for step in self._steps():
                self._step = one_line(step)
            self._export = self._result()
        except Interrupted:
            self._cancelled = True
        except TripostError as error:
            self._trouble = trouble_of(error)
        except Exception as error:  # noqa: BLE001 - the thread's outermost edge
            text = f"{type(error).__name__}: {error}. This is a bug; please report it."
            self._trouble = Trouble("That went wrong", text)
        finally:
            self._running = False


class Exporter:
    """The exports of the project in ``path``. One piece of work at a time."""

    def __init__(self, path: Path, cwd: Path, clock: Clock = time.time) -> None:
        self._path, self._cwd, self._clock = path, cwd, clock
        self._work: Work | None = None

    @property
    def at_work(self) -> bool:
        return self._work is not None and self._work.running

    def view(self) -> WorkView | None:
        return self._work.view() if self._work else None

    def survey(self, run_id: int | None, wanted: Wanted) -> Survey:
        """Look at what there is. Raises TripostError and StoreError."""
        return survey(
            Project.open(self._path),
            run_id=run_id,
            iteration=wanted.iteration,
            precision=wanted.precision,
            all_iterations=wanted.all_iterations,
        )

    def target(self, found: Survey, wanted: Wanted) -> TargetFacts | None:
        """Look at where it would go; None where there is nothing to export."""
        if found.chosen is None or wanted.format is None:
            return None
        folder = self._folder(found, wanted.format, wanted)
        taken, replaceable = True, False
        try:
            if any(len(os.fsencode(part)) > _LONGEST_NAME_BYTES for part in folder.parts):
                raise ValueError(f"a name is longer than {_LONGEST_NAME_BYTES} bytes")
            os.lstat(folder)
            replaceable = (folder / PROVENANCE).is_file()
        except (FileNotFoundError, NotADirectoryError):
            taken = False
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            return TargetFacts(folder, wrong=f"this cannot be a folder: {why}")
        above = next((p for p in folder.parents if p.exists()), folder.parent)
        if not above.is_dir():
            return TargetFacts(folder, wrong=f"{one_line(str(above))} is no folder")
        if not os.access(above, os.W_OK):
            return TargetFacts(folder, wrong=f"{one_line(str(above))} cannot be written")
        return TargetFacts(folder, taken, replaceable, free_bytes(folder))

    def _folder(self, found: Survey, format_: ExportFormat, wanted: Wanted) -> Path:
        if wanted.folder.strip():
            return folder_of(wanted.folder, self._cwd)
        assert found.chosen is not None
        return default_folder(
            Project.open(self._path),
            found.run_id,
            found.chosen,
            format_,
            all_iterations=wanted.all_iterations,
        )

    def write(self, order: ExportRequest, expected_bytes: int | None) -> None:
        """Begin to write an export. Raises ProjectError where something is under way already."""
        self._check_idle()
        process = ExportProcess(self._path, order)
        self._work = Work(
            f"{order.format}, iteration {order.iteration}",
            process.steps,
            process.cancel,
            self._clock,
            result=lambda: read_export(process.order.out),
            written=lambda: folder_bytes(process.partial),
            expected_bytes=expected_bytes,
        )

    def create(self, export: Export) -> None:
        """Have Ollama take an export up. Raises TripostError."""
        self._check_idle()
        program = find_ollama()
        if program is None:
            raise ProjectError("Install it, or run the command elsewhere.", "Ollama is not here")
        command = create_command(program, export.provenance.name, MODELFILE)
        try:
            process = subprocess.Popen(
                command,
                cwd=export.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise ProjectError(f"{program}: {error.strerror}.", "Ollama cannot be run") from error
        creation = _Creation(process)
        self._work = Work(
            f"ollama create {export.provenance.name}",
            creation.steps,
            creation.cancel,
            self._clock,
            result=lambda: export,
        )

    def cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()

    def _check_idle(self) -> None:
        if self.at_work:
            raise ProjectError("Wait for it, or cancel it with esc.", "An export is under way")


class _Creation:
    """``ollama create`` at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._cancelled = False

    def steps(self) -> Iterator[str]:
        last: list[str] = []
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if text := one_line(line):
                    last = [*last[-3:], text]
                    yield text
        code = self._process.wait()
        if self._cancelled:
            raise Interrupted("Ollama was told to stop.")
        if code:
            said = " ".join(last) or f"it ended with code {code}"
            raise ProjectError(said, "Ollama refused")

    def cancel(self) -> None:
        self._cancelled = True
        with suppress(OSError):
            self._process.terminate()


class ExportReader:
    """Reads for a screen, in its thread: ``wanted`` gives what is chosen now."""

    def __init__(
        self,
        exporter: Exporter,
        run_id: int | None,
        wanted: Callable[[], Wanted],
        clock: Clock = time.monotonic,
    ) -> None:
        self._exporter, self._run_id, self._wanted = exporter, run_id, wanted
        self._clock = clock
        self._last: ExportReading | None = None
        self._looked = 0.0

    def read(self) -> ExportReading:
        """How it stands. Raises TripostError and StoreError."""
        wanted, work = self._wanted(), self._exporter.view()
        last = self._last
        ended = bool(last and last.work and last.work.running and not (work and work.running))
        stale = self._clock() - self._looked > LOOK_EVERY_S
        if last is None or last.wanted != wanted or ended or stale:
            found = self._exporter.survey(self._run_id, wanted)
            target = self._exporter.target(found, wanted)
            self._looked = self._clock()
        else:
            found, target = last.survey, last.target
        self._last = ExportReading(wanted, found, target, work)
        return self._last

    def close(self) -> None:
        """Nothing is held open."""
