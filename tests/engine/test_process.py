"""One engine per project, seen from outside, with real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]
import pytest
from permissions import permissions_bind

from engine.config import Settings
from engine.errors import (
    BusyError,
    ConfigError,
    ProjectError,
    RunFailed,
    StudentError,
    TripostError,
)
from engine.process import EngineLock, EngineProcess, engine_state, lock_holder, spawn_engine
from engine.project import Project

HOLD = """
import sys
from engine.process import EngineLock
from engine.project import Project
with EngineLock(Project.open(sys.argv[1])):
    print("working", flush=True)
    sys.stdin.read()
"""
"""An engine that does nothing but hold the lock until its input ends."""

HOLD_FOR_LONG = HOLD.replace("sys.stdin.read()", "import time; time.sleep(60)")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project")


Holder = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def hold(project: Project) -> Iterator[Holder]:
    """Start a process that holds the project's lock; wait until it does."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, project.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert _pipe(process.stdout).readline() == "working\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def as_command(code: str, project: Project) -> list[str]:
    return [sys.executable, "-c", code, str(project.path)]


def kill_and_wait(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    process.wait(timeout=10)


def test_the_lock_tells_who_holds_it_and_forgets_when_it_is_released(project: Project) -> None:
    with EngineLock(project):
        assert lock_holder(project) == EngineProcess.current()
        assert engine_state(project).alive
    assert lock_holder(project) is None
    assert not engine_state(project).alive


def test_a_second_engine_is_refused_and_told_the_pid(project: Project, hold: Holder) -> None:
    first = hold()
    with pytest.raises(BusyError, match=f"process {first.pid}") as caught:
        EngineLock(project).acquire()
    assert caught.value.pid == first.pid
    assert caught.value.exit_code == 5
    assert str(project.path) in caught.value.message
    assert engine_state(project).pid == first.pid


def test_a_second_engine_in_the_same_process_is_refused_too(project: Project) -> None:
    with EngineLock(project), pytest.raises(BusyError):
        EngineLock(project).acquire()


def test_the_lock_is_free_again_when_its_holder_ends(project: Project, hold: Holder) -> None:
    hold().communicate()
    with EngineLock(project):
        pass


def test_a_killed_engine_is_not_in_the_way(project: Project, hold: Holder) -> None:
    killed = hold()
    killed.kill()
    killed.communicate()
    assert (project.path / ".engine.json").exists()
    state = engine_state(project)
    assert (state.alive, state.pid) == (False, killed.pid)
    with EngineLock(project):
        assert engine_state(project).pid == os.getpid()


def test_a_zombie_is_not_alive(project: Project, hold: Holder) -> None:
    dead = hold()
    dead.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(dead.pid).status() == psutil.STATUS_ZOMBIE
    assert not engine_state(project).alive


def test_another_process_with_the_same_pid_is_not_the_engine(project: Project) -> None:
    me = EngineProcess.current()
    note = {"pid": me.pid, "process_started": me.started - 3600, "host": me.host}
    (project.path / ".engine.json").write_text(json.dumps(note))
    assert not engine_state(project).alive


def test_an_engine_on_another_machine_is_not_mistaken_for_one_here(project: Project) -> None:
    note = {"pid": os.getpid(), "process_started": time.time(), "host": "elsewhere"}
    (project.path / ".engine.json").write_text(json.dumps(note))
    assert not engine_state(project).alive
    assert str(lock_holder(project)) == f"process {os.getpid()} on elsewhere"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"pid": "x"}', b"\xff"])
def test_a_damaged_note_is_not_in_the_way(project: Project, content: bytes) -> None:
    (project.path / ".engine.json").write_bytes(content)
    assert not engine_state(project).alive
    with EngineLock(project):
        assert engine_state(project).alive


def test_releasing_twice_does_no_harm_to_the_next_holder(project: Project) -> None:
    first, second = EngineLock(project), EngineLock(project)
    first.acquire()
    first.release()
    with second:
        first.release()
        assert lock_holder(project) == EngineProcess.current()


