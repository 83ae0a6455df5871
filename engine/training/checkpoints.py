"""Checkpoints: a folder that appears whole or not at all, with a hash of its contents.

Weights are safetensors; the optimizer's state is loaded with ``weights_only``, so that a
checkpoint can never run code.
"""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import StudentError, project_error
from engine.files import free_bytes, sync_folder
from engine.student.model import Student

_REST = ("step", "optimizer", "random", "loop", "more")
_WEIGHTS = "weights.safetensors"
_STATE = "state.pt"

_DAMAGE = (
    OSError,
    SafetensorError,
    RuntimeError,
    pickle.UnpicklingError,
    EOFError,
    KeyError,
    TypeError,
)
"""What reading a damaged training state can raise."""

_NO_ROOM_BYTES = 2**20
"""With less room than this, a failed write is taken for a full disk."""


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What training goes on from: steps done, trained weights, optimizer, random generators.

    ``loop`` is what the trainer has found out on its way, ``more`` what its caller has: plain
    values.
    """

    step: int
    weights: Mapping[str, Tensor]
    optimizer: dict[str, Any]
    random: dict[str, Tensor]
    loop: dict[str, Any]
    more: dict[str, Any]


def save_state(state: TrainingState, folder: Path) -> str:
    """Write a training state as a new folder; return its hash. Raises ProjectError."""

    def write(partial: Path) -> None:
        # Tied weights share memory, which safetensors refuses.
        weights = {name: weight.contiguous().clone() for name, weight in state.weights.items()}
        save_file(weights, partial / _WEIGHTS)
        rest = {name: getattr(state, name) for name in _REST}
        torch.save(rest, partial / _STATE)

    return write_folder(folder, write)


def load_state(folder: Path) -> TrainingState:
    """Read what `save_state` wrote. Raises StudentError if it is damaged."""
    try:
        rest = torch.load(folder / _STATE, weights_only=True)
        weights = load_file(folder / _WEIGHTS)
        return TrainingState(weights=weights, **{name: rest[name] for name in _REST})
    except _DAMAGE as error:
        raise StudentError(f"{folder}: {error!r}", "A checkpoint is damaged") from error


def save_weights(student: Student, folder: Path) -> str:
    """Write the student as transformers loads it; return its hash. Raises ProjectError."""
    return write_folder(folder, student.save)


def load_weights(student: Student, folder: Path) -> None:
    """Put the weights that `save_weights` wrote into a loaded student, all or none.

    Raises:
        StudentError: they are damaged, or another student's.
    """
    name = "adapter_model.safetensors" if _is_adapter(folder) else "model.safetensors"
    try:
        found = load_file(folder / name)
    except (OSError, SafetensorError) as error:
        raise StudentError(f"{folder / name}: {error}", "A checkpoint is damaged") from error
    pairs: list[tuple[Tensor, Tensor]] = []
    for key, weight in student.trained_weights().items():
        saved = found.get(key, found.get(key.replace(".default", "")))
        if saved is None or saved.shape != weight.shape:
            what = "missing" if saved is None else f"of shape {tuple(saved.shape)}"
            raise StudentError(f"{folder / name}: {key} is {what}.", "A checkpoint is damaged")
        pairs.append((weight, saved))
    with torch.no_grad():
        for weight, saved in pairs:
            weight.copy_(saved)


def _is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def folder_hash(folder: Path) -> str:
    """Return the SHA-256 of all files in a folder, names included."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def remove_folder(folder: Path) -> None:
    """Remove a checkpoint that is no longer needed; one that is gone already is no error."""
    shutil.rmtree(folder, ignore_errors=True)


def write_folder(folder: Path, write: Callable[[Path], None]) -> str:
    """Have ``write`` fill a folder that appears whole; return its hash. Raises ProjectError."""
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        write(partial)
        for path in partial.rglob("*"):
            if path.is_file():
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
        sync_folder(partial)
        digest = folder_hash(partial)
        # A folder left by a crash between rename and row is as good as none.
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
        sync_folder(folder.parent)
    except (OSError, SafetensorError, RuntimeError) as error:
        cause = error if isinstance(error, OSError) else os_error_of(partial, error)
        shutil.rmtree(partial, ignore_errors=True)
        raise project_error(folder, cause) from error
    return digest


def os_error_of(folder: Path, error: Exception) -> OSError:
    """Find what the system said: safetensors quotes its number, torch does not tell at all."""
    quoted = re.search(r"\(os error (\d+)\)", str(error))
    if quoted is not None:
        return OSError(int(quoted[1]), os.strerror(int(quoted[1])))
    free = free_bytes(folder)
    if free is not None and free < _NO_ROOM_BYTES:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return OSError(None, str(error))
