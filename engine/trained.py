"""What a run has trained: found without loading it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from db.records import CheckpointKind, Run
from db.store import Store
from engine.config import check_settings
from engine.errors import ProjectError
from engine.project import Project
from engine.student_place import Place, find_student


@dataclass(frozen=True, slots=True)
class Trained:
    """The weights of an iteration: an adapter of ``place.model`` in ``folder``, or all of them."""

    run: Run
    iteration: int
    folder: Path
    place: Place

    @property
    def is_adapter(self) -> bool:
        return (self.folder / "adapter_config.json").is_file()


def find_trained(project: Project, iteration: int | None = None) -> Trained:
    """Find the weights of an iteration of the latest run; the last one's unless given.

    Raises:
        ProjectError: there are none, or it is only a recording.
        StudentError: the model that they belong to is gone.
    """
    project.refuse_recording()
    with Store.read(project.db_path) as store:
        run, found = store.latest_run(), None
        if run is not None:
            found = store.latest_checkpoint(run.id, iteration, CheckpointKind.ITERATION)
    if run is None or found is None:
        which = "no iteration has" if iteration is None else f"iteration {iteration} has not"
        raise ProjectError(
            f"{project.path}: {which} been trained yet. See: tripost status {project.path}",
            "Nothing was trained",
        )
    settings = check_settings(run.config, f"run {run.id}")
    place = find_student(settings.student, settings.task.name)
    return Trained(run, found.iteration, project.path / found.path, place)