def test_a_lock_in_a_read_only_project_is_an_error_of_the_project(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with permissions_bind(), pytest.raises(ProjectError, match="cannot be written"):
        EngineLock(Project(tmp_path, Settings())).acquire()
    assert list(tmp_path.iterdir()) == []


def test_a_spawned_engine_works_on_in_a_session_of_its_own(project: Project) -> None:
    pid = spawn_engine(project, as_command(HOLD_FOR_LONG, project))
    try:
        assert engine_state(project).pid == pid
        assert engine_state(project).alive
        assert os.getsid(pid) == pid
        assert (project.logs / "engine.log").read_text() == "working\n"
        with pytest.raises(BusyError, match=f"process {pid}"):
            spawn_engine(project, as_command(HOLD_FOR_LONG, project))
    finally:
        kill_and_wait(pid)
    assert not engine_state(project).alive


def test_an_engine_outlives_the_process_that_spawned_it(project: Project) -> None:
    code = (
        "import sys\n"
        "from engine.process import spawn_engine\n"
        "from engine.project import Project\n"
        "project = Project.open(sys.argv[1])\n"
        f"print(spawn_engine(project, [sys.executable, '-c', {HOLD_FOR_LONG!r}, sys.argv[1]]))\n"
    )
    done = subprocess.run(
        as_command(code, project),
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    pid = int(done.stdout)
    try:
        assert engine_state(project).alive
    finally:
        kill_and_wait(pid)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1, RunFailed),
        (2, ConfigError),
        (3, ProjectError),
        (4, StudentError),
        (5, BusyError),
        (77, RunFailed),
    ],
)
def test_an_engine_that_fails_to_start_is_its_own_kind_of_error(
    project: Project, code: int, kind: type[TripostError]
) -> None:
    with pytest.raises(kind) as caught:
        spawn_engine(project, as_command(f"import sys; sys.exit({code})", project))
    assert str(project.path) in caught.value.message


def test_an_engine_that_fails_to_start_has_the_end_of_its_log_told(project: Project) -> None:
    (project.logs / "engine.log").write_text("an older run\n")
    script = "import sys; print(*range(100), sep='\\n'); sys.exit('no such student')"
    with pytest.raises(RunFailed) as caught:
        spawn_engine(project, as_command(script, project))
    message = caught.value.message
    assert message.endswith("98\n99\nno such student")
    assert "an older run" not in message
    assert "\n50\n" not in message


def test_an_engine_killed_while_starting_has_its_signal_told(project: Project) -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(RunFailed, match="ended by signal 9"):
        spawn_engine(project, as_command(script, project))


def test_an_engine_with_nothing_to_do_is_no_failure(project: Project) -> None:
    assert spawn_engine(project, as_command("pass", project)) > 0


def test_an_engine_that_never_gets_to_work_is_ended(project: Project) -> None:
    before = set(psutil.Process().children())
    with pytest.raises(RunFailed, match="did not get to work"):
        spawn_engine(project, as_command("import time; time.sleep(60)", project), timeout_s=0.5)
    assert set(psutil.Process().children()) <= before


def test_a_long_log_is_put_aside(project: Project) -> None:
    (project.logs / "engine.log").write_bytes(b"x" * 5_000_001)
    spawn_engine(project, as_command("print('new')", project))
    assert (project.logs / "engine.log").read_text() == "new\n"
    assert (project.logs / "engine.log.1").stat().st_size == 5_000_001


def test_the_real_engine_is_found_from_a_folder_with_an_engine_of_its_own(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('the wrong engine')")
    monkeypatch.chdir(tmp_path)
    project.settings_path.write_text("[train]\nepochs = 0\n")
    with pytest.raises(TripostError) as caught:
        spawn_engine(project)
    assert "the wrong engine" not in caught.value.message
