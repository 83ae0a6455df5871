"""Making folders of tasks: from rows, or as a small working example to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from db.records import Split
from engine.errors import TripostError, project_error
from engine.files import write_atomically
from engine.tasks import TASKS
from engine.tasks.own.config import TASK_FILE, task_toml
from engine.tasks.own.rows import Row, as_json
from engine.tasks.own.settings import DataSettings, OwnSettings

_TEMPLATE = Path(__file__).parent / "template"
_TEMPLATE_FILES = (TASK_FILE, "items.jsonl", "checker.py", "steps.py")


class FolderTaken(TripostError):
    """A folder for a new task exists and is not empty."""

    title = "The folder is not empty"
    exit_code = 2


def new_folder(path: Path, name: str | None = None) -> None:
    """Write a small working task: unit conversions, with a checker, FBK and IMP by script.

    ``name`` is by default made of the folder's.

    Raises:
        FolderTaken: there is something in it.
        ProjectError: it cannot be written.
    """
    named = f'name = "{slug(name or path.resolve().name)}"'
    files = {file: (_TEMPLATE / file).read_text(encoding="utf-8") for file in _TEMPLATE_FILES}
    files[TASK_FILE] = files[TASK_FILE].replace('name = "units"', named, 1)
    _write(path, files)


def write_folder(path: Path, settings: OwnSettings, rows: Iterable[Row]) -> None:
    """Write a task's folder: its settings and rows, each in the file that the settings name.

    Scripts that they name are the caller's to add.

    Raises:
        FolderTaken: there is something in it.
        ProjectError: it cannot be written.
    """
    lines: dict[str, list[str]] = {}
    for files in (settings.data.items, *(_files(settings.data, split) for split in Split)):
        lines |= {file: [] for file in files[:1]}
    for row in rows:
        file = (settings.data.items or _files(settings.data, row.its_split))[0]
        lines[file].append(json.dumps(as_json(row), ensure_ascii=False) + "\n")
    _write(path, {TASK_FILE: task_toml(settings)} | {f: "".join(ls) for f, ls in lines.items()})


def slug(text: str) -> str:
    """The nearest that the name of a task may be."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if plain in TASKS:
        return f"my_{plain}"
    return (plain if plain[:1].isalpha() else f"task_{plain}".rstrip("_"))[:40]


def _files(data: DataSettings, split: Split) -> tuple[str, ...]:
    return {Split.TRAIN: data.train, Split.DEV: data.dev, Split.TEST: data.test}[split]


def _write(path: Path, files: dict[str, str]) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise FolderTaken(f"{path}: choose another folder, or empty this one.")
        # task.toml comes last: with it, the folder is a task.
        for name in sorted(files, key=lambda name: name == TASK_FILE):
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, files[name])
    except OSError as error:
        raise project_error(path, error) from error
