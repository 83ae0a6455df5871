"""Creating and opening the database file: journal mode, permissions, schema.

Journal mode. The engine commits all the time while the app reads four times a second and now
and then leaves a command. WAL would be the natural choice, but SQLite before 3.51.3 can lose
committed pages in WAL mode when one connection commits, and so restarts the log, while another
is at a second checkpoint. Keeping checkpoints to a single connection does not rule that out:
the app's commit of a command is enough, and closing the last connection checkpoints as well,
which Python 3.11 cannot switch off. So a database is made in WAL mode only by a SQLite that has
the fix, and an older one uses (or goes back to) a rollback journal, which is truncated rather
than deleted to spare the folder's fsync. There a commit excludes readers for a moment and they
wait (:mod:`db.waiting`); a commit that waits for readers keeps new ones out, so that it cannot
starve, and our reads are short. ``synchronous=FULL`` in both: a committed row is on disk.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from db import migrations
from db.errors import StoreExists, StoreMissing, from_os, from_sqlite
from db.waiting import patiently

_WAL_FIXED_IN = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """True when SQLite ``version`` is free of the WAL-reset bug (sqlite.org/wal.html)."""
    backported = any(version[:2] == fixed[:2] and version >= fixed for fixed in _WAL_FIXED_IN)
    return backported or version >= _WAL_FIXED_IN[-1]


def create(path: Path, steps: Sequence[migrations.Step] = migrations.STEPS) -> None:
    """Make an empty database at ``path``: it appears there complete, or not at all.

    ``steps`` make its schema, here and below.

    Raises StoreExists, StoreMissing (no such folder), StoreReadOnly, StoreFull.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        if path.exists():
            raise StoreExists(f"{path}: not overwritten. Open it, or choose another folder.")
        if not path.parent.is_dir():
            raise StoreMissing(f"{path.parent}: no such folder.", title="No such folder")
        try:
            with closing(_connect(partial, "rwc")) as connection:
                if wal_is_safe(sqlite3.sqlite_version_info[:3]):
                    # A filesystem without shared memory answers with the mode it stays in.
                    connection.execute("PRAGMA journal_mode = WAL").fetchone()
                migrations.migrate(connection, partial, steps)
            migrations.sync(partial)
            os.replace(partial, path)
            migrations.sync(path.parent)
        finally:
            for rest in ("", "-journal", "-wal", "-shm"):
                partial.with_name(partial.name + rest).unlink(missing_ok=True)
    except sqlite3.Error as error:
        raise from_sqlite(path, error) from error
    except OSError as error:
        raise from_os(path, error) from error


def open_database(
    path: Path,
    *,
    readonly: bool,
    timeout_s: float,
    steps: Sequence[migrations.Step] = migrations.STEPS,
) -> sqlite3.Connection:
    """A connection to an up-to-date database: in autocommit mode, and never waiting by itself.

    A writable opening migrates, and makes sure that it really can write. A read-only one refuses
    every write, but is an ordinary connection: after a crash the first to come must be able to
    roll the journal back. Raises StoreError.
    """
    try:
        if not path.exists():
            raise StoreMissing(f"{path}: no such file. Make a project first: tripost new.")
        if not path.is_file():
            raise StoreMissing(f"{path}: this is not a file.")
        return patiently(lambda: _open(path, readonly, timeout_s, steps), timeout_s)
    except sqlite3.Error as error:
        raise from_sqlite(path, error) from error
    except OSError as error:
        raise from_os(path, error) from error


def _open(
    path: Path, readonly: bool, timeout_s: float, steps: Sequence[migrations.Step]
) -> sqlite3.Connection:
    connection = _connect_readonly(path) if readonly else _connect(path)
    try:
        if readonly:
            _prepare_reading(connection, path, steps)
        else:
            _prepare_writing(connection, path, timeout_s, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_reading(
    connection: sqlite3.Connection, path: Path, steps: Sequence[migrations.Step]
) -> None:
    if migrations.check(connection, path, steps):
        migrations.refuse_pending(path)
    connection.execute("PRAGMA query_only = ON")


def _prepare_writing(
    connection: sqlite3.Connection,
    path: Path,
    timeout_s: float,
    steps: Sequence[migrations.Step],
) -> None:
    pending = migrations.check(connection, path, steps)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal" or not wal_is_safe(sqlite3.sqlite_version_info[:3]):
        connection.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
    if pending:
        # Not to be begun again for every lock met on the way: here SQLite does the waiting.
        connection.execute(f"PRAGMA busy_timeout = {round(timeout_s * 1000)}")
        migrations.migrate(connection, path, steps)
        connection.execute("PRAGMA busy_timeout = 0")
    _try_writing(connection)


def _try_writing(connection: sqlite3.Connection) -> None:
    """Touch a page and take it back: SQLite notices a read-only folder no sooner than that."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID + 1}")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_readonly(path: Path) -> sqlite3.Connection:
    """An ordinary connection, save to a WAL database where its log and index cannot be made."""
    try:
        connection = _connect(path)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        denied = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not denied or any(_has_content(path, rest) for rest in ("-wal", "-journal")):
            raise
        # Nothing beside it left to replay: the file is whole, and nobody here can change it.
        return _connect(path, "ro&immutable=1")
    return connection


def _has_content(path: Path, rest: str) -> bool:
    beside = path.with_name(path.name + rest)
    return beside.exists() and beside.stat().st_size > 0
