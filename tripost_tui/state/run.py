"""What the run screen shows, from readings of the database; knows nothing of Textual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from db.records import (
    CollectCounts,
    DropStage,
    EvaluationCounts,
    Event,
    Subtask,
    TrainStep,
    Trajectory,
)
from engine.statistics import Interval, wilson
from tripost_tui.situation import Situation
from tripost_tui.state.doing import doing, newest_alert
from tripost_tui.state.loss import LossPlot, loss_plot
from tripost_tui.state.stage_clock import StageClock
from tripost_tui.state.stages import StageRow, stage_rows
from tripost_tui.state.standing import Standing, StandingReading, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReading(StandingReading):
    """The run at one moment. ``steps``, like ``events``, are those since the reading before."""

    counts: CollectCounts | None = None
    counts_of: int = 0
    drops: Mapping[tuple[int, DropStage, str], int] = field(default_factory=dict)
    evaluations: Sequence[EvaluationCounts] = ()
    steps: Sequence[TrainStep] = ()
    trajectory: Trajectory | None = None
    question: str = ""


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


class RunState(Standing[RunReading]):
    """Everything shown of one run, kept up to date by readings."""

    def __init__(self, name: str, *, latest: bool = True) -> None:
        super().__init__(name, latest=latest)
        self._losses: dict[tuple[int, int], float | None] = {}
        self._plotted: tuple[int, LossPlot] | None = None
        self._clock = StageClock()

    def apply(self, reading: RunReading) -> None:
        super().apply(reading)
        working = self.alive and self.word in ("running", "pausing", "stopping")
        self._clock.apply(reading.stages, reading.at, working=working)
        if reading.steps:
            # A step that is replayed after a resume counts instead of the one read before.
            self._losses |= {(step.iteration, step.step): step.loss for step in reading.steps}
            self._plotted = None

    def forget(self) -> None:
        self._losses.clear()
        self._plotted = None

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
        stages = [
            replace(stage, seconds=stage.seconds + self._clock.beyond(stage))
            for stage in self.reading.stages
        ]
        return stage_rows(stages, self.iterations, working=self.alive, collapse=collapse)

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
        has_trajectory = bool(self.reading and self.reading.trajectory)
        return replace(super().situation(), has_trajectory=has_trajectory)


def _final(counts: EvaluationCounts | None) -> Share:
    return Share(counts.final_correct, counts.n) if counts else Share(0, 0)


__all__ = ["AccuracyRow", "RunReading", "RunState", "Share", "Trouble"]
