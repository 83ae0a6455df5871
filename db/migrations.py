"""The schema, as ordered steps that only go forward.

A step is a function that is never changed once released; the next change is the next function,
added to ``STEPS``. sqlite-utils applies them and records which were applied. It is imported
only when there is something to apply: it takes a third of a second, and the app opens stores
at its start.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.errors import StoreCorrupt, StoreTooNew, StoreTooOld, from_os, from_sqlite

if TYPE_CHECKING:
    from sqlite_utils import Database

    Step = Callable[[Database], None]
else:
    Step = Callable[[Any], None]

MIGRATION_SET = "tripost"
APPLICATION_ID = 0x54726950
"""``TriP``, in the file's header: tells our databases from anybody else's."""


def m001_initial(db: "Database") -> None:
    """Everything from questions to commands. All times are seconds since the epoch."""
    db.executescript(INITIAL_SCHEMA)


INITIAL_SCHEMA = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL, split TEXT NOT NULL, subtask TEXT NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, rationale TEXT NOT NULL, meta TEXT NOT NULL,
    UNIQUE (task, question));
CREATE INDEX items_by_split ON items (task, split, subtask);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY, created_at REAL NOT NULL, seed INTEGER NOT NULL,
    iterations INTEGER NOT NULL, config TEXT NOT NULL, config_hash TEXT NOT NULL,
    versions TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, started_at REAL,
    finished_at REAL, student TEXT NOT NULL);

CREATE TABLE stages (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    started_at REAL NOT NULL, finished_at REAL, seconds REAL NOT NULL, done INTEGER NOT NULL,
    total INTEGER NOT NULL, detail TEXT NOT NULL,
    UNIQUE (run_id, iteration, name));

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, pass INTEGER NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items (id), text TEXT NOT NULL, seed INTEGER NOT NULL,
    temperature REAL NOT NULL, finish_reason TEXT NOT NULL, tokens INTEGER NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (run_id, iteration, pass, item_id));
CREATE INDEX attempts_by_iteration ON attempts (run_id, iteration);

CREATE TABLE trajectories (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, attempt_id INTEGER NOT NULL UNIQUE REFERENCES attempts (id),
    item_id INTEGER NOT NULL REFERENCES items (id), origin TEXT NOT NULL, text TEXT NOT NULL,
    updates INTEGER NOT NULL, created_at REAL NOT NULL);
CREATE INDEX trajectories_by_iteration ON trajectories (run_id, iteration);

CREATE TABLE turns (
    id INTEGER PRIMARY KEY, trajectory_id INTEGER NOT NULL REFERENCES trajectories (id),
    position INTEGER NOT NULL, kind TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
    verdict TEXT, step TEXT, span TEXT, reason TEXT,
    UNIQUE (trajectory_id, position));

CREATE TABLE drops (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, stage TEXT NOT NULL,
    attempt_id INTEGER REFERENCES attempts (id),
    trajectory_id INTEGER REFERENCES trajectories (id),
    reason TEXT NOT NULL, detail TEXT NOT NULL, created_at REAL NOT NULL);
CREATE INDEX drops_by_reason ON drops (run_id, iteration, stage, reason);

CREATE TABLE examples (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, trajectory_id INTEGER REFERENCES trajectories (id),
    item_id INTEGER NOT NULL REFERENCES items (id), kind TEXT NOT NULL, segments TEXT NOT NULL,
    text_hash TEXT NOT NULL, selected INTEGER NOT NULL, drop_reason TEXT, position INTEGER);
CREATE INDEX examples_by_selection ON examples (run_id, iteration, selected, kind);

-- AUTOINCREMENT where a reader asks for the rows after the last id it saw and rows can be
-- deleted: an id that came back would be missed.
CREATE TABLE train_steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, step INTEGER NOT NULL, epoch REAL NOT NULL, loss REAL,
    learning_rate REAL NOT NULL, grad_norm REAL, tokens INTEGER NOT NULL,
    weighted_tokens INTEGER NOT NULL, seconds REAL NOT NULL,
    UNIQUE (run_id, iteration, step));
CREATE INDEX train_steps_by_run ON train_steps (run_id);

CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, item_id INTEGER NOT NULL REFERENCES items (id),
    text TEXT NOT NULL, first_answer TEXT, final_answer TEXT, first_correct INTEGER NOT NULL,
    final_correct INTEGER NOT NULL, first_flexible INTEGER NOT NULL,
    final_flexible INTEGER NOT NULL, updates INTEGER NOT NULL, finish_reason TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    UNIQUE (run_id, iteration, item_id));

CREATE TABLE checkpoints (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id),
    iteration INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, created_at REAL NOT NULL);
CREATE INDEX checkpoints_by_step ON checkpoints (run_id, iteration, step);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs (id),
    at REAL NOT NULL, level TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL,
    data TEXT NOT NULL);
CREATE INDEX events_by_run ON events (run_id);

CREATE TABLE heartbeats (
    run_id INTEGER PRIMARY KEY REFERENCES runs (id), at REAL NOT NULL, pid INTEGER NOT NULL,
    process_started REAL NOT NULL, host TEXT NOT NULL, state TEXT NOT NULL, iteration INTEGER,
    stage TEXT, done INTEGER NOT NULL, total INTEGER NOT NULL, rate REAL, eta_s REAL,
    note TEXT NOT NULL);

CREATE TABLE commands (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs (id),
    at REAL NOT NULL, kind TEXT NOT NULL, taken_at REAL);
CREATE INDEX commands_pending ON commands (run_id) WHERE taken_at IS NULL;
"""


