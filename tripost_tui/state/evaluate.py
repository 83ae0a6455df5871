"""What the evaluate screen shows of a run's tests, from readings of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from db.records import EvaluationCounts, Stage, StageName, StageStatus, Subtask
from engine.comparing import Measure, NotComparable
from engine.statistics import Share
from tripost_tui.actions.keymap import fill
from tripost_tui.situation import Situation
from tripost_tui.state.items_view import ItemsView
from tripost_tui.state.models import Model
from tripost_tui.state.place import Place
from tripost_tui.state.run import RunState

ANEW = "tripost run --new"
"""What a failed run's reason advises where to resume it would only fail again."""


@dataclass(frozen=True, slots=True)
class AccuracyLine:
    """The test after an iteration. ``seen`` and ``unseen`` are of what the measure counts.

    ``wanted`` items are to be evaluated; ``done`` says that they are.
    """

    iteration: int
    first: Share
    final: Share
    seen: Share
    unseen: Share
    updated: Share
    wrong_to_right: int
    right_to_wrong: int
    wanted: int
    done: bool

    @property
    def n(self) -> int:
        return self.final.of

    @property
    def label(self) -> str:
        return iteration_name(self.iteration)


def iteration_name(iteration: int) -> str:
    return "start" if iteration == 0 else f"iteration {iteration}"


