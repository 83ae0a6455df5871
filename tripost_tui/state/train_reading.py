"""Reads the training of an iteration: new steps alone, made into charts here and not in the app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from db.live import StepFacts
from db.records import Checkpoint, Event, Level, Stage, StageName
from db.store import Store
from tripost_tui.state.charts import Chart
from tripost_tui.state.curves import Steps, charts
from tripost_tui.state.project_reading import ProjectReader
from tripost_tui.state.standing import StandingReading

_PAGE = 20_000
_KINDS = ("train.setup", "train.dev")


@dataclass(frozen=True, slots=True)
class DevLook:
    """What the student was worth on the development questions after ``step``: higher is better.

    A loss is stored with its sign turned; else it is the share of right answers.
    """

    step: int
    value: float
    is_loss: bool

    @property
    def words(self) -> str:
        return f"loss {-self.value:.4f}" if self.is_loss else f"{self.value:.1%} right"


@dataclass(frozen=True, slots=True)
class TrainFigures:
    """The training of one iteration at one moment, in numbers.

    ``tokens_per_s`` is over the last seconds, without padding; ``setup`` is what the engine told
    when it began; ``memory_changes`` are (step, tokens at once before, from then on).
    """

    first: StepFacts | None = None
    last: StepFacts | None = None
    smoothed_loss: float | None = None
    gaps: int = 0
    tokens_per_s: float | None = None
    flops_per_token: float | None = None
    peak_tflops: float | None = None
    memory_changes: tuple[tuple[int, int, int], ...] = ()
    setup: Mapping[str, Any] = field(default_factory=dict)

    @property
    def share_of_peak(self) -> float | None:
        """What is calculated of what the device could, from 0 to 1."""
        if not (self.tokens_per_s and self.flops_per_token and self.peak_tflops):
            return None
        return self.tokens_per_s * self.flops_per_token / (self.peak_tflops * 1e12)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReading(StandingReading):
    """The training of ``shown``, an iteration; ``iterations`` are all that have any."""

    shown: int = 0
    iterations: tuple[int, ...] = ()
    stage_of: Stage | None = None
    figures: TrainFigures = field(default_factory=TrainFigures)
    charts: Mapping[str, Chart] = field(default_factory=dict)
    looks: tuple[DevLook, ...] = ()
    alerts: tuple[Event, ...] = ()
    checkpoint: Checkpoint | None = None


class TrainReader(ProjectReader[TrainReading]):
    """What is wanted is set by whoever shows it, from another thread: each a single value.

    ``iteration`` None is the newest; ``columns`` is how wide the charts are.
    """

    iteration: int | None = None
    columns: int = 80
    log: bool = False

    def forget(self) -> None:
        self._after_step = self._after_event_told = 0
        self._steps: dict[int, Steps] = {}
        self._told: list[Event] = []
        self._made: tuple[object, Mapping[str, Chart], TrainFigures] | None = None

    def _read(self, now: StandingReading, store: Store) -> TrainReading:
        run = now.view.run
        if run is None:
            return TrainReading(**now.shared())
        self._read_steps(store, run.id)
        self._read_events(store, run.id)
        stages = {one.iteration: one for one in now.stages if one.name is StageName.TRAIN}
        iterations = tuple(sorted({*self._steps, *stages}))
        if not iterations:
            return TrainReading(**now.shared(), alerts=self._alerts(None, ()))
        wanted = self.iteration
        shown = wanted if wanted in iterations else iterations[-1]
        stage = stages.get(shown)
        looks = self._looks(shown, run.config.get("train", {}).get("select_by") == "dev_loss")
        drawn, figures = self._drawn(shown, stage, looks)
        return TrainReading(
            **now.shared(),
            shown=shown,
            iterations=iterations,
            stage_of=stage,
            figures=figures,
            charts=drawn,
            looks=looks,
            alerts=self._alerts(stage, list(stages.values())),
            checkpoint=store.latest_checkpoint(run.id, shown),
        )

    def _read_steps(self, store: Store, run_id: int) -> None:
        while page := store.step_facts(run_id, self._after_step, _PAGE):
            for facts in page:
                if facts.iteration not in self._steps:
                    self._steps[facts.iteration] = Steps()
                self._steps[facts.iteration].add(facts)
            self._after_step = page[-1].id
            if len(page) < _PAGE:
                return

    def _read_events(self, store: Store, run_id: int) -> None:
        while page := store.telling_events(run_id, self._after_event_told, _KINDS):
            self._told += page
            self._after_event_told = page[-1].id

    def _drawn(
        self, shown: int, stage: Stage | None, looks: tuple[DevLook, ...]
    ) -> tuple[Mapping[str, Chart], TrainFigures]:
        """Charts and figures; the same ones as long as nothing has changed."""
        steps = self._steps.get(shown, Steps())
        key = (shown, steps.changes, self.columns, self.log, looks, stage and stage.detail)
        if self._made is None or self._made[0] != key:
            losses = [(look.step, -look.value) for look in looks if look.is_loss]
            drawn = charts(steps, self.columns, losses, log=self.log)
            self._made = (key, drawn, self._figures(shown, steps, stage))
        return self._made[1], self._made[2]

    def _figures(self, shown: int, steps: Steps, stage: Stage | None) -> TrainFigures:
        setups = [
            one.data
            for one in self._told
            if one.kind == "train.setup" and one.data.get("iteration") == shown
        ]
        setup = setups[-1] if setups else {}
        # Engines of older versions told the speed's measure only in the end.
        facts = {**(stage.detail if stage else {}), **setup}
        return TrainFigures(
            first=steps.first,
            last=steps.last,
            smoothed_loss=steps.smoothed_loss() if len(steps) else None,
            gaps=steps.gaps,
            tokens_per_s=steps.tokens_per_s(),
            flops_per_token=facts.get("flops_per_token"),
            peak_tflops=facts.get("peak_tflops"),
            memory_changes=tuple(steps.memory_changes()),
            setup=setup,
        )

    def _looks(self, shown: int, is_loss: bool) -> tuple[DevLook, ...]:
        """Each step's last look: one that was forgotten in a resume comes again."""
        found: dict[int, DevLook] = {}
        for one in self._told:
            data = one.data
            if one.kind == "train.dev" and data.get("iteration") == shown:
                found[data["step"]] = DevLook(data["step"], data["value"], is_loss)
        return tuple(found[step] for step in sorted(found))

    def _alerts(
        self, stage: Stage | None, stages: tuple[Stage, ...] | list[Stage]
    ) -> tuple[Event, ...]:
        """Warnings and errors from a training's beginning to the next one's, the newest first."""
        since = stage.started_at if stage else 0.0
        later = [one.started_at for one in stages if one.started_at > since]
        until = min(later, default=float("inf"))
        found = [
            one for one in self._told if one.level is not Level.INFO and since <= one.at < until
        ]
        return tuple(found[::-1][:50])