def m002_training_memory(db: "Database") -> None:
    """What a training step had in memory, and how many tokens went through the model at once."""
    for column in ("memory_bytes", "micro_tokens"):
        db.table("train_steps").add_column(column, int)


def m003_expert_calls(db: "Database") -> None:
    """What experts were asked and what came back: the account, and what is replayed."""
    db.executescript("""
        CREATE TABLE expert_calls (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs (id),
            iteration INTEGER NOT NULL, key TEXT NOT NULL, role TEXT NOT NULL,
            expert TEXT NOT NULL, request TEXT NOT NULL, reply TEXT, thinking TEXT NOT NULL,
            finish TEXT, prompt_tokens INTEGER, reply_tokens INTEGER, seconds REAL NOT NULL,
            cost REAL NOT NULL, error TEXT, at REAL NOT NULL);
        CREATE UNIQUE INDEX expert_calls_replies ON expert_calls (key) WHERE reply IS NOT NULL;
        CREATE INDEX expert_calls_by_run ON expert_calls (run_id, iteration, role, expert);
    """)


def m004_reviews(db: "Database") -> None:
    """What persons decide about trajectories: events for ever, and the state they add up to."""
    db.executescript("""
        CREATE TABLE review_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs (id),
            step INTEGER NOT NULL, kind TEXT NOT NULL,
            trajectory_id INTEGER REFERENCES trajectories (id), at REAL NOT NULL,
            tags TEXT NOT NULL, text TEXT, checked TEXT, blind INTEGER NOT NULL);
        CREATE INDEX review_events_by_step ON review_events (run_id, step);
        CREATE INDEX review_events_by_trajectory ON review_events (trajectory_id);
        CREATE INDEX review_events_by_time ON review_events (run_id, at);

        -- What follows is made from the events above, but for the checks.
        CREATE TABLE review_steps (
            run_id INTEGER NOT NULL REFERENCES runs (id), step INTEGER NOT NULL,
            standing TEXT NOT NULL, PRIMARY KEY (run_id, step)) WITHOUT ROWID;
        CREATE INDEX review_steps_by_standing ON review_steps (run_id, standing, step);

        -- Long texts come last, so that the rest is read without them.
        CREATE TABLE review_states (
            trajectory_id INTEGER PRIMARY KEY REFERENCES trajectories (id),
            run_id INTEGER NOT NULL REFERENCES runs (id), iteration INTEGER NOT NULL,
            status TEXT NOT NULL, decided_at REAL, flagged INTEGER NOT NULL, blind TEXT,
            blind_at REAL, edited_checked TEXT, tags TEXT NOT NULL, note TEXT, edited TEXT);
        CREATE INDEX review_states_by_status ON review_states (run_id, iteration, status);
        CREATE INDEX review_states_by_time ON review_states (run_id, decided_at, blind);
        CREATE INDEX review_states_flagged ON review_states (run_id, iteration) WHERE flagged;
        CREATE INDEX review_states_edited ON review_states (run_id, iteration)
            WHERE edited IS NOT NULL;

        CREATE TABLE review_checks (
            trajectory_id INTEGER PRIMARY KEY REFERENCES trajectories (id),
            verdict TEXT NOT NULL);

        -- A list is read from this alone, in its order.
        CREATE INDEX trajectories_listed
            ON trajectories (run_id, id, iteration, origin, updates);
        CREATE INDEX trajectories_by_length ON trajectories (run_id, length(text));
        CREATE INDEX turns_by_author ON turns (trajectory_id, author);
    """)


