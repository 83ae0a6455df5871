"""Which model an evaluation is of, as a person names it, found without torch.

``embedded``; a folder or a hub id; ``DIR:ITERATION`` and ``DIR:RUN/ITERATION`` of a project, where
an iteration is start, 1, 2, …, last or all; ``ollama:…``, ``openai:…``, ``gguf:…``; and
``samples:FILE``, which is what another tool has a model's answers in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from db.records import CheckpointKind, Run
from db.store import Store
from engine.config import check_settings
from engine.errors import ConfigError, ProjectError, StudentError
from engine.export.provenance import read_provenance
from engine.project import SETTINGS_FILE, Project
from engine.settings import Settings, StudentSettings
from engine.student_place import EMBEDDED, find_student
from local_experts.errors import ExpertAddressInvalid
from local_experts.names import parse_name

SAMPLES = "samples:"
_ITERATION = re.compile(
    r"(?P<folder>.+?):(?:(?P<run>\d{1,9})/)?(?P<iteration>\d{1,9}|start|last|all)", re.ASCII
)
_EXPERTS = ("ollama:", "openai:", "gguf:")
_HASHED_BYTES = 100_000_000
"""Folders up to this are told apart by their content, larger ones by sizes and times."""


class ModelKind(StrEnum):
    RUN = "run"
    """A student at the start of a project's run, or after one of its iterations."""
    STUDENT = "student"
    EXPERT = "expert"
    SAMPLES = "samples"
    """Only what it wrote is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that was found. ``identity`` is all that makes it another one.

    Of a run ``project`` is the folder and ``weights`` the iteration's, None at the start;
    ``settings`` are the run's, of a student those that it is loaded by.
    """

    kind: ModelKind
    name: str
    identity: Mapping[str, Any]
    settings: Settings = field(default_factory=Settings)
    project: Path | None = None
    run_id: int = 0
    iteration: int = 0
    weights: Path | None = None
    notes: tuple[str, ...] = ()


def find_models(text: str) -> tuple[list[Model], list[str]]:
    """Find what a person named: one model, or of ``all`` each iteration; and what is missing.

    A model whose task decides where it is (``embedded``) is looked for by `with_task`.

    Raises:
        ConfigError, ProjectError, StudentError, StoreError: there is no such model.
    """
    if text.startswith(SAMPLES):
        path = Path(text.removeprefix(SAMPLES)).expanduser().absolute()
        return [Model(kind=ModelKind.SAMPLES, name=path.name, identity={"samples": str(path)})], []
    if text.startswith(_EXPERTS):
        return [_expert(text)], []
    match = _ITERATION.fullmatch(text)
    if match is not None and _is_project(Path(match["folder"]).expanduser()):
        return _of_run(Project.open(match["folder"]), match["run"], match["iteration"])
    if _is_project(Path(text).expanduser()):
        raise ConfigError(
            f"{text} is a project: say which of its models, as in {text}:start, {text}:1, "
            f"{text}:last or {text}:all.",
            "Which model?",
        )
    return [_student(text)], []


def with_task(model: Model, task: str) -> Model:
    """Return a student with the task that it is asked in, found and told from others.

    Raises:
        StudentError: there is none, or none for this task.
    """
    if model.kind is not ModelKind.STUDENT:
        return model
    place = find_student(model.settings.student, task)
    identity: dict[str, Any] = {"student": place.name or place.model}
    if place.is_here:
        identity["files"] = fingerprint(Path(place.model))
    if place.adapter is not None:
        identity["adapter"] = fingerprint(place.adapter)
    return replace(model, identity={**identity, "loaded": loading(model.settings.student)})


def loading(settings: StudentSettings) -> dict[str, str]:
    """Return what decides how a student calculates and is asked."""
    return {
        "quantisation": settings.quantisation,
        "precision": settings.precision,
        "prompting": settings.prompting,
    }


