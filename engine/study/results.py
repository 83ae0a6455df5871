"""What the runs of a study have reached, read from their projects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.errors import StoreError
from db.evaluation import FINAL_RIGHT, FIRST_RIGHT
from db.records import EvaluationCounts, Run, StageName, StageStatus, Subtask
from db.store import Store
from engine.errors import TripostError
from engine.project import Project
from engine.statistics import Share
from engine.study.plan import Arm, PlannedRun
from engine.study.queue import settings_of
from engine.study.sharing import COPIED
from engine.study.standing import Stand, folder_of, standing, tokens_by_iteration

APP = "tripost-tui"
LIBRARIES = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class IterationResult:
    """The test after one iteration; 0 is the start. ``tokens`` are those of its training.

    ``marks`` has for each item, by a hash of question and answer, whether the first attempt and
    the final answer are right.
    """

    iteration: int
    first: Share
    final: Share
    final_seen: Share
    final_unseen: Share
    updated: Share
    wrong_to_right: int
    right_to_wrong: int
    tokens: int
    marks: Mapping[str, tuple[bool, bool]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run of a study. ``iterations`` are those that are tested to their end.

    ``test`` names the test items: it is the same for the same questions and answers, empty where
    there is no test. ``copied`` says what it took over from which project.
    """

    run: PlannedRun
    stand: Stand
    why: str
    iterations: tuple[IterationResult, ...] = ()
    test: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    copied: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def arms(self) -> tuple[Arm, ...]:
        return self.run.arms

    @property
    def finished(self) -> bool:
        """True where it counts: it went to its end, with the settings of the study, and was
        tested."""
        return self.stand is Stand.FINISHED and bool(self.iterations)

    @property
    def start(self) -> IterationResult | None:
        return next((one for one in self.iterations if one.iteration == 0), None)

    @property
    def last(self) -> IterationResult:
        return self.iterations[-1]

    @property
    def tokens(self) -> int:
        return sum(one.tokens for one in self.iterations)

    @property
    def app_version(self) -> str:
        return self.versions.get(APP, "unknown")


def read_results(folder: Path, runs: Sequence[PlannedRun]) -> tuple[RunResult, ...]:
    """Read what every run has reached; one that cannot be read says why."""
    by_name = {run.name: run for run in runs}
    return tuple(_read(folder, by_name, run) for run in runs)


def _read(folder: Path, by_name: Mapping[str, PlannedRun], run: PlannedRun) -> RunResult:
    there = standing(folder, run, settings_of(folder, by_name, run))
    if there.stand in (Stand.NOT_STARTED, Stand.CHANGED):
        return RunResult(run, there.stand, there.why)
    try:
        project = Project.open(folder_of(folder, run))
        with Store.read(project.db_path) as store, store.snapshot():
            found = store.latest_run()
            if found is None:
                return RunResult(run, there.stand, there.why)
            iterations, test = _iterations(store, found)
            copied = tuple(event.message for event in store.events_of_kind(found.id, COPIED))
            return RunResult(
                run,
                there.stand,
                there.why,
                iterations,
                test,
                dict(found.versions),
                there.seconds,
                copied,
            )
    except (TripostError, StoreError) as error:
        return RunResult(run, Stand.FAILED, f"{error.title}: {error.message}")


def _iterations(store: Store, run: Run) -> tuple[tuple[IterationResult, ...], str]:
    tokens = tokens_by_iteration(store, run.id)
    found: list[IterationResult] = []
    task = store.evaluated_task(run.id, 0) or store.evaluated_task(run.id, run.iterations)
    if task is None:
        return (), ""
    keys = {
        item: hashlib.sha256(f"{subtask}\0{question}\0{answer}".encode()).hexdigest()[:16]
        for item, subtask, question, answer in store.test_items(task)
    }
    for iteration in range(run.iterations + 1):
        stage = store.stage(run.id, iteration, StageName.EVALUATE)
        if stage is None or stage.status is not StageStatus.DONE:
            continue
        counts = store.evaluation_counts(run.id, iteration)
        marks = {
            keys[item]: (bool(bits & FIRST_RIGHT), bool(bits & FINAL_RIGHT))
            for item, bits in store.evaluation_marks(run.id, iteration)
        }
        if marks:
            found.append(_iteration(iteration, counts, marks, tokens.get(iteration, 0)))
    test = hashlib.sha256("\n".join(sorted(keys.values())).encode()).hexdigest()[:16]
    return tuple(found), test


def _iteration(
    iteration: int,
    counts: Sequence[EvaluationCounts],
    marks: Mapping[str, tuple[bool, bool]],
    tokens: int,
) -> IterationResult:
    def share(name: str, subtask: Subtask | None = None) -> Share:
        chosen = [one for one in counts if subtask in (None, one.subtask)]
        return Share(sum(getattr(one, name) for one in chosen), sum(one.n for one in chosen))

    return IterationResult(
        iteration=iteration,
        first=share("first_correct"),
        final=share("final_correct"),
        final_seen=share("final_correct", Subtask.SEEN),
        final_unseen=share("final_correct", Subtask.UNSEEN),
        updated=share("attempted"),
        wrong_to_right=share("wrong_to_right").count,
        right_to_wrong=share("right_to_wrong").count,
        tokens=tokens,
        marks=marks,
    )