def m005_examples_listed(db: "Database") -> None:
    """Counts and lists of examples are read from an index, without their texts."""
    db.executescript("""
        CREATE INDEX examples_listed ON examples
            (run_id, iteration, position, id, kind, drop_reason, item_id, trajectory_id);
        CREATE INDEX examples_by_trajectory ON examples (trajectory_id);
    """)


def m006_evaluations_listed(db: "Database") -> None:
    """What is right in evaluations is counted and paired up from an index, without their texts."""
    db.executescript("""
        CREATE INDEX evaluations_listed ON evaluations
            (run_id, iteration, item_id, first_correct, final_correct, first_flexible,
             final_flexible, updates);
    """)


STEPS: tuple[Step, ...] = (
    m001_initial,
    m002_training_memory,
    m003_expert_calls,
    m004_reviews,
    m005_examples_listed,
    m006_evaluations_listed,
)


def applied(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps that the database has been through, in order."""
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlite_migrations'"
    ).fetchone()
    if found is None:
        return []
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id",
        [MIGRATION_SET],
    )
    return [str(name) for (name,) in rows.fetchall()]


def check(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> bool:
    """True when steps are pending.

    Raises StoreCorrupt for a database that is not ours, StoreTooNew for steps unknown here.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise StoreCorrupt(f"{path}: this is not a TriPosT database.")
    done = applied(connection)
    known = [step.__name__ for step in steps]
    unknown = [name for name in done if name not in known]
    if unknown:
        raise StoreTooNew(
            f"{path}: its schema has {', '.join(unknown)}, which this version does not know. "
            "Update TriPosT to open this project.",
        )
    return len(done) < len(known)


def refuse_pending(path: Path) -> None:
    """Raise StoreTooOld: only a writable opening may migrate."""
    raise StoreTooOld(
        f"{path}: its schema has to be updated first, and it was opened read-only. "
        "Run the project once, or copy it to where it can be written.",
    )


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Apply the pending steps, all or none, after backing up a database that had any before.

    ``connection`` must be in autocommit mode. The backup is ``<file>.bak-<steps applied>``.
    """
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(MIGRATION_SET)
    for step in steps:
        migrations()(step)
    database = Database(connection, execute_plugins=False)
    # The write lock comes first: of two processes that open at once, the second waits, and
    # then finds nothing left to do. Readers, the backup among them, still get in.
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = applied(connection)
        if len(done) < len(steps):
            if done:
                backup(path, path.with_name(f"{path.name}.bak-{len(done)}"))
            migrations.apply(database)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def backup(path: Path, target: Path) -> None:
    """Copy the database at ``path`` to ``target``, whole or not at all.

    Raises StoreError.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        sync(partial)
        os.replace(partial, target)
        sync(target.parent)
    except sqlite3.Error as error:
        raise from_sqlite(target, error) from error
    except OSError as error:
        raise from_os(target, error) from error


def sync(path: Path) -> None:
    """Put a closed file's content, or a folder's entries, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
