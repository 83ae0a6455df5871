"""A folder of an export: whole or not at all, and never over what a person has made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import ProjectError, project_error
from engine.files import free_bytes, sync_folder

PROVENANCE = "tripost-export.json"
"""What makes a folder an export; see `engine.export.provenance`."""

_TITLE = "Nothing was exported"
_MARGIN_BYTES = 16 * 2**20


def check_target(out: Path, *, replace: bool) -> None:
    """Raises ProjectError: something is there that may not be replaced."""
    if not os.path.lexists(out):
        return
    is_export = (out / PROVENANCE).is_file() and not out.is_symlink()
    if replace and is_export:
        return
    if is_export:
        how = "Name another folder, or have it replaced (--force)."
    else:
        how = "It is no export, and stays as it is. Name another folder."
    raise ProjectError(f"{out} is there already. {how}", _TITLE)


def check_room(out: Path, needed_bytes: int) -> None:
    """Raises ProjectError: there is no room for so much."""
    free = free_bytes(out)
    if free is not None and free < needed_bytes + _MARGIN_BYTES:
        raise ProjectError(
            f"{out}: this takes about {needed_bytes / 1e9:.2f} GB, and {free / 1e9:.2f} GB are "
            "free. Free some space, or name a folder on another disk.",
            "The disk is too full",
        )


def partial_of(out: Path, pid: int) -> Path:
    """Return where the process ``pid`` writes before the folder is whole."""
    return out.with_name(f".{out.name}.{pid}.partial")


@contextmanager
def new_folder(out: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty folder to fill, which becomes ``out`` at the end, on disk by then.

    After an exception nothing is left of it, and what was at ``out`` is as it was.

    Raises:
        ProjectError: something is there that may not be replaced, or it cannot be written.
    """
    check_target(out, replace=replace)
    partial = partial_of(out, os.getpid())
    made = [part for part in out.parents if not part.exists()]
    try:
        partial.mkdir(parents=True)
        yield partial
        _sync(partial)
        check_target(out, replace=replace)
        _put(partial, out)
    except OSError as error:
        _take_back(partial, made)
        raise project_error(out, error) from error
    except BaseException:
        _take_back(partial, made)
        raise


def _put(partial: Path, out: Path) -> None:
    """Move the folder to its place; what an earlier export left there goes last."""
    old = partial.with_name(f"{partial.name}-old")
    if out.exists():
        os.replace(out, old)
    try:
        os.replace(partial, out)
    except OSError:
        if old.exists():
            os.replace(old, out)
        raise
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def _take_back(partial: Path, made: list[Path]) -> None:
    """Remove what was written; folders that were made for it go where nobody used them since."""
    shutil.rmtree(partial, ignore_errors=True)
    with suppress(OSError):
        for folder in made:
            folder.rmdir()
