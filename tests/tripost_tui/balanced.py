"""A project with an iteration whose examples are made, and one that is collected."""

from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import recorded
import reviewed

from db.records import Example, Split, StageName, Subtask
from db.store import Store
from engine.config import demo_settings, settings_hash, with_values
from engine.preview import Examples, Preview
from engine.project import Project, remember_project
from engine.stage_two import stage_two_values
from engine.task_setup import project_task
from engine.tasks.base import Task

QUESTIONS = 16


def balanced_project(
    folder: Path,
    count: int = QUESTIONS,
    *,
    made: bool = True,
    iterations: int = 2,
    **values: Any,
) -> tuple[Project, int]:
    """A project and its run, of which ``count`` trajectories are kept in iteration 1.

    ``made``: its examples are stored, and as many trajectories collected in iteration 2.
    ``values`` are settings, with ``__`` for the dot.
    """
    wanted = {"collect.questions": max(count, 1), "run.iterations": iterations}
    wanted |= {"collect.minimum": 1, "task.train_items": 3 * max(count, 1)}
    wanted |= {key.replace("__", "."): value for key, value in values.items()}
    settings = with_values(demo_settings(), wanted)
    project = Project.create(folder, settings)
    clock = recorded.Clock(recorded.BEGIN)
    with (
        patch("time.time", clock),
        Store.open(project.db_path) as store,
        closing(project_task(project)) as task,
        store.transaction(),
    ):
        remember_project(project.path)
        run = store.create_run(
            seed=1,
            iterations=iterations,
            config=settings.model_dump(mode="json"),
            config_hash=settings_hash(settings),
            versions={},
            student="embedded",
        )
        store.add_items(task.generate(Split.TRAIN, [Subtask.SEEN], 3 * count, 1))
        collect(store, run.id, task, 1, count)
        if made:
            make(project, store, run.id, 1)
            collect(store, run.id, task, 2, count)
    return project, run.id


def collect(store: Store, run_id: int, task: Task, iteration: int, count: int) -> None:
    """Collect one trajectory for each of ``count`` questions; every seventh one twice."""
    for name in (StageName.SAMPLE, StageName.EDIT):
        stage = store.start_stage(run_id, iteration, name, count)
        store.finish_stage(stage.id)
    items = store.items(task.name)[count * (iteration - 1) : count * iteration]
    turns = [(item, reviewed.turns_of(task, item, place)) for place, item in enumerate(items)]
    reviewed.add_trajectories(store, run_id, task.hint, turns, iteration=iteration)
    again = turns[::7]
    reviewed.add_trajectories(store, run_id, task.hint, again, iteration=iteration, pass_=1)


def make(project: Project, store: Store, run_id: int, iteration: int) -> None:
    """Store the iteration's examples as the engine would."""
    run = store.run(run_id)
    values = stage_two_values(project.settings)
    with (
        closing(Preview(project, store, run, iteration)) as preview,
        closing(Examples(project, run)) as examples,
    ):
        preview.look()
        outlines = preview.choose(values).outlines
        rows = [(each, examples.draft(store, iteration, each, values)) for each in outlines]
    stage = store.start_stage(run_id, iteration, StageName.POSTPROCESS, len(rows))
    store.add_examples(
        Example(
            run_id=run_id,
            iteration=iteration,
            item_id=draft.item_id,
            kind=draft.kind,
            segments=draft.segments,
            text_hash=draft.text_hash,
            selected=outline.dropped is None,
            trajectory_id=draft.trajectory_id,
            drop_reason=None if outline.dropped is None else str(outline.dropped),
            position=place,
        )
        for place, (outline, draft) in enumerate(rows)
    )
    store.finish_stage(stage.id, {"settings": values})
