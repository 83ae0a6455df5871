"""What can go wrong with the store, named for the person who has to deal with it."""

import errno
import sqlite3
from pathlib import Path


class StoreError(Exception):
    """The store could not do what was asked. Nothing of the failed write is kept.

    ``title`` is a short line without a full stop; ``message`` says which file, what happened
    and what can be done.
    """

    title = "The project database failed"

    def __init__(self, message: str, title: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if title is not None:
            self.title = title

    def __str__(self) -> str:
        return f"{self.title}: {self.message}"


class StoreMissing(StoreError):
    """The database file, or the row that was asked for, does not exist."""

    title = "No project database"


class StoreExists(StoreError):
    """A database was to be created where a file already is."""

    title = "There is a database already"


class StoreTooNew(StoreError):
    """A newer TriPosT has migrated the database; this one would misread it."""

    title = "The project is from a newer version"


class StoreTooOld(StoreError):
    """The schema is from an older TriPosT and a read-only opening may not migrate it."""

    title = "The project is from an older version"


class StoreReadOnly(StoreError):
    """The file or its folder cannot be written."""

    title = "The project cannot be written"


class StoreFull(StoreError):
    """The disk, a quota or SQLite's page limit is exhausted."""

    title = "The disk is full"


class StoreBusy(StoreError):
    """Another process held the database for longer than the timeout."""

    title = "The project database is busy"


class StoreCorrupt(StoreError):
    """The file is damaged, or is not a TriPosT database."""

    title = "The project database cannot be read"


class StoreConflict(StoreError):
    """A row is there already, or refers to a row that is not there."""

    title = "The rows contradict what is stored"


_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


def from_sqlite(path: Path, error: sqlite3.Error) -> StoreError:
    """Translate an error of the sqlite3 module about the database at ``path``."""
    # The low byte is the primary result code; the rest only refines it.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"{path}: no room for this write. Free some space, then run again.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(f"{path}: the file or its folder is read-only ({error}).")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreReadOnly(
            f"{path}: the file cannot be opened, or its folder cannot be written ({error}). "
            "Check the permissions of both.",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(f"{path}: another process is using it and did not let go ({error}).")
    if code == sqlite3.SQLITE_NOTADB:
        return StoreCorrupt(f"{path}: this is not a database ({error}).")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreCorrupt(
            f"{path}: the file is damaged ({error}). Restore a copy, or one of its .bak files.",
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return StoreConflict(f"{path}: {error}.")
    return StoreError(f"{path}: {error}.")


def from_os(path: Path, error: OSError) -> StoreError:
    """Translate an error of the operating system about the file or folder at ``path``."""
    what = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreFull(f"{path}: {what}. Free some space, then run again.")
    if error.errno in _DENIED:
        return StoreReadOnly(f"{path}: {what}. Check the permissions of the file and its folder.")
    if error.errno == errno.ENOENT:
        return StoreMissing(f"{path}: {what}.")
    return StoreError(f"{path}: {what}.")
