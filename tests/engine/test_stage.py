"""What a run hands its stages: a generator as the settings say, which keeps the run informed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from continuations import requests, room_for
from tiny_students import load

from db.records import Level
from db.store import Store
from engine.config import with_values
from engine.control import Control
from engine.errors import StudentError
from engine.lock import EngineProcess
from engine.project import Project
from engine.settings import Settings
from engine.stage import RunContext
from engine.student.generation import ContinuousSampler, Sampler
from engine.student_seat import StudentSeat
from engine.tasks import make_task


@contextmanager
def run_of(folder: Path, student: Path, **values: object) -> Iterator[RunContext]:
    wanted = {f"student.{key}": value for key, value in values.items()}
    project = Project.create(folder, with_values(Settings(), wanted))
    with Store.create(folder / "run.db") as store:
        run = store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student=str(student)
        )
        yield RunContext(
            project,
            project.settings,
            store,
            run.id,
            make_task(project.settings.task.name),
            StudentSeat(lambda: load(student)),
            Control(store, run.id, EngineProcess.current()),
        )


@pytest.mark.parametrize(
    ("setting", "kind"), [("batch", Sampler), ("continuous", ContinuousSampler)]
)
def test_the_generator_is_the_one_that_is_set(
    tmp_path: Path, random_student: Path, setting: str, kind: type
) -> None:
    with run_of(tmp_path / "project", random_student, generation=setting) as context:
        sampler = context.sampler(1.0)
        assert isinstance(sampler, kind)
        assert len(sampler.generate(requests())) == len(requests())


def test_a_batch_that_did_not_fit_is_an_alert(tmp_path: Path, random_student: Path) -> None:
    with run_of(tmp_path / "project", random_student) as context:
        sampler = context.sampler(1.0)
        expected = sampler.generate(requests())
        error = torch.OutOfMemoryError("CUDA out of memory")
        with room_for(context.student.language_model, 8, 0, error):
            assert sampler.generate(requests()) == expected
        (event,) = context.store.events(context.run_id)
        assert (event.kind, event.level) == ("alert", Level.WARNING)
        assert event.data == {"rows": 15, "error": "CUDA out of memory"}


def test_a_share_of_next_to_nothing_still_gives_every_text(
    tmp_path: Path, random_student: Path
) -> None:
    with run_of(tmp_path / "project", random_student, kv_share=1e-9) as context:
        rows = []
        hook = context.student.language_model.register_forward_pre_hook(
            lambda _, __, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
        )
        assert len(context.sampler(1.0).generate(requests())) == len(requests())
        hook.remove()
        assert set(rows) == {1}


def test_a_student_that_cannot_be_generated_from_so_is_refused_before_work_begins(
    tmp_path: Path, random_student: Path
) -> None:
    with run_of(tmp_path / "project", random_student, generation="continuous") as context:
        context.student.language_model.config.layer_types = ["linear_attention"] * 2
        with pytest.raises(StudentError, match="linear_attention"):
            context.sampler(1.0)