class EvaluateState:
    """The run, its tests, and the comparison as the desk shows it."""

    def __init__(self, place: Place) -> None:
        self.path = place.path.expanduser().absolute()
        self.run = RunState(place.name, latest=place.run_id is None)
        self.measure = Measure.FINAL
        self.items = ItemsView()
        self.in_items = False
        """Whether the items are shown, else how often the models are right."""
        self.typing = False
        self.chosen: tuple[Model | None, Model | None] = (None, None)
        """What a person chose to compare; None is the start, or the newest."""

    # --- accuracy --------------------------------------------------------------------------

    def lines(self) -> list[AccuracyLine]:
        """A line for each iteration that has been evaluated, if only in part."""
        reading = self.run.reading
        found: dict[int, dict[Subtask, EvaluationCounts]] = {}
        for counts in reading.evaluations if reading else ():
            found.setdefault(counts.iteration, {})[counts.subtask] = counts
        stages = {
            stage.iteration: stage
            for stage in (reading.stages if reading else ())
            if stage.name is StageName.EVALUATE
        }
        return [
            self._line(iteration, parts, stages.get(iteration))
            for iteration, parts in sorted(found.items())
        ]

    def _line(
        self, iteration: int, parts: dict[Subtask, EvaluationCounts], stage: Stage | None
    ) -> AccuracyLine:
        flexible = self.measure.flexible

        def first(counts: EvaluationCounts) -> int:
            return counts.first_flexible if flexible else counts.first_correct

        def final(counts: EvaluationCounts) -> int:
            return counts.final_flexible if flexible else counts.final_correct

        counted = first if self.measure.first else final
        every = parts.values()
        total = _share(every, lambda _: 0).of
        done = stage is None or stage.status is StageStatus.DONE
        return AccuracyLine(
            iteration=iteration,
            first=_share(every, first),
            final=_share(every, final),
            seen=_share(_only(parts, Subtask.SEEN), counted),
            unseen=_share(_only(parts, Subtask.UNSEEN), counted),
            updated=_share(every, lambda counts: counts.attempted),
            wrong_to_right=sum(counts.wrong_to_right for counts in every),
            right_to_wrong=sum(counts.right_to_wrong for counts in every),
            wanted=total if done or stage is None else max(stage.total, total),
            done=done,
        )

    def progress(self) -> str:
        """How far an evaluation is that is under way: ``iteration 2: 312/400 evaluated``."""
        for line in self.lines():
            if not line.done:
                return f"{line.label}: {line.n:,}/{line.wanted:,} evaluated"
        for stage in self.run.reading.stages if self.run.reading else ():
            if stage.name is StageName.EVALUATE and stage.status is not StageStatus.DONE:
                return f"{iteration_name(stage.iteration)}: 0/{stage.total:,} evaluated"
        return ""

    def turn_measure(self) -> None:
        measures = list(Measure)
        self.measure = measures[(measures.index(self.measure) + 1) % len(measures)]

    # --- what is missing -------------------------------------------------------------------

    def missing(self) -> str:
        """Which evaluations are not there (or not whole), and how they come; empty for none."""
        if self.run.run is None:
            return "" if self.run.reading is None else f"No evaluation yet: {fill(self._how())}"
        whole = {line.iteration for line in self.lines() if line.done}
        absent = [at for at in range(self.run.iterations + 1) if at not in whole]
        if not absent:
            return ""
        first = absent[0]
        if not whole and not self.lines():
            return f"No evaluation yet: {fill(self._how())}"
        part = any(line.iteration == first for line in self.lines())
        if part:
            what = f"The evaluation of {_the(first)} is not finished"
        else:
            what = f"No evaluation for {_listed(absent)}"
        return f"{what}: {fill(self._how())}"

    def _how(self) -> str:
        run = self.run
        if run.trouble is not None:
            return "the project cannot be read."
        if not run.latest:
            return "it will not come, since this is an earlier run; only the latest can go on."
        if run.word == "finished":
            return "it will not come, since the run is finished."
        if run.busy or run.word == "starting":
            return "the engine is loading."
        if run.word == "stopping":
            return "the run is stopping; {evaluate.resume} resumes it after that."
        if run.word in ("pausing", "paused"):
            return "the run is " + run.word + "; {evaluate.resume} resumes it."
        if run.word == "waiting for review":
            return "the run waits for review ({global.review}); it comes after that."
        if run.alive:
            at = f" of {iteration_name(run.iteration)}" if run.iteration else ""
            now = f" (now: {run.stage}{at})" if run.stage and run.stage != "evaluate" else ""
            return f"the run is at work, and it comes by itself{now}."
        if run.word == "not started":
            return "{evaluate.resume} starts the run, which begins with it."
        if run.word == "failed" and run.view is not None and ANEW in run.view.explanation:
            return "it will not come, since the run cannot go on; a new one can be begun."
        if run.word == "failed":
            return (
                "the run failed ({global.run} says why); "
                "{evaluate.resume} resumes it, and it evaluates then."
            )
        return "{evaluate.resume} resumes the run, which evaluates then."

    # --- what is compared ------------------------------------------------------------------

    def wanted(self) -> tuple[Model, Model] | None:
        """The two models to compare; None while there are no two."""
        run = self.run.run
        if run is None:
            return None
        lines = self.lines()
        first, second = self.chosen
        if first is None and lines:
            first = self._model(run.id, lines[0].iteration)
        if second is None and lines:
            second = self._model(run.id, lines[-1].iteration)
        if first is None or second is None or first == second:
            return None
        return first, second

    def _model(self, run_id: int, iteration: int) -> Model:
        return Model(self.path, self.run.name, run_id, iteration)

    def counted(self, model: Model) -> int | None:
        """Items that a model of this run has been evaluated on; None for another's."""
        run = self.run.run
        if run is None or model.path != self.path or model.run_id != run.id:
            return None
        return next((line.n for line in self.lines() if line.iteration == model.iteration), 0)

    def is_behind(self) -> bool:
        """Whether more has been evaluated than the comparison has."""
        view = self.items
        if view.first is None or view.second is None or view.why_not:
            return False
        counted = ((view.first, view.pairs.first_n), (view.second, view.pairs.second_n))
        return any((self.counted(model) or n) > n for model, n in counted)

    # --- the rest --------------------------------------------------------------------------

    def notices(self) -> list[tuple[str, str, str]]:
        """(severity, title, message) of what a person has to know."""
        shown = [notice for notice in self.run.notices() if notice[0] == "error"]
        progress = self.progress() if self.run.alive else ""
        if progress:
            shown.append(("info", progress, ""))
        elif not self.in_items and self.run.reading is not None and (missing := self.missing()):
            title, _, message = missing.partition(": ")
            shown.append(("info", title, message))
        if self.items.why_not:
            shown.append(("warning", NotComparable.title, self.items.why_not))
        return shown

    def situation(self) -> Situation:
        return replace(
            self.run.situation(),
            typing=self.typing,
            has_pairs=len(self.items.pairs) > 0,
            in_items=self.in_items,
            has_item=self.items.item is not None,
        )


def _the(iteration: int) -> str:
    return "the start" if iteration == 0 else f"iteration {iteration}"


def _only(parts: dict[Subtask, EvaluationCounts], subtask: Subtask) -> list[EvaluationCounts]:
    return [parts[subtask]] if subtask in parts else []


def _share(parts: Iterable[EvaluationCounts], of: Callable[[EvaluationCounts], int]) -> Share:
    found = list(parts)
    return Share(sum(map(of, found)), sum(counts.n for counts in found))


def _listed(iterations: list[int]) -> str:
    """``iteration 2``, ``iterations 2 and 3``, ``iterations 2 to 5``."""
    first, last = iterations[0], iterations[-1]
    if first == last or first == 0:
        return _the(first)
    return f"iterations {first} {'and' if last == first + 1 else 'to'} {last}"