def fingerprint(folder: Path) -> str:
    """Tell a folder of weights from another one: by its files, or of large ones by their times.

    Raises:
        StudentError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        sizes = {path: path.stat() for path in paths}
        whole = sum(stat.st_size for stat in sizes.values()) <= _HASHED_BYTES
        for path, stat in sizes.items():
            digest.update(f"{path.name}/{stat.st_size}/".encode())
            digest.update(path.read_bytes() if whole else str(stat.st_mtime_ns).encode())
    except OSError as error:
        raise StudentError(f"{folder}: {error.strerror or error}.") from error
    return digest.hexdigest()[:32]


def _is_project(path: Path) -> bool:
    return (path / SETTINGS_FILE).is_file()


def _expert(text: str) -> Model:
    try:
        parsed = parse_name(text)
    except ExpertAddressInvalid as error:
        raise ConfigError(error.message, error.title) from error
    if text.startswith("gguf:"):
        # The process that asks it has a folder of its own.
        parsed = replace(parsed, model=str(Path(parsed.model).expanduser().absolute()))
    return Model(kind=ModelKind.EXPERT, name=str(parsed), identity={"expert": str(parsed)})


def _student(text: str) -> Model:
    folder = Path(text).expanduser()
    path, name = text, text
    if text != EMBEDDED and folder.is_dir():
        path = str(folder.absolute())
        if (folder / "state.pt").is_file():
            raise StudentError(
                f"{path}: it is the state of a training under way, which has no model to load. "
                "Name an iteration of the project, as in DIR:1, or its folder in checkpoints.",
                "A checkpoint of a training",
            )
        provenance = read_provenance(folder)
        if provenance is not None:
            name = f"{provenance.project} iteration {provenance.iteration} ({folder.name})"
    # Frozen weights are as they are, unless a person says otherwise: a test is not the place to
    # round them.
    student = StudentSettings(path=path, quantisation="none")
    settings = Settings().model_copy(update={"student": student})
    return Model(kind=ModelKind.STUDENT, name=name, identity={"student": path}, settings=settings)


def _of_run(project: Project, run: str | None, which: str) -> tuple[list[Model], list[str]]:
    project.refuse_recording()
    with Store.read(project.db_path) as store:
        found = store.run(int(run)) if run else store.latest_run()
        if found is None:
            if which not in ("start", "0"):
                raise ProjectError(
                    f"{project.path}: there is no run yet, only the start. Start one: tripost run "
                    f"{project.path}",
                    "Nothing was trained",
                )
            return [_at(project, None, 0, None, "")], []
        trained = {
            checkpoint.iteration: (project.path / checkpoint.path, checkpoint.sha256)
            for checkpoint in store.checkpoints(found.id)
            if checkpoint.kind is CheckpointKind.ITERATION
        }
    if which == "all":
        wanted = list(range(found.iterations + 1))
    elif which == "last":
        wanted = [max(trained, default=0)]
    else:
        wanted = [0 if which == "start" else int(which)]
    models, missing = [], []
    for iteration in wanted:
        folder, sha = trained.get(iteration, (None, ""))
        if iteration == 0 or (folder is not None and folder.is_dir()):
            models.append(_at(project, found, iteration, folder, sha))
        elif folder is None:
            missing.append(
                f"{project.path}: iteration {iteration} of run {found.id} is not trained"
            )
        else:
            missing.append(f"{project.path}: the weights of iteration {iteration} are gone")
    if not models:
        there = ", ".join(["start", *map(str, sorted(trained))])
        raise ProjectError(f"{missing[0]}. There are: {there}.", "Nothing was trained")
    return models, missing


def _at(project: Project, run: Run | None, iteration: int, folder: Path | None, sha: str) -> Model:
    settings = check_settings(run.config, f"run {run.id}") if run else project.settings
    point = f"iteration {iteration}" if iteration else "start"
    identity: dict[str, Any] = {"student": settings.student.model_dump(mode="json")}
    identity |= {"weights": sha} if iteration else {}
    # The random beginning of a new adapter is the run's.
    identity["seed"] = settings.run.seed
    return Model(
        kind=ModelKind.RUN,
        name=f"{project.name}, {f'run {run.id}, ' if run and run.id > 1 else ''}{point}",
        identity=identity,
        settings=settings,
        project=project.path,
        run_id=run.id if run else 0,
        iteration=iteration,
        weights=folder if iteration else None,
    )
