"""Recorded runs with weights to export, and an exporter whose work goes as a test says."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import recorded
from piloting import SHOWN_FOLDER, AppPilot, PicturedBackend, StartedBackend, app_on, until

import tripost_tui.exporter
from db.records import Checkpoint, CheckpointKind
from db.store import Store
from engine.embedded import student_folder
from engine.errors import Interrupted, TripostError
from engine.export.folders import PROVENANCE
from engine.export.formats import ExportFormat, ExportRequest
from engine.export.provenance import Export, Provenance, write_provenance
from engine.export.survey import Survey
from engine.project import Project
from tripost_tui.actions import Target
from tripost_tui.app import TripostApp
from tripost_tui.exporter import Exporter, TargetFacts, Wanted
from tripost_tui.screens.export import ExportScreen
from tripost_tui.state.place import Place

FREE_BYTES = 82_800_000_000


def trained(project: Project, iterations: int = 2) -> int:
    """Record the run with the weights that its iterations ended with; return its id."""
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store:
        for number in range(1, iterations + 1):
            path = f"checkpoints/run{run_id}-iteration{number}"
            shutil.copytree(student_folder(recorded.TASK), project.path / path)
            store.add_checkpoint(
                Checkpoint(
                    run_id=run_id,
                    iteration=number,
                    step=1,
                    kind=CheckpointKind.ITERATION,
                    path=path,
                    sha256="0" * 64,
                    created_at=recorded.NOW,
                )
            )
    return run_id


def make_export(folder: Path, format_: ExportFormat = ExportFormat.GGUF, **more: object) -> Path:
    """A folder that looks like an earlier export."""
    folder.mkdir(parents=True)
    files = {
        ExportFormat.GGUF: ("student.gguf", "prompt.txt"),
        ExportFormat.OLLAMA: ("student.gguf", "prompt.txt", "Modelfile"),
        ExportFormat.DATASET: ("examples.jsonl", "messages.jsonl"),
    }.get(format_, ("model.safetensors", "config.json", "tokenizer.json"))
    for name in (*files, "README.md"):
        (folder / name).write_bytes(b"x" * 3200)
    values = {
        "format": format_,
        "project": "demo",
        "run": 1,
        "iterations": (1,),
        "student": "embedded",
        "base": "the package's own",
        "task": recorded.TASK,
        "what": "a GGUF file in fp32",
        "file": "student.gguf",
        "name": "demo-i1",
        "prompt": "Q: 1 + 2 =\nAnswer: Let's think step by step.\n",
        "reply_tokens": 900,
    }
    write_provenance(folder, Provenance(**{**values, **more}))  # type: ignore[arg-type]
    os.utime(folder / PROVENANCE, (recorded.NOW - 7200, recorded.NOW - 7200))
    return folder


class Script:
    """What an export does instead of its process: steps, until it is let go on."""

    def __init__(self) -> None:
        self.orders: list[ExportRequest] = []
        self.go = Event()
        self.cancelled = Event()
        self.error: TripostError | None = None

    def process(self, project: Path, order: ExportRequest) -> "ScriptedProcess":
        self.orders.append(order)
        return ScriptedProcess(self, project, order)


class ScriptedProcess:
    def __init__(self, script: Script, project: Path, order: ExportRequest) -> None:
        self.script, self.order = script, order
        self.partial = project / "exports" / ".partial"

    def steps(self) -> Iterator[str]:
        script = self.script
        self.partial.mkdir(parents=True, exist_ok=True)
        (self.partial / "weights").write_bytes(b"x" * 1_300_000)
        yield "writing the model"
        while not script.go.wait(0.01):
            if script.cancelled.is_set():
                shutil.rmtree(self.partial)
                raise Interrupted("Nothing was left of it.", "The export was cancelled")
        shutil.rmtree(self.partial)
        if script.error is not None:
            raise script.error
        if self.order.replace:
            shutil.rmtree(self.order.out)
        make_export(self.order.out, self.order.format, iterations=(self.order.iteration,))

    def cancel(self) -> None:
        self.script.cancelled.set()


def scripted(monkeypatch) -> Script:  # type: ignore[no-untyped-def]
    script = Script()
    monkeypatch.setattr(tripost_tui.exporter, "ExportProcess", script.process)
    return script


class PicturedExporter(Exporter):
    """Shows everything as if it lay in one folder, on one disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, path.parent, recorded.Clock(recorded.NOW))
        self._real = path.parent

    def survey(self, run_id: int | None, wanted: Wanted) -> Survey:
        found = super().survey(run_id, wanted)
        return replace(
            found, free_bytes=FREE_BYTES, exports=[self._shown(each) for each in found.exports]
        )

    def _shown(self, export: Export) -> Export:
        folder = SHOWN_FOLDER / export.folder.relative_to(self._real)
        return replace(export, folder=folder)

    def target(self, found: Survey, wanted: Wanted) -> TargetFacts | None:
        facts = super().target(found, wanted)
        if facts is None:
            return None
        folder = SHOWN_FOLDER / facts.folder.relative_to(self._real)
        return replace(facts, folder=folder, free_bytes=FREE_BYTES)


class PicturedExports(PicturedBackend):
    def exporter(self, path: Path) -> Exporter:
        if path not in self._exporters:
            self._exporters[path] = PicturedExporter(self._folder / path.name)
        return self._exporters[path]


def exporting_app(folder: Path, **more: bool) -> TripostApp:
    return app_on(StartedBackend(folder), **more)


async def at_export(pilot: AppPilot, project: Path, run_id: int | None = None) -> ExportScreen:
    """Open the screen, and wait until it has been read."""
    app = pilot.app
    assert isinstance(app, TripostApp)
    app.open_stage(Target.EXPORT, Place(project, project.name, run_id))
    return await fresh(pilot)


async def fresh(pilot: AppPilot) -> ExportScreen:
    """Wait until what is shown is about what is chosen."""
    screen = pilot.app.screen
    assert isinstance(screen, ExportScreen)
    state = screen.state
    await until(pilot, lambda: state.trouble or state.is_fresh, "reading what there is")
    return screen


async def choose(pilot: AppPilot, format_: ExportFormat) -> ExportScreen:
    """Move to a format."""
    screen = await fresh(pilot)
    for _ in ExportFormat:
        if screen.state.wanted.format is format_:
            break
        await pilot.press("j")
    else:
        raise AssertionError(format_)
    return await fresh(pilot)
