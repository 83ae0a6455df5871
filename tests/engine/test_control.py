"""A run is watched and steered through the store, by commands and by SIGTERM."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import engine.control
from db.errors import StoreBusy
from db.records import (
    CommandKind,
    Heartbeat,
    RunStatus,
    StageName,
)
from db.store import Store
from engine.control import Control, StopRequested
from engine.lock import EngineProcess

PATIENCE_S = 30.0


class Watched:
    """A run as its engine has it, and the file through which others reach it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Store.create(path)
        self.run = self.store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student="embedded"
        )
        self.store.set_run_status(self.run.id, RunStatus.RUNNING)

    def control(self) -> Control:
        return Control(self.store, self.run.id, EngineProcess.current())

    def ask(self, kind: CommandKind) -> None:
        """Leave a command, as another process does."""
        with Store.open(self.path) as other:
            other.send_command(self.run.id, kind)

    def heartbeat(self) -> Heartbeat:
        with Store.open(self.path, readonly=True) as other:
            found = other.heartbeat(self.run.id)
        assert found is not None
        return found

    def status(self) -> RunStatus:
        with Store.open(self.path, readonly=True) as other:
            return other.run(self.run.id).status

    def kinds(self) -> list[str]:
        return [event.kind for event in self.store.events(self.run.id)]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(engine.control, "_POLL_EVERY_S", 0.0)
    monkeypatch.setattr(engine.control, "_BEAT_EVERY_S", 0.0)
    made = Watched(tmp_path / "tripost.db")
    yield made
    made.store.close()


def meanwhile(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_nothing_asked_nothing_happens(watched: Watched) -> None:
    control = watched.control()
    assert not control.safe_point()
    assert not control.wants_to_end
    assert watched.heartbeat().state == "running"


def test_a_stop_is_obeyed_at_the_next_safe_point_and_not_before(watched: Watched) -> None:
    control = watched.control()
    watched.ask(CommandKind.STOP)
    control.pulse()
    assert control.wants_to_end
    assert watched.heartbeat().state == "stopping"
    with pytest.raises(StopRequested):
        control.safe_point()
    assert watched.store.pending_commands(watched.run.id) == []
    assert watched.kinds() == ["command.taken"]


def test_a_checkpoint_is_wanted_once(watched: Watched) -> None:
    control = watched.control()
    watched.ask(CommandKind.CHECKPOINT)
    assert [control.safe_point() for _ in range(3)] == [True, False, False]


def test_a_pause_lasts_until_it_is_resumed(watched: Watched) -> None:
    control = watched.control()
    control.enter(1, StageName.SAMPLE, 0, 10)
    watched.ask(CommandKind.PAUSE)
    seen: list[str] = []

    def person() -> None:
        wait_for(lambda: watched.status() is RunStatus.PAUSED)
        wait_for(lambda: watched.heartbeat().state == "paused")
        seen.append("paused")
        watched.ask(CommandKind.RESUME)

    thread = meanwhile(person)
    assert not control.safe_point()
    thread.join()
    assert seen == ["paused"]
    assert watched.status() is RunStatus.RUNNING
    assert watched.heartbeat().state == "running"
    assert watched.kinds() == ["command.taken", "run.paused", "command.taken", "run.resumed"]
    assert not control.safe_point()


def test_until_the_safe_point_it_is_pausing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.control, "_POLL_EVERY_S", 0.0)
    control = watched.control()
    words = []
    for kind in (CommandKind.PAUSE, CommandKind.RESUME, CommandKind.PAUSE, CommandKind.STOP):
        watched.ask(kind)
        control.pulse()
        control.beat()
        words.append(watched.heartbeat().state)
    assert words == ["pausing", "running", "pausing", "stopping"]


def test_a_paused_run_can_be_stopped(watched: Watched) -> None:
    control = watched.control()
    watched.ask(CommandKind.PAUSE)

    def person() -> None:
        wait_for(lambda: watched.status() is RunStatus.PAUSED)
        watched.ask(CommandKind.STOP)

    thread = meanwhile(person)
    with pytest.raises(StopRequested):
        control.safe_point()
    thread.join()


def test_a_resume_before_the_safe_point_takes_the_pause_back(watched: Watched) -> None:
    control = watched.control()
    for kind in (CommandKind.PAUSE, CommandKind.RESUME):
        watched.ask(kind)
    assert not control.safe_point()
    assert watched.status() is RunStatus.RUNNING


