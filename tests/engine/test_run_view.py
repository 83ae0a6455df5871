"""What a person is shown of a run: its row, its engine's heartbeat and process, in words."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import (
    CommandKind,
    Heartbeat,
    Run,
    RunStatus,
    StageName,
)
from db.store import Store
from engine.config import Settings, settings_hash
from engine.process import EngineLock, EngineProcess, age_text, run_view
from engine.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project")


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    with Store.open(project.db_path) as store:
        yield store


@pytest.fixture
def run(store: Store) -> Run:
    run = store.create_run(
        seed=1,
        iterations=3,
        config=Settings().model_dump(mode="json"),
        config_hash=settings_hash(Settings()),
        versions={},
        student="embedded",
    )
    return store.set_run_status(run.id, RunStatus.RUNNING)


def beat(store: Store, run: Run, state: str = "running") -> Heartbeat:
    """A heartbeat of this very process."""
    me = EngineProcess.current()
    heartbeat = Heartbeat(
        run_id=run.id,
        pid=me.pid,
        process_started=me.started,
        host=me.host,
        state=state,
        iteration=2,
        stage=StageName.SAMPLE,
        done=320,
        total=600,
        rate=4.0,
        eta_s=70.0,
        note="sampling 320/600",
    )
    store.beat(heartbeat)
    return heartbeat


def leave_a_note(project: Project, holder: EngineProcess) -> None:
    """What a killed engine leaves behind."""
    note = {"pid": holder.pid, "process_started": holder.started, "host": holder.host}
    (project.path / ".engine.json").write_text(json.dumps(note))


def test_without_a_run_nothing_has_started(project: Project, store: Store) -> None:
    view = run_view(project, store)
    assert (view.state, view.run, view.engine.alive) == ("not started", None, False)


def test_a_pending_run_has_not_started_until_an_engine_takes_it(
    project: Project, store: Store, run: Run
) -> None:
    store.set_run_status(run.id, RunStatus.PENDING)
    assert run_view(project, store).state == "not started"
    with EngineLock(project):
        assert run_view(project, store, now=EngineProcess.current().started).state == "running"


@pytest.mark.parametrize("state", ["running", "paused", "stopping"])
def test_a_live_engine_is_in_the_state_that_its_heartbeat_says(
    project: Project, store: Store, run: Run, state: str
) -> None:
    at = beat(store, run, state).at
    with EngineLock(project):
        view = run_view(project, store, now=at + 1)
    assert (view.state, view.explanation) == (state, "")
    assert (view.iteration, view.iterations, view.stage) == (2, 3, StageName.SAMPLE)
    assert (view.done, view.total, view.rate, view.eta_s) == (320, 600, 4.0, 70.0)
    assert view.note == "sampling 320/600"


def test_a_stop_that_was_asked_for_shows_at_once(project: Project, store: Store, run: Run) -> None:
    at = beat(store, run).at
    store.send_command(run.id, CommandKind.STOP)
    with EngineLock(project):
        assert run_view(project, store, now=at).state == "stopping"


def test_a_pause_that_was_asked_for_shows_at_once_until_it_is_taken_back(
    project: Project, store: Store, run: Run
) -> None:
    at = beat(store, run).at
    words = []
    with EngineLock(project):
        for kind in (CommandKind.PAUSE, CommandKind.CHECKPOINT, CommandKind.RESUME):
            store.send_command(run.id, kind)
            words.append(run_view(project, store, now=at).state)
    assert words == ["pausing", "pausing", "running"]


def test_a_silent_engine_is_shown_with_the_age_of_its_heartbeat(
    project: Project, store: Store, run: Run
) -> None:
    at = beat(store, run).at
    with EngineLock(project):
        view = run_view(project, store, now=at + 34.6)
    assert view.state == "no heartbeat 34 s"
    assert "gives no sign of life" in view.explanation
    assert view.engine.alive
    assert (view.rate, view.eta_s) == (None, None)


def test_a_killed_engine_is_shown_at_once_with_what_to_do(
    project: Project, store: Store, run: Run
) -> None:
    heartbeat = beat(store, run)
    killed = replace(EngineProcess.current(), started=heartbeat.process_started - 3600)
    leave_a_note(project, killed)
    view = run_view(project, store, now=heartbeat.at + 2)
    assert view.state == "no heartbeat 2 s"
    assert "ended unexpectedly" in view.explanation
    assert "tripost run" in view.explanation
    assert not view.engine.alive


def test_an_engine_that_let_go_of_its_lock_is_not_alive_though_its_process_is(
    project: Project, store: Store, run: Run
) -> None:
    view = run_view(project, store, now=beat(store, run).at)
    assert (view.state, view.engine.alive) == ("no heartbeat 0 s", False)


def test_a_run_that_was_killed_before_its_first_heartbeat_counts_from_its_start(
    project: Project, store: Store, run: Run
) -> None:
    assert run.started_at is not None
    view = run_view(project, store, now=run.started_at + 300)
    assert view.state == "no heartbeat 5 min"


def test_an_engine_that_resumes_is_not_silent_for_its_forerunners_sake(
    project: Project, store: Store, run: Run
) -> None:
    me = EngineProcess.current()
    store.beat(
        Heartbeat(
            run_id=run.id,
            pid=me.pid + 1,
            process_started=me.started - 9000,
            host=me.host,
            state="stopping",
            at=me.started - 7200,
        )
    )
    with EngineLock(project):
        assert run_view(project, store, now=me.started + 3).state == "running"
        assert run_view(project, store, now=me.started + 40).state == "no heartbeat 40 s"


def test_an_engine_on_another_machine_is_judged_by_its_heartbeat_alone(
    project: Project, store: Store, run: Run
) -> None:
    me = EngineProcess.current()
    there = replace(beat(store, run), host="elsewhere")
    store.beat(there)
    leave_a_note(project, EngineProcess(me.pid, me.started, "elsewhere"))
    assert run_view(project, store, now=there.at + 1).state == "running"
    silent = run_view(project, store, now=there.at + 60)
    assert silent.state == "no heartbeat 60 s"
    assert "cannot be seen from here" in silent.explanation


@pytest.mark.parametrize("status", [RunStatus.STOPPED, RunStatus.FINISHED, RunStatus.FAILED])
def test_the_end_of_a_run_is_what_its_row_says(
    project: Project, store: Store, run: Run, status: RunStatus
) -> None:
    at = beat(store, run).at
    store.set_run_status(run.id, status, "the reason")
    view = run_view(project, store, now=at + 1000)
    assert (view.state, view.explanation) == (status.value, "the reason")
    assert (view.iteration, view.eta_s) == (2, None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (34.9, "34 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert age_text(seconds) == text
