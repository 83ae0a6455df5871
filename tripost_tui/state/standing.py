"""How a run stands: what every screen about one shows of it; knows nothing of Textual."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar

from db.records import CommandKind, Event, Run, Stage
from engine.gpus import GpuLoad
from engine.run_view import RunView
from tripost_tui.actions.keymap import key_of
from tripost_tui.situation import Situation
from tripost_tui.state.gpu_watch import NOTHING_KNOWN, GpuLook
from tripost_tui.state.run_eta import run_eta_s
from tripost_tui.state.wording import roughly, shorten, vram
from tripost_tui.text import one_line

KEPT_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that keeps the app from seeing the run as it is."""

    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingReading:
    """The run at one moment. ``events`` are those since the reading before.

    ``gpus`` is of this machine, whatever the run works on.
    """

    at: float
    name: str
    view: RunView
    stages: Sequence[Stage] = ()
    events: Sequence[Event] = ()
    pending: Sequence[CommandKind] = ()
    last_words: str = ""
    gpus: GpuLook = NOTHING_KNOWN

    def shared(self) -> dict[str, Any]:
        """Values for the reading of a screen that shows more."""
        return {one.name: getattr(self, one.name) for one in fields(StandingReading)}


R = TypeVar("R", bound=StandingReading)


class Standing(Generic[R]):
    """What the frame of a screen shows of its run, kept up to date by readings.

    ``latest`` is False for an earlier run of its project, on which no engine works any more.
    """

    PAUSES: ClassVar[str] = "run.pause"
    """What starts, pauses and resumes the run on this screen."""

    def __init__(self, name: str, *, latest: bool = True) -> None:
        self.name = name
        self.latest = latest
        self.reading: R | None = None
        self.trouble: Trouble | None = None
        self.busy: str | None = None
        self.events: list[Event] = []

    def apply(self, reading: R) -> None:
        """Take in a reading. One of another run starts afresh."""
        before, now = self._run_id(self.reading), self._run_id(reading)
        if before is not None and before != now:
            self.events.clear()
            self.forget()
        self.trouble = None
        self.name = reading.name
        self.events = [*self.events, *reading.events][-KEPT_EVENTS:]
        self.reading = reading

    def forget(self) -> None:
        """What was gathered is of another run."""

    @staticmethod
    def _run_id(reading: StandingReading | None) -> int | None:
        return reading.view.run.id if reading and reading.view.run else None

    def fail(self, trouble: Trouble) -> None:
        """Nothing can be read now; what was seen last stays, under a notice."""
        self.trouble = trouble

    @property
    def view(self) -> RunView | None:
        return self.reading.view if self.reading else None

    @property
    def run(self) -> Run | None:
        return self.view.run if self.view else None

    @property
    def word(self) -> str:
        """The state word; ``starting`` while an engine loads and the row knows nothing of it."""
        if self.view is None:
            return "opening"
        process = self.view.engine.process
        if self.alive and process is not None:
            ended = self.run.finished_at if self.run else None
            again = self.view.state in ("stopped", "failed") and process.started > (ended or 0)
            if again or self.view.state == "not started":
                return "starting"
        return self.view.state

    @property
    def alive(self) -> bool:
        """True when an engine is at work on this run, as far as can be seen."""
        return bool(self.latest and self.view and self.view.engine.alive and not self.trouble)

    @property
    def iteration(self) -> int:
        """The iteration at hand; 0 while the starting student is evaluated."""
        stages = self.reading.stages if self.reading else ()
        return max((stage.iteration for stage in stages), default=0)

    @property
    def iterations(self) -> int:
        return self.run.iterations if self.run else 0

    @property
    def stage(self) -> str | None:
        """Name of the stage at hand while an engine is at work."""
        if self.view is None or not self.alive or self.view.stage is None:
            return None
        return self.view.stage.value

    def whereabouts(self) -> str:
        """Stage or state as a sentence, for where there is nothing else to show."""
        if self.stage:
            return f"The run is at: {self.stage}."
        if self.word.startswith("no heartbeat"):
            return "Its engine gives no sign of life."
        return f"The run is {self.word}."

    def heading(self) -> list[str]:
        """Run, iteration and stage, as far as there are any."""
        parts = [one_line(self.name, 40)]
        if self.run:
            parts.append(f"iteration {self.iteration}/{self.iterations}")
        if self.stage:
            parts.append(self.stage)
        return parts

    def eta(self) -> str:
        """How long the run may take still, or only the stage at hand; empty for not known."""
        if self.view is None or self.stage is None or self.word != "running":
            return ""
        whole = run_eta_s(self.view, self.reading.stages if self.reading else ())
        if whole is not None:
            return f"ETA {roughly(whole)}"
        stage = self.stage_eta()
        return f"stage ETA {stage}" if stage else ""

    def stage_eta(self) -> str:
        """How long the stage at hand may take still: ``4 min``; empty when that is not known."""
        if self.view is None or self.view.eta_s is None or self.word != "running":
            return ""
        return roughly(self.view.eta_s) if self.stage else ""

    def gpu(self) -> GpuLoad | None:
        """The GPU that the engine at work is on; None where that is not known, or none is.

        Of several it is the first, which is the one that torch takes by itself.
        """
        if self.reading is None or not self.alive or not self.reading.gpus.loads:
            return None
        process, run = self.reading.view.engine.process, self.run
        here = process is not None and process.here
        student = run.config.get("student", {}) if run else {}
        on_gpu = student.get("device", "auto") in ("auto", "cuda")
        return self.reading.gpus.loads[0] if here and on_gpu else None

    def vram(self) -> str:
        """``VRAM 5.1/12.0 GiB``; empty where that is not known."""
        load = self.gpu()
        if load is None or load.used_bytes is None or not load.total_bytes:
            return ""
        return f"VRAM {vram(load.used_bytes, load.total_bytes)}"

    def notices(self) -> list[tuple[str, str, str]]:
        """(severity, title, message) of what a person has to know; the worst first."""
        shown: list[tuple[str, str, str]] = []
        if self.trouble:
            shown.append(("error", self.trouble.title, self.trouble.message))
        # A reason ends with what can be done: where it is long, its middle is left out.
        said = shorten(one_line(self.view.explanation, 4000), 400) if self.view else ""
        if self.word == "failed":
            shown.append(("error", "The run failed", said or "No reason was stored."))
        elif self.word.startswith("no heartbeat"):
            how = said if self.alive or not said else f"{said}, or {key_of(self.PAUSES)} here."
            shown.append(("warning", self.word.capitalize(), how))
        elif self.word == "stopped" and said:
            shown.append(("info", "Stopped", said))
        if self.reading and self.reading.last_words and not self.busy:
            title = "The engine's last words, in logs/engine.log"
            shown.append(("error", title, self.reading.last_words))
        if self.busy:
            shown.append(("info", self.busy, ""))
        elif self.reading and self.reading.pending and self.alive:
            wanted = ", ".join(kind.value for kind in self.reading.pending)
            shown.append(("info", f"Asked for: {wanted}", "The engine takes it up shortly."))
        return shown

    def situation(self) -> Situation:
        """What can be done with the run now."""
        return Situation(
            selected=True,
            readable=self.trouble is None,
            latest=self.latest,
            state=self.word,
            has_run=self.run is not None,
            alive=self.alive,
            busy=self.busy,
        )
