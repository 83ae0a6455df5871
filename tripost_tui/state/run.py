"""What the run screen shows, from readings of the database; knows nothing of Textual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.records import (
    CollectCounts,
    CommandKind,
    DropStage,
    EvaluationCounts,
    Event,
    Run,
    Stage,
    Subtask,
    TrainStep,
    Trajectory,
)
from engine.run_view import RunView
from engine.statistics import Interval, wilson
from tripost_tui.situation import Situation
from tripost_tui.state.doing import doing, newest_alert
from tripost_tui.state.loss import LossPlot, loss_plot
from tripost_tui.state.stages import StageRow, stage_rows
from tripost_tui.state.wording import roughly, shorten
from tripost_tui.text import one_line

KEPT_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that keeps the app from seeing the run as it is."""

    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReading:
    """The run at one moment. ``steps`` and ``events`` are those since the reading before."""

    at: float
    name: str
    view: RunView
    stages: Sequence[Stage] = ()
    counts: CollectCounts | None = None
    counts_of: int = 0
    drops: Mapping[tuple[int, DropStage, str], int] = field(default_factory=dict)
    evaluations: Sequence[EvaluationCounts] = ()
    steps: Sequence[TrainStep] = ()
    events: Sequence[Event] = ()
    trajectory: Trajectory | None = None
    question: str = ""
    pending: Sequence[CommandKind] = ()
    last_words: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the Wilson interval of the proportion (95%)."""

    right: int
    n: int

    @property
    def interval(self) -> Interval | None:
        return wilson(self.right, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """Accuracy after an iteration; seen and unseen are of the final answer."""

    iteration: int
    first: Share
    final: Share
    seen: Share
    unseen: Share


class RunState:
    """Everything shown of one run, kept up to date by readings.

    ``latest`` is False for an earlier run of its project, on which no engine works any more.
    """

    def __init__(self, name: str, *, latest: bool = True) -> None:
        self.name = name
        self.latest = latest
        self.reading: RunReading | None = None
        self.trouble: Trouble | None = None
        self.busy: str | None = None
        self.events: list[Event] = []
        self._losses: dict[tuple[int, int], float | None] = {}
        self._plotted: tuple[int, LossPlot] | None = None

    def apply(self, reading: RunReading) -> None:
        """Take in a reading. One of another run starts afresh."""
        before, now = self._run_id(self.reading), self._run_id(reading)
        if before is not None and before != now:
            self.events.clear()
            self._losses.clear()
            self._plotted = None
        self.trouble = None
        self.name = reading.name
        if reading.steps:
            # A step that is replayed after a resume counts instead of the one read before.
            self._losses |= {(step.iteration, step.step): step.loss for step in reading.steps}
            self._plotted = None
        self.events = [*self.events, *reading.events][-KEPT_EVENTS:]
        self.reading = reading

    @staticmethod
    def _run_id(reading: RunReading | None) -> int | None:
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

    def heading(self) -> list[str]:
        """Run, iteration and stage, as far as there are any."""
        parts = [one_line(self.name, 40)]
        if self.run:
            parts.append(f"iteration {self.iteration}/{self.iterations}")
        if self.stage:
            parts.append(self.stage)
        return parts

    def eta(self) -> str:
        """How long the stage at hand may take still; empty when that is not known."""
        if self.view is None or self.stage is None or self.word != "running":
            return ""
        return "" if self.view.eta_s is None else f"ETA {roughly(self.view.eta_s)}"

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
            how = said if self.alive or not said else f"{said}, or p here."
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

    def doing(self, width: int) -> list[str]:
        """What the engine says beside how far it is, see `state.doing.doing`."""
        return doing(self.view, width) if self.view and self.alive else []

    def alert(self) -> Event | None:
        """The newest alert of the stage at hand, where another event came after it."""
        if not self.alive or self.reading is None:
            return None
        found = newest_alert(self.events, self.reading.stages)
        return None if found is None or found is self.events[-1] else found

    def stage_rows(self, *, collapse: bool) -> list[StageRow]:
        """See `state.stages.stage_rows`."""
        if not self.reading or not self.run:
            return []
        return stage_rows(
            self.reading.stages, self.iterations, working=self.alive, collapse=collapse
        )

    def accuracy_rows(self) -> list[AccuracyRow]:
        """One row per evaluated iteration, with what has been evaluated of it so far."""
        found: dict[int, dict[Subtask, EvaluationCounts]] = {}
        for counts in self.reading.evaluations if self.reading else ():
            found.setdefault(counts.iteration, {})[counts.subtask] = counts
        rows = []
        for iteration, parts in sorted(found.items()):
            n = sum(part.n for part in parts.values())
            first = sum(part.first_correct for part in parts.values())
            final = sum(part.final_correct for part in parts.values())
            seen, unseen = (_final(parts.get(each)) for each in (Subtask.SEEN, Subtask.UNSEEN))
            rows.append(AccuracyRow(iteration, Share(first, n), Share(final, n), seen, unseen))
        return rows

    def loss(self, columns: int) -> LossPlot:
        """The loss curve for a plot of so many columns."""
        if self._plotted is None or self._plotted[0] != columns:
            steps = [(key[0], self._losses[key]) for key in sorted(self._losses)]
            self._plotted = (columns, loss_plot(steps, columns))
        return self._plotted[1]

    def situation(self) -> Situation:
        """What can be done with the run now."""
        return Situation(
            selected=True,
            readable=self.trouble is None,
            latest=self.latest,
            state=self.word,
            has_run=self.run is not None,
            alive=self.alive,
            has_trajectory=bool(self.reading and self.reading.trajectory),
            busy=self.busy,
        )


def _final(counts: EvaluationCounts | None) -> Share:
    return Share(counts.final_correct, counts.n) if counts else Share(0, 0)
