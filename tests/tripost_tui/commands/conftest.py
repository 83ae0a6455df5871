import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

import engine.process
from db.store import Store
from engine.config import Settings
from engine.lock import lock_holder
from engine.project import Project
from tripost_tui.cli import tripost

from .tripost_with_stand_in import stand_in


@dataclass(frozen=True)
class CommandLine:
    """`tripost` in this process, with a stand-in for the engine, in a folder of its own."""

    folder: Path

    def __call__(self, *arguments: str, plot: str = "finish") -> Result:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.process, "spawn_engine", stand_in(plot))
            return CliRunner().invoke(tripost, list(arguments), catch_exceptions=False)

    def json(self, *arguments: str, plot: str = "finish") -> list[dict[str, Any]]:
        """The lines that a command prints to stdout, each a JSON object."""
        return [json.loads(line) for line in self(*arguments, plot=plot).stdout.splitlines()]

    def new(self, name: str) -> Project:
        return Project.create(self.folder / name)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    monkeypatch.setenv("TRIPOST_STATE_DIR", str(tmp_path / "state"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield CommandLine(folder)
    for note in folder.glob("*/.engine.json"):
        holder = lock_holder(Project(note.parent, Settings()))
        if holder is not None and holder.alive:
            psutil.Process(holder.pid).kill()


def latest_status(project: Project) -> str:
    with Store.open(project.db_path, readonly=True) as store:
        run = store.latest_run()
        return "no run" if run is None else run.status.value
