"""What the train screen shows, from readings of the database; knows nothing of Textual."""

from __future__ import annotations

from dataclasses import dataclass, replace

from db.records import StageName, StageStatus
from engine.methods import facts_in
from tripost_tui.actions.keymap import fill
from tripost_tui.situation import Situation
from tripost_tui.state.charts import Chart
from tripost_tui.state.standing import Standing
from tripost_tui.state.train_reading import TrainFigures, TrainReading
from tripost_tui.state.wording import age, counted, gib, vram
from tripost_tui.text import one_line

NOTHING = Chart()

CHARTS = {
    "loss": "Loss",
    "norm": "Gradient norm",
    "speed": "Tokens a second",
    "rate": "Learning rate",
}
"""Names of the charts in their order, with their titles."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what is measured, its value, and a sign of trouble: "", "warning" or "error"."""

    name: str
    value: str
    level: str = ""


class TrainState(Standing[TrainReading]):
    """The training of an iteration, kept up to date by readings.

    ``wanted`` is the iteration that a person chose; None follows the newest. ``log``: losses and
    norms on a logarithmic axis.
    """

    PAUSES = "train.pause"

    def __init__(self, name: str, *, latest: bool = True) -> None:
        super().__init__(name, latest=latest)
        self.wanted: int | None = None
        self.log = False

    def forget(self) -> None:
        self.wanted = None

    @property
    def shown(self) -> int:
        return self.reading.shown if self.reading else 0

    @property
    def figures(self) -> TrainFigures:
        return self.reading.figures if self.reading else TrainFigures()

    @property
    def at_work(self) -> bool:
        """Whether what is shown is being trained just now."""
        return self.stage == StageName.TRAIN and self.shown == self.iteration

    def choose(self, by: int) -> bool:
        """Show an earlier or later iteration; False where there is none."""
        known = self.reading.iterations if self.reading else ()
        if self.shown not in known:
            return False
        at = known.index(self.shown) + by
        if not 0 <= at < len(known):
            return False
        self.wanted = None if at == len(known) - 1 else known[at]
        return True

    def chart(self, name: str) -> Chart:
        return self.reading.charts.get(name, NOTHING) if self.reading else NOTHING

    def empty(self) -> str:
        """Why there is nothing to see; empty where there is."""
        if self.reading is None:
            return "" if self.trouble else "Reading the run."
        if self.figures.last is not None:
            return ""
        if self.run is None:
            return fill("There is no run yet. {train.pause} starts it.")
        if self.at_work:
            return "The training begins: no step is done yet."
        if not facts_in(self.run.config).trains:
            return f"This method trains nothing: {facts_in(self.run.config).title}."
        return f"No training step yet. {self.whereabouts()}"

    def lines(self, now: float) -> list[Figure]:
        """The figures of the training, those that are known."""
        figures, reading = self.figures, self.reading
        if reading is None or (last := figures.last) is None:
            return []
        stage = reading.stage_of
        total = stage.total if stage else 0
        shown = [Figure("step", f"{last.step:,} of {total:,}" if total else f"{last.step:,}")]
        shown.append(Figure("epoch", f"{last.epoch:.2f}"))
        shown += self._loss(figures)
        norm = "not a number" if last.grad_norm is None else _short(last.grad_norm)
        shown.append(Figure("gradient norm", norm, "error" if last.grad_norm is None else ""))
        shown.append(Figure("learning rate", f"{last.learning_rate:.3g}"))
        if figures.tokens_per_s:
            shown.append(Figure("tokens/s", f"{figures.tokens_per_s:,.0f}"))
        shown.append(Figure("share of peak", _peak(figures)))
        shown += self._memory(figures)
        shown += self._device()
        if self.at_work:
            shown.append(Figure("ETA", self.stage_eta() or "not known yet"))
        elif stage is not None:
            done = stage.status is StageStatus.DONE
            shown.append(Figure("training", "done" if done else "interrupted"))
        shown.append(self._checkpoint(now))
        shown += self._dev()
        return shown

    @staticmethod
    def _loss(figures: TrainFigures) -> list[Figure]:
        assert figures.last is not None
        loss, smooth = figures.last.loss, figures.smoothed_loss
        if loss is None:
            shown = [Figure("loss", "not a number", "error")]
        else:
            shown = [Figure("loss", f"{loss:.4f}")]
        return [*shown, *([] if smooth is None else [Figure("smoothed", f"{smooth:.4f}")])]

    def _memory(self, figures: TrainFigures) -> list[Figure]:
        """The most that a step had in memory, and what was changed where it ran out."""
        last, shown = figures.last, []
        assert last is not None
        if last.memory_bytes:
            on_cpu = str(figures.setup.get("device", "")) == "cpu"
            where = "engine's memory" if on_cpu else "peak of a step"
            shown.append(Figure(where, f"{gib(last.memory_bytes)} GiB"))
        if last.micro_tokens:
            shown.append(Figure("tokens at once", f"{last.micro_tokens:,}"))
        for step, before, then in figures.memory_changes[-2:]:
            text = f"step {step:,}: {then:,}, was {before:,}"
            shown.append(Figure("out of memory", text, "warning"))
        return shown

    def _device(self) -> list[Figure]:
        """The GPU as it is now; that nothing is known of it is said, too."""
        if not self.at_work or self.reading is None:
            return []
        setup = self.figures.setup
        if str(setup.get("device", "")) == "cpu":
            return [Figure("device", "CPU")]
        load = self.gpu()
        if load is None:
            note = self.reading.gpus.note
            return [Figure("GPU", note)] if note else []
        parts = []
        if load.used_bytes is not None and load.total_bytes:
            parts.append(Figure("VRAM", vram(load.used_bytes, load.total_bytes)))
        hot = "not told" if load.temperature_c is None else f"{load.temperature_c} °C"
        if load.power_w is not None:
            hot += f", {load.power_w:.0f} W"
        parts.append(Figure("temperature", hot))
        if load.busy_percent is not None:
            parts.append(Figure("GPU at work", f"{load.busy_percent}% of the time"))
        parts.append(Figure("device", one_line(load.name, 60)))
        return parts

    def _checkpoint(self, now: float) -> Figure:
        assert self.reading is not None
        last = self.reading.checkpoint
        if last is None:
            return Figure("checkpoint", "none yet" if self.at_work else "none")
        return Figure("checkpoint", f"step {last.step:,}, {age(now - last.created_at)}")

    def _dev(self) -> list[Figure]:
        assert self.reading is not None
        looks = self.reading.looks
        if not looks:
            return []
        best = max(looks, key=lambda look: look.value)
        shown = [Figure("dev set, best", f"{best.words} at {best.step:,}")]
        if looks[-1] is not best:
            shown.append(Figure("dev set, last", f"{looks[-1].words} at {looks[-1].step:,}"))
        return shown

    def alerts(self, now: float) -> list[tuple[str, str, str]]:
        """(level, message, age), the newest first."""
        found = self.reading.alerts if self.reading else ()
        return [(one.level.value, one_line(one.message, 400), age(now - one.at)) for one in found]

    def words(self, name: str) -> list[tuple[str, str]]:
        """What a chart shows, in words with their tones: step, smooth, other, error or none."""
        last = self.figures.last
        if last is None:
            return [("No training step yet.", "")]
        scale = ", logarithmic" if self.log and name in ("loss", "norm") else ""
        smooth = [("each step", "step"), (", ", ""), ("smoothed", "smooth"), (scale, "")]
        if name == "rate":
            return [(f"now {last.learning_rate:.3g}", "")]
        if name == "speed":
            rate = self.figures.tokens_per_s
            return [(f"now {rate:,.0f}; " if rate else "", ""), *smooth]
        value = last.loss if name == "loss" else last.grad_norm
        now = "no number" if value is None else _short(value)
        words = [(f"now {now}; ", "" if value is not None else "error"), *smooth]
        if name == "loss":
            looks = self.reading.looks if self.reading else ()
            if any(look.is_loss for look in looks):
                words += [(", ", ""), ("dev set", "other")]
            if self.figures.gaps:
                words.append((f"; gap: {counted(self.figures.gaps, 'step')}", "error"))
        return words

    def title(self) -> str:
        """The figures' title: which iteration is shown."""
        if not self.shown or self.reading is None:
            return "Training"
        others = len(self.reading.iterations) > 1
        ways = fill(" (keys {train.earlier} and {train.later} show others)") if others else ""
        return f"Training, iteration {self.shown}{ways}"

    def situation(self) -> Situation:
        known = self.reading.iterations if self.reading else ()
        return replace(
            super().situation(), iterations=len(known), has_steps=bool(self.figures.last)
        )


def _short(value: float) -> str:
    return f"{value:.3f}" if 0.001 <= abs(value) < 10_000 or value == 0 else f"{value:.2e}"


def _peak(figures: TrainFigures) -> str:
    share = figures.share_of_peak
    if share is not None:
        return f"{100 * share:.1f}% of {figures.peak_tflops:,.0f} TFLOPS"
    if str(figures.setup.get("device", "")) == "cpu":
        return "not known for a CPU"
    return "not known"
