"""Writing files so that a crash leaves the old one or the new one, never a torn one; the room
that there is for them."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, which takes the place of ``path`` at the end.

    It lies in the same folder, and is on disk before it is renamed. After an exception it is
    removed and ``path`` is as it was. A link is followed. Raises OSError.
    """
    path = Path(os.path.realpath(path))
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        yield partial
        _sync(partial)
        with suppress(FileNotFoundError):
            os.chmod(partial, path.stat().st_mode & 0o7777)
        os.replace(partial, path)
    except BaseException:
        # What went wrong matters more than a file that cannot be removed either.
        with suppress(OSError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a whole file: all of it, or nothing. Text is UTF-8. Raises OSError."""
    raw = data.encode() if isinstance(data, str) else data
    with replacing(path) as partial:
        partial.write_bytes(raw)


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` last through a power cut, where the system can."""
    if os.name == "posix":
        _sync(folder)


def free_bytes(path: Path) -> int | None:
    """Return the room on the disk that ``path`` would be on; None where it cannot be told."""
    path = path.absolute()
    for folder in (path, *path.parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def _sync(path: Path) -> None:
    # Windows flushes only what is open for writing; a folder opens only for reading.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
