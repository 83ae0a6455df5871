"""All that there is to export of a run: its iterations, and the formats of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from db.store import Store
from engine.errors import ProjectError
from engine.export.formats import ExportFormat, Precision
from engine.export.offers import DELETED, RECORDED, Offer, offers
from engine.export.provenance import Export, find_exports
from engine.export.tools import find_converter, find_ollama
from engine.files import free_bytes
from engine.project import Project
from engine.trained import (
    TrainedIteration,
    choose_iteration,
    final_shares,
    find_trained,
    run_of,
    trained_iterations,
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is. ``offers`` are those of the iteration ``chosen``, which ``why`` explains.

    ``chosen`` is None where no iteration has been trained yet, ``gone`` says why weights are not
    here.
    """

    project: str
    run_id: int
    iterations: Sequence[TrainedIteration]
    chosen: int | None
    default: int | None
    why: str
    gone: str
    offers: Sequence[Offer]
    exports: Sequence[Export]
    free_bytes: int | None
    converter: Path | None
    ollama: str | None

    def offer(self, format_: ExportFormat) -> Offer | None:
        return next((each for each in self.offers if each.format is format_), None)


def survey(
    project: Project,
    *,
    run_id: int | None = None,
    iteration: int | None = None,
    precision: Precision | None = None,
    all_iterations: bool = False,
    elsewhere: Sequence[Path] = (),
) -> Survey:
    """Look at what there is to export; nothing is loaded.

    ``iteration`` None takes the one that `choose_iteration` chooses. ``elsewhere`` are folders
    beside the project's own in which there may be exports.

    Raises:
        ProjectError: there is no run yet, or no such iteration.
        StoreError: the store cannot be read.
    """
    gone = RECORDED if project.is_recording else DELETED
    with Store.read(project.db_path) as store:
        run = run_of(project, store, run_id)
        iterations = trained_iterations(project, store, run.id)
        best = choose_iteration(iterations, final_shares(store, run.id).get(0))
        default = (
            best[0].iteration if best else max((i.iteration for i in iterations), default=None)
        )
        chosen = default if iteration is None else iteration
        found = next((one for one in iterations if one.iteration == chosen), None)
        if iteration is not None and found is None:
            raise ProjectError(
                f"{project.path}: iteration {iteration} has not been trained yet. See: tripost "
                f"status {project.path}",
                "Nothing was trained",
            )
        converter = find_converter()
        offered: list[Offer] = []
        if found is not None:
            trained = find_trained(project, found.iteration, run.id) if found.is_here else None
            offered = offers(
                store,
                run.id,
                found,
                trained,
                converter=converter,
                precision=precision,
                all_iterations=all_iterations,
                gone=gone,
            )
    return Survey(
        project=project.name,
        run_id=run.id,
        iterations=iterations,
        chosen=chosen,
        default=default,
        why=best[1] if best else f"the last; {gone}",
        gone="not in the recording" if project.is_recording else "weights deleted",
        offers=offered,
        exports=find_exports([project.exports, *elsewhere]),
        free_bytes=free_bytes(project.exports),
        converter=converter,
        ollama=find_ollama(),
    )
