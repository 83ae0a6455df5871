"""What a GGUF file says of itself, read from its header without loading it.

Format: the ggml project's ``docs/gguf.md``. A header is a magic, a version, two counts, and
key-value pairs, of which only a few at the beginning are of interest here.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from local_experts.errors import ModelFileInvalid

MAGIC = b"GGUF"
VERSIONS = (2, 3)

_KEY_LIMIT_BYTES = 65_535  # the format's own limit
_STRING_LIMIT_BYTES = 1_000_000
_PAIRS_LIMIT = 4_096
_SKIPPED_STRINGS_LIMIT = 4_096
_FOLDER_DEPTH = 8
_ENTRIES_LIMIT = 20_000

# Value types of the format: number -> struct code.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_STRING = 8
_ARRAY = 9

# Values of ``general.file_type``, by the format's list of what most tensors are.
_QUANTISATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0",
    38: "MXFP4", 39: "NVFP4",
}  # fmt: skip

_Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """A GGUF model. Texts are as the file has them: clean them before showing them.

    ``context`` is the longest context in tokens, ``parameters`` is as the file words it; what the
    header leaves out is None.
    """

    path: Path
    size_bytes: int
    version: int
    architecture: str | None
    name: str | None
    context: int | None
    parameters: str | None = None
    quantisation: str | None = None


def read_gguf(path: Path) -> GgufFile:
    """The header of the GGUF file at ``path``. Raises ModelFileInvalid."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            version, pairs = _Header(file, size).read()
    except OSError as error:
        raise ModelFileInvalid(f"{path}: {error.strerror or error}.") from error
    except _Malformed as error:
        raise ModelFileInvalid(f"{path}: {error}.") from error
    architecture = pairs.get("general.architecture")
    name = pairs.get("general.name")
    context = pairs.get(f"{architecture}.context_length")
    parameters = pairs.get("general.size_label")
    file_type = pairs.get("general.file_type")
    return GgufFile(
        path=path,
        size_bytes=size,
        version=version,
        architecture=architecture if isinstance(architecture, str) else None,
        name=name if isinstance(name, str) else None,
        context=context if isinstance(context, int) else None,
        parameters=parameters if isinstance(parameters, str) else None,
        quantisation=_QUANTISATIONS.get(file_type) if isinstance(file_type, int) else None,
    )


def find_gguf(folders: Iterable[Path]) -> tuple[list[GgufFile], list[ModelFileInvalid]]:
    """The GGUF models below ``folders``, by path, and the files that only look like one.

    Links to files count (model caches use them), links to folders are not followed. Of a model
    in several parts the first stands for all.
    """
    found: list[GgufFile] = []
    problems: list[ModelFileInvalid] = []
    for path in sorted({path for folder in folders for path in _candidates(folder)}):
        try:
            found.append(read_gguf(path))
        except ModelFileInvalid as error:
            problems.append(error)
    return found, problems


def _candidates(folder: Path) -> Iterator[Path]:
    looked_at = 0
    depth_here = len(folder.parts)
    for at, folders, files in os.walk(folder):
        looked_at += len(files) + len(folders)
        if looked_at > _ENTRIES_LIMIT:
            return
        if len(Path(at).parts) - depth_here >= _FOLDER_DEPTH:
            folders.clear()
        for name in files:
            if name.lower().endswith(".gguf") and not _is_later_part(name):
                yield Path(at, name)


def _is_later_part(name: str) -> bool:
    stem, _, total = name.lower().removesuffix(".gguf").rpartition("-of-")
    part = stem.rpartition("-")[2]
    return total.isdigit() and part.isdigit() and int(part) > 1


class _Malformed(Exception):
    pass


class _Header:
    """Reads no more than it needs, and never trusts a length."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self._size = size_bytes
        self._order = "<"

    def read(self) -> tuple[int, dict[str, _Scalar]]:
        if self._bytes(4) != MAGIC:
            raise _Malformed("this is not a GGUF file")
        version = self._number("I")
        if version & 0xFFFF == 0:  # written on a big-endian machine
            self._order = ">"
            version = struct.unpack(">I", struct.pack("<I", version))[0]
        if version not in VERSIONS:
            raise _Malformed(f"GGUF version {version} is not known, only {VERSIONS}")
        self._number("Q")  # count of tensors
        pairs: dict[str, _Scalar] = {}
        for _ in range(min(self._number("Q"), _PAIRS_LIMIT)):
            key = self._string(_KEY_LIMIT_BYTES)
            if key.startswith("tokenizer."):
                break  # long lists, and by custom nothing of interest comes after them
            kind = self._number("I")
            if kind == _ARRAY:
                if not self._skip_array():
                    break
            else:
                pairs[key] = self._value(kind)
        return version, pairs

    def _value(self, kind: int) -> _Scalar:
        if kind == _STRING:
            return self._string(_STRING_LIMIT_BYTES)
        if kind not in _SCALARS:
            raise _Malformed(f"the header has a value of unknown type {kind}")
        (value,) = self._unpack(_SCALARS[kind])
        assert isinstance(value, int | float | bool)
        return value

    def _skip_array(self) -> bool:
        """Move past an array; False where that would take long."""
        kind = self._number("I")
        count = self._number("Q")
        if kind in _SCALARS:
            self._skip(count * struct.calcsize("=" + _SCALARS[kind]))
            return True
        if kind != _STRING or count > _SKIPPED_STRINGS_LIMIT:
            return False
        for _ in range(count):
            self._skip(self._number("Q"))
        return True

    def _string(self, limit_bytes: int) -> str:
        length = self._number("Q")
        if length > limit_bytes:
            raise _Malformed(f"the header has a text of {length:,} bytes")
        return self._bytes(length).decode("utf-8", errors="replace")

    def _number(self, code: str) -> int:
        (value,) = self._unpack(code)
        return int(value)

    def _unpack(self, code: str) -> tuple[int | float | bool, ...]:
        return struct.unpack(self._order + code, self._bytes(struct.calcsize("=" + code)))

    def _skip(self, length: int) -> None:
        if self._file.tell() + length > self._size:
            raise _Malformed("the file ends inside its header")
        self._file.seek(length, os.SEEK_CUR)

    def _bytes(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) != length:
            raise _Malformed("the file ends inside its header")
        return data
