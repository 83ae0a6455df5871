"""Steps forward: backed up, all or none, refused when they are somebody else's."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store_rows import new_run, new_store

from db import migrations
from db.errors import StoreReadOnly, StoreTooNew, StoreTooOld
from db.migrations import STEPS
from db.records import Run
from db.store import Store

if TYPE_CHECKING:
    from sqlite_utils import Database


def m002_notes(db: "Database") -> None:
    db.execute("ALTER TABLE runs ADD COLUMN note TEXT")


def m003_breaks(db: "Database") -> None:
    db.execute("CREATE TABLE half (id)")
    db.execute("DROP TABLE never_there")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with new_store(tmp_path) as store:
        new_run(store)
    return store.path


@pytest.fixture
def connection(project: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(project, isolation_level=None)) as opened:
        yield opened


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def test_a_new_store_has_every_step_and_needs_no_backup(store: Store) -> None:
    assert migrations.applied(store._connection) == [step.__name__ for step in STEPS]
    assert not list(store.path.parent.glob("*.bak*"))


def test_opening_again_changes_nothing(project: Path) -> None:
    before = project.read_bytes()
    Store.open(project).close()
    assert project.read_bytes() == before


def test_a_due_step_is_applied_after_a_backup(
    project: Path, connection: sqlite3.Connection
) -> None:
    steps = (*STEPS, m002_notes)
    assert migrations.check(connection, project, steps)
    migrations.migrate(connection, project, steps)
    assert "note" in columns(connection, "runs")
    assert not migrations.check(connection, project, steps)
    with Store.open(project.with_name(f"tripost.db.bak-{len(STEPS)}")) as backup:
        assert len(backup.runs()) == 1
        assert "note" not in columns(backup._connection, "runs")


def test_a_step_that_fails_takes_all_of_them_back(
    project: Path, connection: sqlite3.Connection
) -> None:
    with pytest.raises(sqlite3.OperationalError, match="never_there"):
        migrations.migrate(connection, project, (*STEPS, m002_notes, m003_breaks))
    assert "note" not in columns(connection, "runs")
    assert columns(connection, "half") == set()
    with Store.open(project) as store:
        assert len(store.runs()) == 1


def test_whoever_comes_second_finds_nothing_to_do(
    project: Path, connection: sqlite3.Connection
) -> None:
    steps = (*STEPS, m002_notes)
    with closing(sqlite3.connect(project, isolation_level=None)) as second:
        assert migrations.check(second, project, steps)
        migrations.migrate(connection, project, steps)
        migrations.migrate(second, project, steps)
        assert migrations.applied(second) == [step.__name__ for step in steps]


def test_a_newer_schema_is_refused_and_left_alone(
    project: Path, connection: sqlite3.Connection
) -> None:
    migrations.migrate(connection, project, (*STEPS, m002_notes))
    connection.close()
    before = project.read_bytes()
    for readonly in (True, False):
        with pytest.raises(StoreTooNew, match="m002_notes"):
            Store.open(project, readonly)
    assert project.read_bytes() == before


def test_an_older_schema_is_not_migrated_by_a_reader(
    project: Path, connection: sqlite3.Connection
) -> None:
    connection.execute("DELETE FROM _sqlite_migrations")
    with pytest.raises(StoreTooOld, match="read-only"):
        Store.open(project, readonly=True)


def older(project: Path, connection: sqlite3.Connection) -> None:
    """Take the newest step back, as far as a reader can tell."""
    name = STEPS[-1].__name__
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = ?", [name])
    connection.execute("DROP INDEX evaluations_listed")
    connection.commit()


def test_to_be_read_an_older_database_is_migrated_with_a_backup(
    project: Path, connection: sqlite3.Connection
) -> None:
    older(project, connection)
    connection.close()
    with Store.read(project) as store:
        assert len(store.runs()) == 1
        with pytest.raises(StoreReadOnly):
            store.create_run(
                seed=1, iterations=1, config={}, config_hash="", versions={}, student=""
            )
    assert project.with_name(f"{project.name}.bak-{len(STEPS) - 1}").exists()


def test_an_older_database_that_cannot_be_written_is_told_as_such(
    project: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    older(project, connection)
    connection.close()

    def refuse(*_: object, **__: object) -> None:
        raise StoreReadOnly("a read-only disk")

    monkeypatch.setattr(migrations, "migrate", refuse)
    with pytest.raises(StoreTooOld, match="read-only"):
        Store.read(project)


def test_a_backup_replaces_an_unfinished_one(store: Store, run: Run) -> None:
    target = store.path.with_name("copy.db")
    target.with_name("copy.db.partial").write_bytes(b"left by a crash")
    migrations.backup(store.path, target)
    assert not target.with_name("copy.db.partial").exists()
    with Store.open(target, readonly=True) as copy:
        assert copy.latest_run() == run


def test_every_query_by_run_uses_an_index(store: Store) -> None:
    tables = store._rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%run_id INTEGER%'"
    )
    assert len(tables) >= 10
    for (table,) in tables:
        pending = " AND taken_at IS NULL" if table == "commands" else ""
        plan = store._rows(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE run_id = 1{pending}")
        assert plan[0][3].startswith(f"SEARCH {table} USING")


def test_opening_an_up_to_date_store_is_light(project: Path) -> None:
    code = (
        "import sys; from db.store import Store; Store.open(sys.argv[1]).close();"
        "sys.exit('sqlite_utils' in sys.modules or 'numpy' in sys.modules)"
    )
    root = str(Path(migrations.__file__).parents[1])
    command = [sys.executable, "-c", code, str(project)]
    assert subprocess.run(command, check=False, env={"PYTHONPATH": root}).returncode == 0
