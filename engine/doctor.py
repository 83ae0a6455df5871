"""What this machine has of what TriPosT needs, as data. Nothing heavy is loaded to find out."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from db.opening import wal_is_safe
from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.gpus import Gpu, GpuQueryError, query_gpus
from engine.project import state_dir


class Status(StrEnum):
    """How a check came out: fine, something will not work, or nothing will."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``fix`` says what to do about it; it is empty where nothing is to be done."""

    name: str
    status: Status
    detail: str
    fix: str = ""


_PACKAGES: Mapping[str, tuple[Status, str]] = {
    "torch": (Status.ERROR, "the student cannot run"),
    "transformers": (Status.ERROR, "the student cannot be loaded"),
    "peft": (Status.WARNING, "no LoRA adapters"),
    "bitsandbytes": (Status.WARNING, "no 4-bit loading, no 8-bit optimizers"),
    "textual": (Status.ERROR, "the app cannot open; the commands work"),
}
_STUDENT_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_HUB_TOKEN = "HF_TOKEN"
_GB = 1e9
_GIB = 2**30


def examine(folder: Path | None = None, more: Sequence[Check] = ()) -> list[Check]:
    """Run all checks; ``folder`` is where projects are kept (here, unless given).

    ``more`` are checks of parts that are not the engine's, such as local experts.
    """
    return [
        check_python(),
        check_platform(),
        *check_packages(),
        check_sqlite(sqlite3.sqlite_version_info[:3]),
        *(check_student(student_folder(task)) for task in SCHOOLED_TASKS),
        check_cpu(),
        check_memory(),
        check_disk(folder or Path.cwd()),
        check_gpu(),
        check_state_dir(state_dir()),
        check_secrets(os.environ),
        *more,
    ]


def worst(checks: Sequence[Check]) -> Status:
    """The gravest status among ``checks``."""
    found = {check.status for check in checks}
    return next((s for s in (Status.ERROR, Status.WARNING) if s in found), Status.OK)


def check_python() -> Check:
    return Check("python", Status.OK, f"{platform.python_version()} ({sys.executable})")


def check_platform() -> Check:
    return Check("platform", Status.OK, f"{platform.platform()}, {platform.machine()}")


def installed_version(package: str) -> str | None:
    """A package's version without importing it; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_packages() -> list[Check]:
    checks = []
    for package, (status, loss) in _PACKAGES.items():
        version = installed_version(package)
        if version is None:
            fix = f"pip install {package}"
            checks.append(Check(package, status, f"not installed: {loss}", fix))
        else:
            checks.append(Check(package, Status.OK, version))
    return checks


def check_sqlite(version: tuple[int, ...]) -> Check:
    """SQLite before 3.51.3 can lose pages in WAL mode (`db.opening` tells how)."""
    text = ".".join(map(str, version))
    if wal_is_safe((version[0], version[1], version[2])):
        return Check("sqlite", Status.OK, f"{text}, WAL mode where the filesystem can")
    return Check(
        "sqlite",
        Status.OK,
        f"{text}, which has the WAL-reset bug (fixed in 3.51.3): databases use a rollback "
        "journal instead, which is safe and a little slower",
    )


def check_student(folder: Path) -> Check:
    """A task's embedded student is whole and readable as far as can be seen from outside."""
    name = f"embedded student, {folder.name}"
    fix = "Install TriPosT again."
    missing = [file for file in _STUDENT_FILES if not (folder / file).is_file()]
    if missing:
        return Check(name, Status.ERROR, f"{folder}: no {', '.join(missing)}", fix)
    size = (folder / "model.safetensors").stat().st_size
    try:
        config = json.loads((folder / "config.json").read_bytes())
        shape = f"{config['num_hidden_layers']} layers of {config['hidden_size']}"
    except (OSError, ValueError, KeyError, TypeError):
        return Check(name, Status.ERROR, f"{folder}: config.json is damaged", fix)
    return Check(name, Status.OK, f"{size / 1e6:.1f} MB, {shape}")