def test_nothing_takes_a_stop_back(watched: Watched) -> None:
    control = watched.control()
    for kind in (CommandKind.STOP, CommandKind.RESUME, CommandKind.PAUSE):
        watched.ask(kind)
    with pytest.raises(StopRequested):
        control.safe_point()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_wish_to_stop_at_the_next_safe_point(
    watched: Watched, number: signal.Signals
) -> None:
    control = watched.control()
    before = signal.getsignal(number)
    with control.signals():
        os.kill(os.getpid(), number)
        with pytest.raises(StopRequested):
            control.safe_point()
        assert watched.heartbeat().state == "stopping"
    assert signal.getsignal(number) is before


def test_sigterm_ends_a_pause(watched: Watched) -> None:
    control = watched.control()
    watched.ask(CommandKind.PAUSE)

    def person() -> None:
        wait_for(lambda: watched.status() is RunStatus.PAUSED)
        os.kill(os.getpid(), signal.SIGTERM)

    with control.signals():
        thread = meanwhile(person)
        with pytest.raises(StopRequested):
            control.safe_point()
        thread.join()


def test_commands_for_an_engine_that_is_no_more_are_not_obeyed(watched: Watched) -> None:
    watched.ask(CommandKind.STOP)
    later = EngineProcess(os.getpid(), time.time() + 5, "here")
    assert not Control(watched.store, watched.run.id, later).safe_point()
    assert watched.store.pending_commands(watched.run.id) == []


def test_a_command_sent_while_the_engine_starts_is_obeyed(watched: Watched) -> None:
    watched.ask(CommandKind.STOP)
    with pytest.raises(StopRequested):
        watched.control().safe_point()


def test_the_heartbeat_tells_where_it_is_and_how_fast(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.control, "_PACE_AFTER_S", 0.0)
    control = watched.control()
    control.enter(2, StageName.EVALUATE, 30, 90)
    beat = watched.heartbeat()
    assert (beat.iteration, beat.stage, beat.done, beat.total) == (2, StageName.EVALUATE, 30, 90)
    assert (beat.rate, beat.eta_s, beat.note) == (None, None, "evaluate 30/90")
    me = EngineProcess.current()
    assert (beat.pid, beat.process_started, beat.host) == (me.pid, me.started, me.host)
    control.progress(40, "busy")
    beat = watched.heartbeat()
    assert (beat.done, beat.note) == (40, "busy")
    # The first piece had preparations in it, whose time says nothing of the others'.
    assert (beat.rate, beat.eta_s) == (None, None)
    time.sleep(engine.control._BEAT_EVERY_S)
    control.progress(50)
    beat = watched.heartbeat()
    assert beat.rate is not None
    assert beat.eta_s is not None
    assert beat.eta_s * beat.rate == pytest.approx(40)


def test_it_beats_and_looks_for_commands_a_few_times_a_second_at_most(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.control, "_POLL_EVERY_S", 3600.0)
    monkeypatch.setattr(engine.control, "_BEAT_EVERY_S", 3600.0)
    control = watched.control()
    control.beat()
    first = watched.heartbeat()
    control.safe_point()
    watched.ask(CommandKind.STOP)
    for _ in range(100):
        control.pulse()
    assert watched.heartbeat() == first
    assert not control.wants_to_end


def test_a_store_that_is_busy_is_asked_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = watched.control()
    watched.ask(CommandKind.STOP)

    def busy(_run_id: int) -> list[object]:
        raise StoreBusy("busy")

    with monkeypatch.context() as patch:
        patch.setattr(watched.store, "pending_commands", busy)
        assert not control.safe_point()
    with pytest.raises(StopRequested):
        control.safe_point()


# --- waiting for a person ----------------------------------------------------------------------


def test_while_it_rests_the_state_says_so(watched: Watched) -> None:
    control = watched.control()
    with control.resting("waiting for review"):
        control.safe_point()
        assert watched.heartbeat().state == "waiting for review"
    assert watched.heartbeat().state == "running"


def test_only_who_asks_while_it_rests_lets_it_go_on(watched: Watched) -> None:
    control = watched.control()
    watched.ask(CommandKind.CONTINUE)
    control.pulse()
    with control.resting("waiting for review"):
        control.pulse()
        assert not control.wants_to_continue
        watched.ask(CommandKind.CONTINUE)
        control.pulse()
        assert control.wants_to_continue
        assert not control.wants_to_end


def test_a_stop_while_it_rests_is_a_stop(watched: Watched) -> None:
    control = watched.control()
    watched.ask(CommandKind.STOP)
    with pytest.raises(StopRequested), control.resting("waiting for review"):
        control.safe_point()
    control.beat()
    assert watched.heartbeat().state == "stopping"
