"""Creating, opening and refusing: what a person meets when something is wrong with the file."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from permissions import permissions_bind
from store_rows import add_items, attempt, new_run, new_store

from db.errors import (
    StoreBusy,
    StoreConflict,
    StoreCorrupt,
    StoreError,
    StoreExists,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
    from_os,
)
from db.opening import wal_is_safe
from db.records import Run
from db.store import Store


def test_a_store_is_created_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "with space #1 % ?.db"
    with Store.create(path) as store:
        run = new_run(store)
    assert not list(tmp_path.glob("*.partial*"))
    with pytest.raises(StoreExists):
        Store.create(path)
    with Store.open(path) as again:
        assert again.latest_run() == run


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match=r"tripost\.db"):
        Store.open(tmp_path / "tripost.db")
    with pytest.raises(StoreMissing):
        Store.open(tmp_path)
    with pytest.raises(StoreMissing, match="no such folder"):
        Store.create(tmp_path / "absent" / "tripost.db")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_reads_and_cannot_write(store: Store, run: Run) -> None:
    with Store.open(store.path, readonly=True) as reader:
        assert reader.latest_run() == run
        with pytest.raises(StoreReadOnly):
            new_run(reader)


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be one" * 50])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tripost.db"
    path.write_bytes(content)
    for readonly in (False, True):
        with pytest.raises(StoreCorrupt, match=r"not a (TriPosT )?database"):
            Store.open(path, readonly)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tripost.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE runs (id)")
    with pytest.raises(StoreCorrupt, match="not a TriPosT database"):
        Store.open(path)


def test_a_damaged_file_is_named_and_not_made_worse(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        run = new_run(store)
        items = add_items(store, 50)
        store.add_attempts(attempt(run.id, item_id, text="x" * 2000) for item_id in items)
        path = store.path
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="damaged"), Store.open(path, readonly=True) as damaged:
        damaged.attempts(run.id, 1)
    assert path.read_bytes() == content


def test_a_full_disk_is_named_and_loses_only_the_write(store: Store, run: Run) -> None:
    items = add_items(store, 2)
    kept = store.add_attempts([attempt(run.id, items[0])])
    ((pages,),) = store._rows("PRAGMA page_count")
    store._rows(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(StoreFull, match="no room"), store.transaction():
        store.add_event(run.id, "a", "goes with the rest")
        store.add_attempts([attempt(run.id, items[1], text="x" * 1_000_000)])
    assert [a.id for a in store.attempts(run.id, 1)] == kept
    assert store.events(run.id) == []
    store.add_event(run.id, "b", "there is room for little things")
    assert len(store.events(run.id)) == 1


def test_a_read_only_project_can_be_read_and_not_written(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        run = new_run(store)
    store.path.chmod(0o444)
    tmp_path.chmod(0o555)
    with permissions_bind():
        with Store.open(store.path, readonly=True) as reader:
            assert reader.latest_run() == run
        with pytest.raises(StoreReadOnly):
            Store.open(store.path)


def test_a_read_only_folder_is_noticed_on_opening_and_creating(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    path = tmp_path / "tripost.db"
    path.with_name("tripost.db-journal").unlink(missing_ok=True)
    path.chmod(0o666)
    tmp_path.chmod(0o555)
    with permissions_bind():
        with pytest.raises(StoreReadOnly):
            Store.open(path)
        with pytest.raises(StoreReadOnly):
            Store.create(tmp_path / "new.db")


def test_a_wal_project_is_readable_where_its_log_cannot_be_made(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        run = new_run(store)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    tmp_path.chmod(0o555)
    with permissions_bind(), Store.open(store.path, readonly=True) as reader:
        assert reader.latest_run() == run


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    path = tmp_path / "tripost.db"
    path.chmod(0)
    with permissions_bind(), pytest.raises(StoreReadOnly, match="permissions"):
        Store.open(path, readonly=True)


def test_a_lock_that_is_not_let_go_is_named(store: Store, run: Run) -> None:
    with (
        store.transaction(),
        Store.open(store.path, readonly=True) as reader,
        pytest.raises(StoreBusy),
    ):
        assert reader.latest_run() == run
        Store.open(store.path, timeout_s=0.01)


def test_a_store_is_in_wal_mode_only_where_that_is_safe(store: Store) -> None:
    ((mode,),) = store._rows("PRAGMA journal_mode")
    assert mode == ("wal" if wal_is_safe(sqlite3.sqlite_version_info[:3]) else "truncate")
    ((synchronous,),) = store._rows("PRAGMA synchronous")
    assert synchronous == 2


@pytest.mark.skipif(wal_is_safe(sqlite3.sqlite_version_info[:3]), reason="WAL is safe here")
def test_a_wal_project_goes_back_to_a_rollback_journal_where_wal_is_not_safe(
    tmp_path: Path,
) -> None:
    with new_store(tmp_path) as store:
        run = new_run(store)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with Store.open(store.path) as again:
        assert again._rows("PRAGMA journal_mode") == [("truncate",)]
        assert again.latest_run() == run


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((4, 0, 0), True),
    ],
)
def test_versions_with_the_wal_reset_bug(version: tuple[int, int, int], safe: bool) -> None:
    assert wal_is_safe(version) == safe


def test_every_error_has_a_title_and_a_message_of_its_own() -> None:
    kinds = StoreError.__subclasses__()
    assert len({kind.title for kind in kinds}) == len(kinds)
    error = StoreConflict("tripost.db: twice.")
    assert str(error) == f"{error.title}: {error.message}"


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, StoreFull), (errno.EROFS, StoreReadOnly), (errno.EIO, StoreError)],
)
def test_errors_of_the_operating_system_are_named(number: int, kind: type[StoreError]) -> None:
    error = from_os(Path("tripost.db"), OSError(number, os.strerror(number)))
    assert type(error) is kind
    assert os.strerror(number) in error.message
