"""Studies for tests, and a stand-in that does the work of engines at once."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.records import Evaluation, RunStatus, Split, StageName, TrainStep
from db.store import Store
from engine.beginning import make_items, new_run
from engine.methods import iterations_of
from engine.project import Project
from engine.seeds import item_seed
from engine.study.plan import PlannedRun, planned_runs
from engine.study.study_file import Study, load_study
from engine.task_setup import project_task

HEAD = """
[study]
name = "small"
[settings]
run.iterations = 2
task.train_items = 8
task.dev_items = 0
collect.questions = 2
collect.minimum = 1
[test]
items = 12
"""
SMALL = (
    HEAD
    + """
[axes]
task = "multistep_arithmetic"
method = ["tripost", "continued_rationale"]
seed = [1, 2]
[budget]
methods = ["continued_rationale"]
[[run]]
p = [0.2, 0.7]
seed = 1
"""
)


def study_of(folder: Path, text: str = SMALL) -> Study:
    path = folder / "study.toml"
    path.write_text(text)
    return load_study(path)


def runs_of(folder: Path, text: str = SMALL) -> tuple[PlannedRun, ...]:
    return planned_runs(study_of(folder, text))


@dataclass
class StandIn:
    """Does a run's work when it is looked at for the second time, and counts how often.

    ``fails`` names runs whose engine fails, ``dies`` those whose engine leaves without a word.
    Right and wrong are tossed by method, seed, iteration and question alone.
    """

    fails: frozenset[str] = frozenset()
    dies: frozenset[str] = frozenset()
    version: str = "1"
    done: list[str] = field(default_factory=list)
    at_once: int = 0
    stopped: list[str] = field(default_factory=list)
    _looks: dict[Path, int] = field(default_factory=dict)

    def start(self, project: Project) -> None:
        assert project.path not in self._looks, "two engines in one project"
        self._looks[project.path] = 0
        self.at_once = max(self.at_once, len(self._looks))

    def is_at_work(self, project: Project) -> bool:
        if project.path not in self._looks:
            return False
        self._looks[project.path] += 1
        if self._looks[project.path] < 2:
            return True
        del self._looks[project.path]
        if project.path.name in self.stopped:
            self._end(project, RunStatus.STOPPED)
        elif project.path.name in self.fails:
            self._end(project, RunStatus.FAILED)
        elif project.path.name not in self.dies:
            self.done.append(project.path.name)
            do_run(project, self.version)
        return False

    def ask_to_stop(self, project: Project) -> None:
        self.stopped.append(project.path.name)

    def _end(self, project: Project, status: RunStatus) -> None:
        with Store.open(project.db_path) as store:
            run = store.latest_run() or new_run(project.settings, store)
            store.set_run_status(run.id, status, "because")


def do_run(project: Project, version: str = "1") -> None:
    """Write a whole run, or what is missing of it, without any model."""
    settings = project.settings
    with (
        closing(project_task(project)) as task,
        Store.open(project.db_path) as store,
        store.transaction(),
    ):
        run = store.latest_run() or new_run(settings, store)
        make_items(settings, store, run, task)
        tests = store.items(task.name, Split.TEST)
        for iteration in range(iterations_of(settings) + 1):
            if iteration:
                _stages(store, run.id, iteration)
                tokens = 100 + settings.run.seed
                store.add_train_steps([_step(run.id, iteration, tokens)])
            if store.evaluated_items(run.id, iteration):
                continue
            arm: tuple[Any, ...] = (
                ()
                if not iteration
                else (settings.run.method, settings.run.seed, settings.postprocess.ratio, iteration)
            )
            rows = []
            for item in tests:
                toss = item_seed(item.question, *arm)
                rows.append(_evaluation(run.id, iteration, item.id, bool(toss & 1), bool(toss & 2)))
            store.add_evaluations(rows)
            stage = store.start_stage(run.id, iteration, StageName.EVALUATE, len(rows))
            store.finish_stage(stage.id, {}, 1.0)
        store._change(
            "UPDATE runs SET versions = json_set(versions, '$.\"tripost-tui\"', ?)", version
        )
        store.set_run_status(run.id, RunStatus.FINISHED, "finished")


def _stages(store: Store, run_id: int, iteration: int) -> None:
    for name in (StageName.SAMPLE, StageName.EDIT, StageName.POSTPROCESS, StageName.TRAIN):
        stage = store.start_stage(run_id, iteration, name, 1)
        store.finish_stage(stage.id, {}, 1.0)


def _step(run_id: int, iteration: int, tokens: int) -> TrainStep:
    return TrainStep(
        run_id=run_id,
        iteration=iteration,
        step=1,
        epoch=1.0,
        loss=1.0,
        learning_rate=1e-4,
        grad_norm=1.0,
        tokens=tokens,
        weighted_tokens=tokens,
        seconds=1.0,
    )


def _evaluation(run_id: int, iteration: int, item: int, first: bool, final: bool) -> Evaluation:
    answers: Mapping[str, Any] = {"first_answer": "1", "final_answer": "1"}
    return Evaluation(
        run_id=run_id,
        iteration=iteration,
        item_id=item,
        text="",
        first_correct=first,
        final_correct=final,
        first_flexible=first,
        final_flexible=final,
        updates=int(first != final),
        finish_reason="stop",
        tokens=5,
        **answers,
    )
