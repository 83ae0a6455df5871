"""Where an export comes from, kept beside it, so that it is found again and can be trusted.

``tripost-export.json`` is for programs, ``README.md`` for people. The same run gives the same
files: when they were written is told by their times alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.export.folders import PROVENANCE
from engine.export.formats import ExportFormat
from engine.files import write_atomically

CARD = "README.md"
_VERSION = 1
_LONGEST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What an export is, and of what.

    ``base`` is the model that was trained, as others know it; ``file`` is the GGUF file, empty
    where there is none; ``name`` what Ollama is to call it. ``right`` of ``tested`` test items had
    a right final answer, None where the evaluation is not whole. ``prompt`` is a test question as
    the student is asked it. ``to_convert`` says that the GGUF file is still to be made.
    """

    format: ExportFormat
    project: str
    run: int
    iterations: Sequence[int]
    student: str
    base: str
    task: str
    what: str
    precision: str = ""
    file: str = ""
    name: str = ""
    prompt: str = ""
    is_chat: bool = False
    reply_tokens: int = 0
    to_convert: bool = False
    right: int | None = None
    tested: int | None = None
    start_right: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def iteration(self) -> int:
        return self.iterations[-1] if self.iterations else 0


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was found: its folder, what it is, its files with their sizes in bytes."""

    folder: Path
    provenance: Provenance
    files: Sequence[tuple[str, int]]
    written_at: float

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self.files)


def write_provenance(folder: Path, provenance: Provenance) -> None:
    """Write what an export is beside its files, with their hashes. Raises OSError."""
    said = {name: getattr(provenance, name) for name in Provenance.__dataclass_fields__}
    said["iterations"] = list(provenance.iterations)
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _hash(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    text = json.dumps({"version": _VERSION, **said, "files": files}, indent=1)
    write_atomically(folder / PROVENANCE, text + "\n")


def read_provenance(folder: Path) -> Provenance | None:
    """Read what an export is; None where it is none, or not one that this version knows."""
    path = folder / PROVENANCE
    try:
        if path.stat().st_size > _LONGEST_BYTES:
            return None
        said = json.loads(path.read_bytes())
        known = {name: said[name] for name in Provenance.__dataclass_fields__ if name in said}
        known["format"] = ExportFormat(known["format"])
        known["iterations"] = tuple(int(each) for each in known["iterations"])
        found = Provenance(**known)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if _is_sound(found) else None


def _is_sound(found: Provenance) -> bool:
    """Whether texts are texts and numbers numbers: the file may have been edited since."""
    texts = ("project", "student", "base", "task", "what", "precision", "file", "name", "prompt")
    numbers = (found.right, found.tested, found.start_right)
    return (
        all(isinstance(getattr(found, each), str) for each in texts)
        and all(each is None or type(each) is int for each in numbers)
        and all(type(each) is int for each in (found.run, found.reply_tokens))
    )


def read_export(folder: Path) -> Export | None:
    """Read an export with its files; None where there is none."""
    provenance = read_provenance(folder)
    if provenance is None:
        return None
    try:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = [(p.relative_to(folder).as_posix(), p.stat().st_size) for p in paths]
        return Export(folder, provenance, files, (folder / PROVENANCE).stat().st_mtime)
    except OSError:
        return None


def find_exports(folders: Iterable[Path]) -> list[Export]:
    """Return the exports in these folders, the last written first."""
    found: dict[Path, Export] = {}
    for parent in folders:
        try:
            children = [path for path in parent.iterdir() if not path.name.startswith(".")]
        except OSError:
            continue
        for child in children:
            if (export := read_export(child)) is not None:
                found[child] = export
    return sorted(found.values(), key=lambda each: (-each.written_at, str(each.folder)))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
