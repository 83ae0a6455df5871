"""The app on a run that the real engine made (see `record_run.py`), against its own rows."""

import json
import sqlite3
from collections.abc import Iterator

import pytest
from piloting import StartedBackend, app_on, at_home, at_run, text_of, until

from db.migrations import STEPS, applied
from engine.project import DATABASE_FILE, Project, remember_project
from tripost_tui.recording import open_recording
from tripost_tui.screens.report import ReportScreen


@pytest.fixture
def project() -> Project:
    return open_recording()


@pytest.fixture
def rows(project: Project) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(project.path / DATABASE_FILE)
    yield connection
    connection.close()


def one(rows: sqlite3.Connection, query: str) -> float:
    return float(rows.execute(query).fetchone()[0])


async def test_the_run_screen_shows_what_the_engine_stored(
    project: Project, rows: sqlite3.Connection
) -> None:
    attempts = int(one(rows, "SELECT count(*) FROM attempts WHERE iteration = 3"))
    loss = one(rows, "SELECT loss FROM train_steps ORDER BY iteration DESC, step DESC LIMIT 1")
    final = [
        one(rows, f"SELECT 100 * avg(final_correct) FROM evaluations WHERE iteration = {iteration}")
        for iteration in range(4)
    ]
    app = app_on(StartedBackend(project.path.parent), project.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await at_run(pilot)
        await until(pilot, lambda: "now " in text_of(pilot), "the loss")
        text = text_of(pilot)
    assert "finished" in text
    assert f"{attempts} attempts" in text
    assert f"{loss:.3f}" in text
    for share in final:
        assert f"{share:.1f} (" in text


async def test_the_report_says_what_the_rows_say(
    project: Project, rows: sqlite3.Connection
) -> None:
    items = int(one(rows, "SELECT count(*) FROM evaluations WHERE iteration = 0"))
    app = app_on(StartedBackend(project.path.parent), project.path)
    async with app.run_test(size=(120, 50)) as pilot:
        await at_run(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")
        await until(pilot, lambda: f"{items}" in text_of(pilot), "the figures")
        assert "the start" in text_of(pilot)


async def test_home_lists_it_as_finished(project: Project) -> None:
    remember_project(project.path)
    app = app_on(StartedBackend(project.path.parent))
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        assert "finished" in text_of(pilot)


def test_the_recording_is_of_this_version(rows: sqlite3.Connection) -> None:
    assert applied(rows) == [step.__name__ for step in STEPS]


def test_nothing_of_the_machine_that_recorded_it_is_in_it(rows: sqlite3.Connection) -> None:
    told = [str(text) for (text,) in rows.execute("SELECT data FROM events")]
    told += [str(text) for (text,) in rows.execute("SELECT message FROM events")]
    told += [str(text) for (text,) in rows.execute("SELECT path FROM checkpoints")]
    told += [str(text) for (text,) in rows.execute("SELECT config FROM runs")]
    assert not [text for text in told if "/tmp" in text or "/home" in text or "/root" in text]
    assert json.loads(told[-1])["task"]["name"]
    assert list(rows.execute("SELECT DISTINCT host FROM heartbeats")) == [("recorded",)]
