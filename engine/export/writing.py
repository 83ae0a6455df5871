"""An order carried out: a folder with an export, its provenance and how it is used."""

from __future__ import annotations

from collections.abc import Callable

from db.records import Run, StageName, StageStatus
from db.store import Store
from engine.config import check_settings
from engine.errors import ProjectError
from engine.export.dataset import write_dataset
from engine.export.describing import finish, hint_of_run, provenance_of
from engine.export.folders import check_room, check_target, new_folder
from engine.export.formats import ExportFormat, ExportRequest
from engine.export.provenance import Export, Provenance, read_export
from engine.project import Project
from engine.trained import run_of

Tell = Callable[[str], object]
"""Told what is done next, in a few words."""


def write_export(project: Project, order: ExportRequest, tell: Tell = lambda _: None) -> Export:
    """Write what was ordered into a new folder, whole or not at all.

    Raises:
        ProjectError: there is nothing to export, the folder is taken or cannot be written.
        StudentError: the weights cannot be read, or have no such form.
        StoreError: the store cannot be read.
    """
    check_target(order.out, replace=order.replace)
    with Store.read(project.db_path) as store:
        run = run_of(project, store, order.run_id)
        if order.format is ExportFormat.DATASET:
            provenance = _dataset(project, store, run, order, tell)
        else:
            # Late, as it loads torch.
            from engine.export.weights import WeightsExport

            provenance = WeightsExport(project, store, run, order, tell).write()
    found = read_export(order.out)
    if found is None:
        raise ProjectError(f"{order.out}: what was written, {provenance.what}, is gone again.")
    return found


def _dataset(
    project: Project, store: Store, run: Run, order: ExportRequest, tell: Tell
) -> Provenance:
    selected = [
        stage.iteration
        for stage in store.stages(run.id)
        if stage.name is StageName.POSTPROCESS and stage.status is StageStatus.DONE
    ]
    iterations = [i for i in selected if order.all_iterations or i == order.iteration]
    if not iterations:
        which = "no iteration" if order.all_iterations else f"iteration {order.iteration}"
        raise ProjectError(
            f"{project.path}: {which} has examples yet. See: tripost status {project.path}",
            "Nothing was exported",
        )
    one = None if order.all_iterations else order.iteration
    _, characters, others = store.dataset_size(run.id, one)
    check_room(order.out, 4 * characters + 3 * others)
    settings = check_settings(run.config, f"run {run.id}")
    tell("writing the examples")
    with new_folder(order.out, replace=order.replace) as folder:
        hint = hint_of_run(project, store, run, settings)
        counts = write_dataset(store, run.id, iterations, hint, folder)
        what = f"{counts.examples:,} examples, {counts.trajectories:,} trajectories"
        if counts.rejected or counts.edited:
            what += f" ({counts.rejected:,} rejected and {counts.edited:,} edited in review)"
        provenance = provenance_of(project, run, settings, order, iterations, what, base="")
        finish(folder, order.out, provenance)
    return provenance
