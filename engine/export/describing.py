"""What an export says of itself: provenance, README, and what a run's prompts are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from db.records import Run
from db.store import Store
from engine.export.card import card
from engine.export.formats import ExportFormat, ExportRequest, ollama_name
from engine.export.modelfile import Speech
from engine.export.provenance import CARD, Provenance, write_provenance
from engine.export.usage import usages
from engine.project import Project
from engine.settings import Settings
from engine.task_setup import hint_of
from engine.tasks import is_folder, label
from engine.trajectory import ANSWER_PREFIX

_TOLD_SETTINGS = (
    "run.method",
    "run.seed",
    "run.iterations",
    "student.path",
    "student.prompting",
    "student.adapter",
    "student.quantisation",
    "student.precision",
    "student.lora_rank",
    "student.lora_alpha",
    "collect.questions",
    "collect.temperature",
    "experts.feedback",
    "experts.improve",
    "postprocess.ratio",
    "train.epochs",
    "train.learning_rate",
    "train.weight",
    "train.wrong_attempt_weight",
    "train.change_factor",
    "evaluate.max_updates",
    "evaluate.max_attempt_tokens",
)


def finish(folder: Path, out: Path, provenance: Provenance, converter: Path | None = None) -> None:
    """Write what tells of an export, and how it is used where it will be."""
    files = sorted(path.name for path in folder.iterdir())
    text = card(provenance, usages(provenance, out, converter), files, out)
    (folder / CARD).write_text(text, encoding="utf-8", errors="replace")
    write_provenance(folder, provenance)


def provenance_of(
    project: Project,
    run: Run,
    settings: Settings,
    order: ExportRequest,
    iterations: Sequence[int],
    what: str,
    *,
    base: str,
    precision: str = "",
    file: str = "",
    to_convert: bool = False,
    speech: Speech | None = None,
    question: str = "",
    accuracy: tuple[int | None, int | None, int | None] = (None, None, None),
) -> Provenance:
    right, tested, start = accuracy
    is_ollama = order.format is ExportFormat.OLLAMA
    return Provenance(
        format=order.format,
        project=project.name,
        run=run.id,
        iterations=tuple(iterations),
        student=run.student,
        base=base or run.student,
        task=label(settings.task.name),
        what=what,
        precision=precision,
        file=file,
        name=(order.name or ollama_name(project.name, order.iteration)) if is_ollama else "",
        prompt=speech.prompt(question) if speech else "",
        is_chat=speech.is_chat if speech else False,
        reply_tokens=speech.reply_tokens if speech else 0,
        to_convert=to_convert,
        right=right,
        tested=tested,
        start_right=start,
        settings=_told(settings),
        versions={str(name): str(version) for name, version in run.versions.items()},
    )


def _told(settings: Settings) -> Mapping[str, Any]:
    said = settings.model_dump(mode="json")
    found = {}
    for key in _TOLD_SETTINGS:
        section, name = key.split(".")
        found[key] = said[section][name]
    return found


def hint_of_run(project: Project, store: Store, run: Run, settings: Settings) -> str:
    """Return what follows a question in the run's prompts; its own examples know it best."""
    for iteration in range(1, run.iterations + 1):
        for example in store.examples(run.id, iteration):
            _, marker, rest = example.segments[0][0].rpartition(f"\n{ANSWER_PREFIX}")
            if marker:
                return rest.removesuffix("\n")
    name = settings.task.name
    resolved = str(project.path / Path(name).expanduser()) if is_folder(name) else name
    return hint_of(resolved) or ""
