"""Weights in safetensors files: whether all are there and whole, and their shapes; none is loaded.

Also the reading of JSON files that others wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import StudentError

_CANNOT = "The student cannot be loaded"
_DAMAGED = "A file of weights is damaged"
_LONGEST_JSON_BYTES = 64_000_000
_LONGEST_HEADER_BYTES = 100_000_000
"""As safetensors itself has it."""


class FilesMissing(StudentError):
    """Files of a model are not there; those that are may be of use."""

    title = "The student is not whole"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        StudentError: it cannot be read, or is none.
    """
    try:
        if path.stat().st_size > _LONGEST_JSON_BYTES:
            raise ValueError(f"more than {_LONGEST_JSON_BYTES // 1_000_000} MB")
        found = json.loads(path.read_bytes())
    except RecursionError as error:
        raise StudentError(f"{path}: it is nested too deeply.", _CANNOT) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise StudentError(f"{path}: this cannot be read as JSON: {why}.", _CANNOT) from error
    if not isinstance(found, dict):
        raise StudentError(f"{path}: this is no JSON object.", _CANNOT)
    return found


def check_weights(folder: Path, stem: str = "model") -> None:
    """Check that the weights are there as safetensors, all of them, each file as long as it says.

    ``stem`` begins the files' names: ``model``, or ``adapter_model``.

    Raises:
        FilesMissing: some or all are not there.
        StudentError: they are a pickle or no safetensors, or a file is damaged.
    """
    names = _names(folder, stem)
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        for name in names:
            _header(folder / name)
    elif len(names) > 1 or _index(folder, stem).is_file():
        raise FilesMissing(
            f"{folder}: {len(missing)} of {len(names)} files of weights are missing, "
            f"{missing[0]} among them. Fetch the model again."
        )
    else:
        check_kinds_of_weights((path.name for path in folder.iterdir()), str(folder), stem)
        raise FilesMissing(f"{folder}: there is no {stem}.safetensors. Fetch the model again.")


def check_kinds_of_weights(names: Any, where: str, stem: str = "model") -> None:
    """Check by the names of a model's files that its weights are not in other forms alone.

    ``where`` is where the files are, for people.

    Raises:
        StudentError: there are pickles or GGUF files, and no safetensors.
    """
    there = sorted(names)
    if {f"{stem}.safetensors", f"{stem}.safetensors.index.json"} & set(there):
        return
    pickles = [n for n in there if n.endswith((".bin", ".pt", ".pth", ".ckpt")) and "model" in n]
    if pickles:
        raise StudentError(
            f"{where}: its weights are a pickle ({pickles[0]}), and loading one can run any code "
            "that was put into it. Choose a copy with safetensors; for one that you trust, "
            "transformers' save_pretrained makes them.",
            "The student is a pickle",
        )
    if others := [name for name in there if name.endswith(".gguf")]:
        raise StudentError(
            f"{where}: a GGUF file such as {others[0]} can be run, not trained. Choose the model "
            "as it was published before, with safetensors.",
            "The student is a GGUF file",
        )


def weight_shapes(folder: Path, stem: str = "model") -> dict[str, tuple[int, ...]]:
    """Read names and shapes of all weights from the headers of safetensors files.

    Raises:
        StudentError: a file is damaged or missing.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name in _names(folder, stem):
        shapes |= {key: tuple(entry["shape"]) for key, entry in _header(folder / name).items()}
    return shapes


def _index(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.safetensors.index.json"


def _names(folder: Path, stem: str) -> list[str]:
    """Return the names of the files with weights, whether they are there or not."""
    single, index = f"{stem}.safetensors", _index(folder, stem)
    if (folder / single).is_file() or not index.is_file():
        return [single]
    shards = read_json(index).get("weight_map")
    names = set(shards.values()) if isinstance(shards, dict) and _all_text(shards) else set()
    if not names or any(not name or Path(name).name != name for name in names):
        raise StudentError(f"{index}: weight_map does not name files beside it.", _DAMAGED)
    return sorted(names)


def _all_text(shards: Mapping[str, Any]) -> bool:
    return all(isinstance(name, str) for name in shards.values())


def _header(path: Path) -> dict[str, Any]:
    """Read what a safetensors file says of its tensors, and compare it with the file's length."""
    try:
        there = path.stat().st_size
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > min(_LONGEST_HEADER_BYTES, there - 8):
                raise ValueError(f"a header of {size:,} bytes in a file of {there:,}")
            header = json.loads(file.read(size))
        header.pop("__metadata__", None)
        end = max((_end(entry) for entry in header.values()), default=0)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise StudentError(f"{path}: {why}. Fetch it again.", _DAMAGED) from error
    if 8 + size + end != there:
        raise StudentError(
            f"{path}: it has {there:,} bytes and should have {8 + size + end:,}. Fetch it again.",
            _DAMAGED,
        )
    found: dict[str, Any] = header
    return found


def _end(entry: Mapping[str, Any]) -> int:
    """Return where a tensor's data end. Raises ValueError and the like for what is no tensor."""
    start, end = entry["data_offsets"]
    numbers = [start, end, *entry["shape"]]
    if not all(type(number) is int and number >= 0 for number in numbers) or start > end:
        raise ValueError("a tensor without shape or place")
    return int(end)
