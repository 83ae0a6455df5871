"""How long the runs of a study will take, judged by those that have finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from engine.methods import facts_of, iterations_of
from engine.report_layout import duration_text
from engine.study.plan import PlannedRun
from engine.study.standing import Stand, Standing

_EMBEDDED_S = {"word_sorting": (0.077, 0.034)}
_OTHERWISE_S = (0.22, 0.10)
"""Seconds of one core of 2024 for a question that an embedded student samples and trains on in one
iteration, and for an item that it is tested on; otherwise those of arithmetic. From runs of the
demo with one thread."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of work, None where nothing is known, and by what it is judged."""

    seconds: float | None
    by: str

    @property
    def text(self) -> str:
        return self.by if self.seconds is None else f"{duration_text(self.seconds)} ({self.by})"


def estimates(
    folder: Path, runs: Sequence[PlannedRun], stands: Mapping[str, Standing]
) -> dict[str, Estimate]:
    """Estimate the working time of every run, by name."""
    finished = [run for run in runs if stands[run.name].stand is Stand.FINISHED]
    by_name = {run.name: run for run in runs}
    return {
        run.name: _estimate(run, by_name.get(run.budget_of or ""), finished, stands) for run in runs
    }


def _estimate(
    run: PlannedRun,
    reference: PlannedRun | None,
    finished: Sequence[PlannedRun],
    stands: Mapping[str, Standing],
) -> Estimate:
    alike = [one for one in finished if (one.student, one.task) == (run.student, run.task)]
    same = [one for one in alike if one.method == run.method]
    if chosen := same or alike:
        of_one = median(stands[one.name].seconds / _iterations(one) for one in chosen)
        what = "runs of this method" if same else "other runs of this task"
        return Estimate(of_one * _iterations(run), f"by finished {what}")
    if run.student == "embedded":
        return Estimate(_roughly(reference or run, run), "one core of a usual machine, rough")
    return Estimate(None, "time unknown until a run has finished")


def _roughly(sized: PlannedRun, run: PlannedRun) -> float:
    """Seconds of a run that trains as much as ``sized``: its own size, or that of its budget."""
    question, test = _EMBEDDED_S.get(run.task, _OTHERWISE_S)
    trained = sized.settings.collect.questions if facts_of(run.settings).trains else 0
    tests = _iterations(run) + (0 if run.start_of else 1)
    return question * trained * _iterations(run) + test * run.settings.task.test_items * tests


def _iterations(run: PlannedRun) -> int:
    return iterations_of(run.settings)
