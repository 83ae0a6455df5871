"""What a run has trained: found without loading it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from db.records import CheckpointKind, Run, StageName, StageStatus
from db.store import Store
from engine.config import check_settings
from engine.errors import ProjectError, StudentError
from engine.project import Project
from engine.settings import Settings
from engine.statistics import Share
from engine.student_place import Place, fetch_student, find_student

_TITLE = "Nothing was trained"


@dataclass(frozen=True, slots=True)
class Trained:
    """The weights of an iteration in ``folder``: an adapter of the run's student, or all of them.

    ``settings`` are those of the run, which need not be the project's of today.
    """

    run: Run
    iteration: int
    folder: Path
    settings: Settings

    @property
    def is_adapter(self) -> bool:
        return (self.folder / "adapter_config.json").is_file()

    def place(self, *, fetching: bool = False) -> Place:
        """Find the model that was trained; ``fetching`` gets it from the hub.

        Where all weights were trained and it is gone, they are a model without it.

        Raises:
            StudentError: it is gone, and the adapter is of no use without it.
        """
        find = fetch_student if fetching else find_student
        try:
            return find(self.settings.student, self.settings.task.name)
        except StudentError:
            if self.is_adapter:
                raise
            folder = str(self.folder)
            return Place(folder, folder, name=self.settings.student.path)


@dataclass(frozen=True, slots=True)
class TrainedIteration:
    """An iteration of a run that has been trained.

    ``final`` is the share of test items whose final answer was right, None where the evaluation is
    not whole; ``weights_bytes`` is what its weights take, None where they have been deleted.
    """

    iteration: int
    folder: Path
    final: Share | None = None
    weights_bytes: int | None = None
    is_adapter: bool = False

    @property
    def is_here(self) -> bool:
        return self.weights_bytes is not None


def run_of(project: Project, store: Store, run_id: int | None) -> Run:
    """Return a run, the latest where ``run_id`` is None. Raises ProjectError."""
    run = store.run(run_id) if run_id is not None else store.latest_run()
    if run is None:
        raise ProjectError(
            f"{project.path}: no iteration has been trained yet. See: tripost status "
            f"{project.path}",
            _TITLE,
        )
    return run


def find_trained(
    project: Project, iteration: int | None = None, run_id: int | None = None
) -> Trained:
    """Find the weights of an iteration; of the latest run, and the last one's, unless given.

    Raises:
        ProjectError: there are none, they have been deleted, or it is only a recording.
    """
    project.refuse_recording()
    with Store.read(project.db_path) as store:
        run = run_of(project, store, run_id)
        found = store.latest_checkpoint(run.id, iteration, CheckpointKind.ITERATION)
    if found is None:
        which = "no iteration has" if iteration is None else f"iteration {iteration} has not"
        raise ProjectError(
            f"{project.path}: {which} been trained yet. See: tripost status {project.path}", _TITLE
        )
    folder = project.path / found.path
    if not folder.is_dir():
        raise ProjectError(
            f"The weights of iteration {found.iteration} have been deleted: {folder} is gone. "
            "Choose another iteration, or put the folder back.",
            "The weights are gone",
        )
    settings = check_settings(run.config, f"run {run.id}")
    return Trained(run, found.iteration, folder, settings)


def final_shares(store: Store, run_id: int) -> dict[int, Share]:
    """Return how many final answers were right in each whole evaluation; 0 is the start."""
    whole = {
        stage.iteration
        for stage in store.stages(run_id)
        if stage.name is StageName.EVALUATE and stage.status is StageStatus.DONE
    }
    right: dict[int, Share] = {}
    for counts in store.evaluation_counts(run_id):
        if counts.iteration in whole:
            before = right.get(counts.iteration, Share(0, 0))
            right[counts.iteration] = Share(
                before.count + counts.final_correct, before.of + counts.n
            )
    return right


def trained_iterations(project: Project, store: Store, run_id: int) -> list[TrainedIteration]:
    """Return the iterations of a run that have been trained, the first first. Raises StoreError."""
    right = final_shares(store, run_id)
    found = {}
    for checkpoint in store.checkpoints(run_id):
        if checkpoint.kind is CheckpointKind.ITERATION:
            folder = project.path / checkpoint.path
            found[checkpoint.iteration] = TrainedIteration(
                checkpoint.iteration,
                folder,
                right.get(checkpoint.iteration),
                _files_bytes(folder),
                (folder / "adapter_config.json").is_file(),
            )
    return list(found.values())


def choose_iteration(
    iterations: Sequence[TrainedIteration], start: Share | None = None
) -> tuple[TrainedIteration, str] | None:
    """Return the iteration to take unless a person says otherwise, and why, in words.

    That is the one whose final answers were right most often, of several the last; without a
    whole evaluation the last one. Where the ``start`` did better, the words say so. Deleted weights
    cannot be taken. None where there are none.
    """
    here = [one for one in iterations if one.is_here]
    if not here:
        return None
    if all(one.final is None for one in here):
        return here[-1], "the last; none has been evaluated"
    best = max(here, key=lambda one: (one.final.value or 0 if one.final else -1, one.iteration))
    assert best.final is not None
    if start is not None and start.value is not None and start.value > (best.final.value or 0):
        return best, f"best of these; the start had {100 * start.value:.1f}%"
    return best, "best on the test"


def _files_bytes(folder: Path) -> int | None:
    """Return what the files of a folder take, None where it is gone."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    except OSError:
        return None
