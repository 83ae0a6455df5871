"""One connection to the store: typed reads, atomic writes, errors in the store's own words."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from db.errors import StoreMissing, StoreReadOnly, StoreTooOld, from_sqlite
from db.migrations import STEPS, Step
from db.opening import create, open_database
from db.rows import decode, encode, to_sqlite
from db.waiting import BUSY_TIMEOUT_S, patiently

T = TypeVar("T")


class Connection:
    """A connection to a project's database, for one thread.

    Every method that reads or writes raises StoreError subclasses: StoreBusy, StoreFull,
    StoreReadOnly, StoreCorrupt, StoreConflict; those that name a single row raise StoreMissing.
    """

    steps: ClassVar[Sequence[Step]] = STEPS
    """What makes the schema of its kind of database."""

    def __init__(self, connection: sqlite3.Connection, path: Path, timeout_s: float) -> None:
        self.path = path
        self._connection = connection
        self._timeout_s = timeout_s
        self._reading = False

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make an empty database at ``path`` and open it. Raises StoreExists and others."""
        create(Path(path), cls.steps)
        return cls.open(path)

    @classmethod
    def open(
        cls, path: Path | str, readonly: bool = False, *, timeout_s: float = BUSY_TIMEOUT_S
    ) -> Self:
        """Open the database at ``path``, migrating it first unless ``readonly``.

        ``timeout_s`` is how long to wait for another process's lock. Raises StoreMissing,
        StoreTooNew, StoreTooOld, StoreReadOnly, StoreFull, StoreBusy, StoreCorrupt.
        """
        path = Path(path)
        opened = open_database(path, readonly=readonly, timeout_s=timeout_s, steps=cls.steps)
        return cls(opened, path, timeout_s)

    @classmethod
    def read(cls, path: Path | str, *, timeout_s: float = BUSY_TIMEOUT_S) -> Self:
        """Open the database for reading; one of an older version is migrated first.

        Raises what :meth:`open` does; StoreTooOld where it cannot be migrated, as it cannot be
        written.
        """
        try:
            return cls.open(path, readonly=True, timeout_s=timeout_s)
        except StoreTooOld as error:
            try:
                cls.open(path, timeout_s=timeout_s).close()
            except StoreReadOnly:
                raise error from None
        return cls.open(path, readonly=True, timeout_s=timeout_s)

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are kept together, or none: an exception takes them all back.

        Inside another transaction it is a savepoint: taken back alone, kept with the whole.
        """
        if self._reading:
            raise RuntimeError("a snapshot is for reading: write after it")
        if self._in_transaction():
            start, keep = "SAVEPOINT nested", "RELEASE nested"
            undo = ["ROLLBACK TO nested", "RELEASE nested"]
        else:
            # The write lock is taken at once: a reader that turns writer midway could not be
            # made to wait for another writer, it would fail.
            start, keep, undo = "BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"]
        self._execute(start)
        try:
            yield
            self._execute(keep)
        except BaseException:
            # A full disk or an I/O error may have ended the whole transaction already.
            if self._in_transaction():
                for statement in undo:
                    self._execute(statement)
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see the same moment. Keep it short: it can hold up a commit."""
        if self._in_transaction():
            yield
            return
        self._execute("BEGIN")
        self._reading = True
        try:
            yield
        finally:
            self._reading = False
            if self._in_transaction():
                self._execute("ROLLBACK")

    def _in_transaction(self) -> bool:
        return self._connection.in_transaction

    def _execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        try:
            # A statement that finds the database locked has done nothing: also a COMMIT, which
            # keeps its transaction, and keeps new readers out until it is done.
            return patiently(lambda: self._connection.execute(sql, values), self._timeout_s)
        except sqlite3.ProgrammingError:
            raise  # a closed store or the wrong thread: a mistake of the caller's
        except sqlite3.Error as error:
            raise from_sqlite(self.path, error) from error

    def _select(self, sql: str, values: tuple[Any, ...]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and all rows: a cursor left open would hold up the writer's commit."""
        cursor = self._execute(sql, values)
        try:
            return [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.Error as error:
            raise from_sqlite(self.path, error) from error

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._select(sql, values)[1]

    def _all(self, kind: type[T], sql: str, *values: Any) -> list[T]:
        columns, rows = self._select(sql, values)
        return [decode(kind, columns, row) for row in rows]

    def _first(self, kind: type[T], sql: str, *values: Any) -> T | None:
        found = self._all(kind, sql, *values)
        return found[0] if found else None

    def _one(self, kind: type[T], table: str, row_id: int) -> T:
        found = self._first(kind, f"SELECT * FROM {table} WHERE id = ?", row_id)
        if found is None:
            raise self._missing(table, row_id)
        return found

    def _missing(self, table: str, row_id: int) -> StoreMissing:
        return StoreMissing(f"{self.path}: {table} has no row {row_id}.", title="No such row")

    def _insert(self, table: str, record: object, conflict: str = "", **more: Any) -> int:
        """Store ``record``, or a mapping of columns; return its id.

        ``conflict`` is an ON CONFLICT clause; 0 is returned when it leaves things as they are.
        """
        values = dict(record) if isinstance(record, Mapping) else encode(record, ("id", "turns"))
        values = {key: to_sqlite(value) for key, value in (values | more).items()}
        marks = ", ".join(f":{column}" for column in values)
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) {conflict}"
        cursor = self._execute(sql, values)
        return cursor.lastrowid or 0 if cursor.rowcount else 0

    def _change(self, sql: str, *values: Any) -> int:
        """Run one UPDATE or DELETE; return how many rows it touched."""
        with self.transaction():
            return self._execute(sql, tuple(to_sqlite(value) for value in values)).rowcount