def check_cpu() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = psutil.cpu_count(logical=False)
    physical = f", {cores} cores" if cores else ""
    return Check("cpu", Status.OK, f"{usable or 1} usable threads{physical}")


def check_memory() -> Check:
    memory = psutil.virtual_memory()
    detail = f"{memory.available / _GIB:.1f} GiB free of {memory.total / _GIB:.1f} GiB"
    if memory.available < _GIB:
        fix = "Close other programs: even the demo needs about 1 GiB."
        return Check("memory", Status.WARNING, detail, fix)
    return Check("memory", Status.OK, detail)


def check_disk(folder: Path) -> Check:
    """Free space where a project in ``folder`` would lie; it need not exist yet."""
    there = _existing(folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Check("disk", Status.WARNING, f"{there}: {error.strerror or error}")
    detail = f"{free / _GB:.1f} GB free at {there}"
    if free < _GB:
        fix = "Free some space, or choose another disk: checkpoints of real students are large."
        return Check("disk", Status.WARNING, detail, fix)
    return Check("disk", Status.OK, detail)


def check_gpu(command: Sequence[str] | None = None) -> Check:
    """NVIDIA GPUs by nvidia-smi; ``command`` replaces it."""
    try:
        gpus = query_gpus(command)
    except GpuQueryError as error:
        fix = "Check the NVIDIA driver; after an update, restart the machine."
        return Check("gpu", Status.WARNING, f"nvidia-smi: {error}", fix)
    if not gpus:
        detail = "no nvidia-smi, so no NVIDIA GPU can be seen: the student runs on the CPU"
        if sys.platform == "darwin" and platform.machine() == "arm64":
            detail = "Apple silicon (mps)"
        return Check("gpu", Status.OK, detail)
    detail = "; ".join(map(_gpu_text, gpus))
    torch = installed_version("torch") or ""
    if "+cpu" in torch:
        fix = "Install a CUDA build of torch: see pytorch.org"
        detail += f", but torch {torch} is built for the CPU alone"
        return Check("gpu", Status.WARNING, detail, fix)
    return Check("gpu", Status.OK, detail)


def _gpu_text(gpu: Gpu) -> str:
    free, total = (
        "?" if size is None else f"{size / _GIB:.1f}" for size in (gpu.free_bytes, gpu.total_bytes)
    )
    return f"{gpu.name}, driver {gpu.driver}, {free} GiB free of {total} GiB"


def check_state_dir(folder: Path) -> Check:
    """The folder that remembers projects can be written, or made where it is not there yet."""
    fix = "Set TRIPOST_STATE_DIR to a folder that can be written."
    there = _existing(folder)
    try:
        if there == folder:
            with tempfile.TemporaryFile(dir=folder):
                pass
        elif not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            return Check("state folder", Status.WARNING, f"{folder}: cannot be made", fix)
    except OSError as error:
        what = error.strerror or str(error)
        return Check("state folder", Status.WARNING, f"{folder}: {what}", fix)
    return Check("state folder", Status.OK, str(folder))


def check_secrets(environment: Mapping[str, str]) -> Check:
    """Which keys are set and where, by name alone: a value is never told."""
    # With it comes a client for HTTP, which nothing else here needs.
    from local_experts.keys import KNOWN_KEYS, KeyPlace, key_place

    places = {name: key_place(name, environment) for name in KNOWN_KEYS}
    # The hub's own libraries do not look into our keyring.
    places[_HUB_TOKEN] = KeyPlace.ENVIRONMENT if environment.get(_HUB_TOKEN) else None
    said = [f"{name} is set ({place})" for name, place in places.items() if place]
    missing = [name for name, place in places.items() if not place]
    if missing:
        said.append(f"not set: {', '.join(missing)}")
    return Check("keys", Status.OK, "; ".join(said))


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next((part for part in (path, *path.parents) if part.exists()), path)
