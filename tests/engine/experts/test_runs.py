"""Runs with experts over HTTP are those with the scripts, whatever happens on the way."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import Engines, Rows, assert_same, change, run_of
from expert_runs import (
    AT_ONCE,
    Faults,
    calls_of,
    chats,
    copied,
    name_at,
    perfect,
    project_with,
    serving,
    without_authors,
    without_paths,
)
from requirements import need

from db.records import CommandKind, RunStatus, StageName
from db.store import Store
from engine.errors import ExpertUnavailable
from engine.project import Project
from tests.local_experts.serving import Body, ContractServer, Status

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def scripted(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, date_student: Path
) -> Rows:
    """What a run with the scripts collects."""
    project = project_with(tmp_path_factory.mktemp("scripted") / "p", date_student)
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    rows = Rows.of(project)
    assert rows.trajectories
    assert any(trajectory.updates for trajectory in rows.trajectories)
    return rows


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_a_perfect_expert_gives_the_trajectories_of_the_scripts(
    engines: Engines, tmp_path: Path, date_student: Path, scripted: Rows, kind: str
) -> None:
    with serving(kind) as server:
        project = project_with(tmp_path / "p", date_student, name_at(server))
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        rows = Rows.of(project)
        assert_same(without_authors(rows), without_authors(scripted))
        authors = {turn.author for t in rows.trajectories for turn in t.turns}
        assert authors == {"student", "gold", f"expert:{name_at(server)}"}
        assert len(calls_of(project)) == chats(server) > 0


@pytest.fixture(scope="session")
def over_http(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, date_student: Path
) -> Iterator[tuple[ContractServer, Project, Rows]]:
    """A finished run with a perfect expert, whose server still runs. Not to be changed."""
    with serving("openai") as server:
        folder = tmp_path_factory.mktemp("over-http") / "p"
        project = project_with(folder, date_student, name_at(server))
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        yield server, project, Rows.of(project)


def test_a_second_run_with_the_same_settings_makes_no_call(
    engines: Engines, over_http: tuple[ContractServer, Project, Rows], tmp_path: Path
) -> None:
    server, finished, rows = over_http
    project = copied(finished, tmp_path)
    before = chats(server)
    ended = engines.run(project, "--new")
    assert ended.code == 0, ended.output
    assert chats(server) == before
    assert run_of(project).id == 2
    again = Rows.of(project)
    assert_same(without_paths(again), without_paths(rows))


def test_offline_a_run_replays_what_is_recorded(
    engines: Engines, over_http: tuple[ContractServer, Project, Rows], tmp_path: Path
) -> None:
    server, finished, rows = over_http
    project = change(copied(finished, tmp_path), {"experts.offline": True})
    before = len(server.asked)
    ended = engines.run(project, "--new")
    assert ended.code == 0, ended.output
    assert len(server.asked) == before
    assert_same(without_paths(Rows.of(project)), without_paths(rows))


def test_offline_what_is_missing_is_told_and_asked_for_later(
    engines: Engines,
    over_http: tuple[ContractServer, Project, Rows],
    date_student: Path,
    tmp_path: Path,
) -> None:
    server, _, rows = over_http
    project = project_with(
        tmp_path / "p", date_student, name_at(server), values={"experts.offline": True}
    )
    before = len(server.asked)
    ended = engines.run(project)
    assert ended.code == ExpertUnavailable.exit_code
    assert len(server.asked) == before
    assert "attempts wait for replies that are not recorded" in ended.output
    assert f"{name_at(server)} was never asked for this feedback" in ended.output
    ended = engines.run(change(project, {"experts.offline": False}))
    assert ended.code == 0, ended.output
    assert_same(Rows.of(project), rows)


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_faults_in_a_third_of_the_calls_change_nothing(
    engines: Engines, date_student: Path, tmp_path: Path, scripted: Rows, kind: str
) -> None:
    faults = Faults(kind)
    with serving(kind, faults.answer) as server:
        project = project_with(
            tmp_path / "p",
            date_student,
            name_at(server),
            values={"experts.timeout_s": 1.0, "experts.tries": 20},
        )
        ended = engines.run(project, patches=AT_ONCE)
        assert ended.code == 0, ended.output
        rows = Rows.of(project)
    assert_same(without_authors(rows), without_authors(scripted))
    assert faults.seen == set(faults.kinds)
    assert faults.made >= 0.3 * faults.calls
    calls = calls_of(project)
    answered = [call for call in calls if call.reply is not None]
    assert len({call.key for call in answered}) == len(answered)


def test_what_was_replied_before_a_kill_is_not_asked_for_again(
    engines: Engines, date_student: Path, tmp_path: Path, scripted: Rows
) -> None:
    slow = {"latency_s": 0.05}
    with serving("openai", **slow) as server:
        project = project_with(
            tmp_path / "p", date_student, name_at(server), values={"experts.concurrency": 3}
        )
        for number in (3, 9):
            engine = engines.start(project)
            engine.wait_for(lambda store, run, n=number: len(store.expert_calls(run.id)) >= n)
            engine.kill()
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        asked = chats(server)
    assert_same(without_authors(Rows.of(project)), without_authors(scripted))
    replies = [call for call in calls_of(project) if call.reply is not None]
    # Of each kill, no more is lost than what was under way.
    assert len(replies) <= asked <= len(replies) + 2 * 3


def test_a_run_that_is_stopped_while_experts_are_asked_goes_on(
    engines: Engines, date_student: Path, tmp_path: Path, scripted: Rows
) -> None:
    with serving("openai", latency_s=0.05) as server:
        project = project_with(
            tmp_path / "p", date_student, name_at(server), values={"experts.concurrency": 3}
        )
        engine = engines.start(project)
        engine.wait_for(lambda store, run: len(store.expert_calls(run.id)) >= 4)
        with Store.open(project.db_path) as store:
            store.send_command(1, CommandKind.STOP)
        ended = engine.wait()
        assert ended.code == 0, ended.output
        assert run_of(project).status is RunStatus.STOPPED
        with Store.open(project.db_path) as store:
            stage = store.stage(1, 1, StageName.EDIT)
        assert stage is not None
        assert stage.done < stage.total
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        # What was under way when it was stopped was waited for: nothing is asked for twice.
        assert chats(server) == len(calls_of(project))
    assert_same(without_authors(Rows.of(project)), without_authors(scripted))


def test_the_student_leaves_its_memory_to_a_local_expert_and_comes_back(
    engines: Engines, date_student: Path, tmp_path: Path, scripted: Rows
) -> None:
    with serving("ollama", unload_looks=2) as server:
        project = project_with(
            tmp_path / "p", date_student, name_at(server), values={"experts.hand_over": "on"}
        )
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        assert server.loaded == set()
    assert_same(without_authors(Rows.of(project)), without_authors(scripted))
    with Store.open(project.db_path, readonly=True) as store:
        events = store.events(1, limit=1000)
    told = [e.data["to"] for e in events if e.kind == "hand_over"]
    # Each iteration has two passes, of which the second comes where the first was not enough.
    assert told[:2] == ["experts", "student"]
    assert set(told[::2]) == {"experts"}
    assert set(told[1::2]) == {"student"}


def test_a_budget_stops_the_run_and_a_higher_one_goes_on(
    engines: Engines, date_student: Path, tmp_path: Path, scripted: Rows
) -> None:
    with serving("openai") as server:
        project = project_with(
            tmp_path / "p", date_student, name_at(server), values={"experts.budget_tokens": 5000}
        )
        ended = engines.run(project)
        assert ended.code == 0, ended.output
        run = run_of(project)
        assert run.status is RunStatus.STOPPED
        assert "budget for experts is used up" in (run.reason or "")
        asked = chats(server)
        spent = sum((c.prompt_tokens or 0) + (c.reply_tokens or 0) for c in calls_of(project))
        assert spent >= 5000
        assert engines.run(project).code == 0
        assert chats(server) == asked
        ended = engines.run(change(project, {"experts.budget_tokens": 0}))
        assert ended.code == 0, ended.output
    assert_same(without_authors(Rows.of(project)), without_authors(scripted))


def test_a_server_that_dies_ends_the_run_and_one_that_lives_goes_on_with_it(
    engines: Engines, date_student: Path, tmp_path: Path, scripted: Rows
) -> None:
    mended = threading.Event()
    left = [6]

    def answer(body: Body) -> Any:
        left[0] -= 1
        return (
            Status(500, {"error": "broken"})
            if left[0] < 0 and not mended.is_set()
            else perfect(body)
        )

    with serving("openai", answer) as server:
        project = project_with(
            tmp_path / "p", date_student, name_at(server), values={"experts.tries": 2}
        )
        ended = engines.run(project, patches=AT_ONCE)
        assert ended.code == ExpertUnavailable.exit_code
        assert "`tripost run` goes on from here" in ended.output
        assert run_of(project).status is RunStatus.FAILED
        mended.set()
        ended = engines.run(project)
        assert ended.code == 0, ended.output
    assert_same(without_authors(Rows.of(project)), without_authors(scripted))


CANARY = "sk-canary-5e0e8f1b-do-not-tell"


def test_no_key_is_left_anywhere(engines: Engines, date_student: Path, tmp_path: Path) -> None:
    calls = [0]

    def answer(body: Body) -> Any:
        calls[0] += 1
        if calls[0] % 3 == 0:
            # Some servers quote what they were sent.
            return Status(500, {"error": {"message": f"bad header: Bearer {CANARY}"}})
        return perfect(body).replace("\\u2026", f"I was sent {CANARY}.")

    with serving("openai", answer, key=CANARY) as server:
        name = f"{name_at(server)}#MY_KEY"
        project = project_with(tmp_path / "p", date_student, name)
        refused = engines.run(project, environment={"MY_KEY": f"{CANARY}-wrong"})
        assert refused.code == ExpertUnavailable.exit_code
        ended = engines.run(project, environment={"MY_KEY": CANARY}, patches=AT_ONCE)
        assert ended.code == 0, ended.output
    assert calls[0] > 3
    assert any("I was sent" in (call.reply or "") for call in calls_of(project))
    for path in project.path.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


UNUSABLE = {
    "server down": (lambda s: "openai:m@http://127.0.0.1:9/v1", "127.0.0.1:9"),
    "model not pulled": (lambda s: f"ollama:llama9:1b@{s.url}", "ollama pull llama9:1b"),
    "wrong URL": (lambda s: f"openai:m@{s.url}/nowhere/v1", "nowhere"),
    "no such file": (lambda s: "gguf:/no/such/file.gguf", "/no/such/file.gguf"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_asked_is_told_before_any_work(
    engines: Engines, date_student: Path, tmp_path: Path, case: str
) -> None:
    if case == "no such file":
        need("llama_cpp")
    name, told = UNUSABLE[case]
    with serving("ollama") as server:
        project = project_with(tmp_path / "p", date_student, name(server))
        ended = engines.run(project)
    assert ended.code == ExpertUnavailable.exit_code
    assert told in ended.output
    with Store.open(project.db_path, readonly=True) as store:
        assert store.items(project.settings.task.name) == []


def test_a_context_that_the_model_lacks_is_told_before_any_work(
    engines: Engines, date_student: Path, tmp_path: Path
) -> None:
    with serving("ollama", context=4096) as server:
        project = project_with(tmp_path / "p", date_student, name_at(server))
        ended = engines.run(project)
    assert ended.code == ExpertUnavailable.exit_code
    assert "4,096" in ended.output
    assert "8,192" in ended.output
