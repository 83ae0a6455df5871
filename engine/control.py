"""What connects a working engine with the people who watch it: heartbeat and commands.

Work calls `Control.pulse` often; it is cheap and throttled. Between two pieces of work, where
everything done so far is stored, it calls `Control.safe_point`, which obeys.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from db.errors import StoreBusy
from db.records import (
    Command,
    CommandKind,
    Heartbeat,
    RunStatus,
    StageName,
)
from db.store import Store
from engine.lock import EngineProcess

_BEAT_EVERY_S = 1.0
_PACE_AFTER_S = 1.0
"""How long things move before their pace is told."""
_POLL_EVERY_S = 0.25

REVIEW_WAIT = "waiting for review"
"""The state word of a run that waits until a person has decided."""

BUDGET_CAUSE = "experts' budget"
"""The cause, in its event, of a stop that nobody asked for: experts have cost what they may."""
EXPERTS_CHANGED = "experts.changed"
"""Kind of the event that other experts are asked from then on than before in the run."""


class StopRequested(Exception):
    """A person asked the engine to stop; everything done so far is stored."""


class Control:
    """Heartbeat and commands of one run."""

    def __init__(self, store: Store, run_id: int, process: EngineProcess) -> None:
        self._store = store
        self._run_id = run_id
        self._process = process
        self._state = self._at_work = "running"
        self._iteration: int | None = None
        self._stage: StageName | None = None
        self._done = self._total = self._done_before = 0
        self._note = ""
        self._begun = False
        self._moving_since = time.monotonic()
        self._last_beat = self._last_poll = 0.0
        self._wish: CommandKind | None = None
        self._checkpoint_wanted = self._continue_wanted = False
        self._signalled = threading.Event()
        self._forget_old_commands()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """While inside, SIGTERM and SIGINT are wishes to stop at the next safe point."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self._signalled.set()

        before = {n: signal.signal(n, handle) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def enter(self, iteration: int, stage: StageName, done: int, total: int) -> None:
        """Say what is worked on from now on."""
        self._iteration, self._stage = iteration, stage
        self._done = self._done_before = done
        self._total = total
        self._begun = False
        self._note = f"{stage} {done}/{total}"
        self.beat()

    def progress(self, done: int, note: str = "") -> None:
        """Say how far it is."""
        if not self._begun and done > self._done:
            # The first one had the stage's preparations in it: the pace is that of those after it.
            self._begun, self._done_before, self._moving_since = True, done, time.monotonic()
        self._done = done
        self._note = note or f"{self._stage} {done}/{self._total}"
        self.pulse()

    def say(self, note: str) -> None:
        """Say at once what goes on, beside how far it is."""
        self._note = note
        self.beat()

    def pulse(self) -> None:
        """Show that the engine lives, and look for commands; at most a few times a second."""
        now = time.monotonic()
        if now - self._last_poll >= _POLL_EVERY_S:
            self._last_poll = now
            self._poll()
        if now - self._last_beat >= _BEAT_EVERY_S:
            self.beat()

    def safe_point(self) -> bool:
        """Obey what was asked for; return whether a checkpoint is wanted now.

        Returns after a pause only when it is over. Raises StopRequested.
        """
        self.pulse()
        if self._wish is CommandKind.PAUSE:
            self._pause()
        if self._wish is CommandKind.STOP:
            raise StopRequested
        wanted, self._checkpoint_wanted = self._checkpoint_wanted, False
        return wanted

    @contextmanager
    def resting(self, word: str) -> Iterator[None]:
        """While inside, the state is ``word`` instead of running; only commands from now on count.

        What takes so long is none of the stage's time.
        """
        started = time.monotonic()
        self._state = self._at_work = word
        self._continue_wanted = False
        self.beat()
        try:
            yield
        finally:
            self._moving_since += time.monotonic() - started
            self._at_work = "running"
            if self._state == word:
                self._state = "running"
                self.beat()

    @property
    def wants_to_continue(self) -> bool:
        """True when a person asked to go on without what the engine waits for."""
        return self._continue_wanted

    @property
    def wants_to_end(self) -> bool:
        """True when the next safe point will pause or stop."""
        return self._wish in (CommandKind.PAUSE, CommandKind.STOP)

    def beat(self) -> None:
        """Write the heartbeat now."""
        now = time.monotonic()
        elapsed, fresh = now - self._moving_since, self._done - self._done_before
        rate = fresh / elapsed if fresh > 0 and elapsed > _PACE_AFTER_S else None
        self._store.beat(
            Heartbeat(
                run_id=self._run_id,
                pid=self._process.pid,
                process_started=self._process.started,
                host=self._process.host,
                state=self._state,
                iteration=self._iteration,
                stage=self._stage,
                done=self._done,
                total=self._total,
                rate=rate,
                eta_s=(self._total - self._done) / rate if rate else None,
                note=self._note,
            )
        )
        self._last_beat = now

    def _forget_old_commands(self) -> None:
        """What an earlier engine was asked for and did not live to do is no wish of today."""
        for command in self._store.pending_commands(self._run_id):
            if command.at < self._process.started:
                self._store.take_command(command.id)

    def _poll(self) -> None:
        if self._signalled.is_set():
            self._wish, self._state = CommandKind.STOP, "stopping"
        try:
            commands = self._store.pending_commands(self._run_id)
        except StoreBusy:
            return  # asked again in a moment
        for command in commands:
            if self._store.take_command(command.id):
                self._take(command)

    def _take(self, command: Command) -> None:
        self._store.add_event(
            self._run_id, "command.taken", f"asked to {command.kind}", data={"kind": command.kind}
        )
        if command.kind is CommandKind.CHECKPOINT:
            self._checkpoint_wanted = True
        elif command.kind is CommandKind.CONTINUE:
            self._continue_wanted = True
        elif command.kind is CommandKind.RESUME:
            if self._wish is CommandKind.PAUSE:
                self._wish = None
        elif self._wish is not CommandKind.STOP:
            self._wish = command.kind
        if self._wish is CommandKind.STOP:
            self._state = "stopping"
        elif self._wish is CommandKind.PAUSE and self._state == self._at_work:
            # The safe point may be a whole batch away.
            self._state = "pausing"
        elif self._wish is None and self._state == "pausing":
            self._state = self._at_work

    def _pause(self) -> None:
        self._state = "paused"
        self.beat()
        self._store.set_run_status(self._run_id, RunStatus.PAUSED)
        self._store.add_event(self._run_id, "run.paused", "paused")
        paused_at = time.monotonic()
        while self._wish is CommandKind.PAUSE:
            self.pulse()
            time.sleep(_POLL_EVERY_S)
        self._moving_since += time.monotonic() - paused_at
        if self._wish is None:
            self._state = self._at_work
            self._store.set_run_status(self._run_id, RunStatus.RUNNING)
            self._store.add_event(self._run_id, "run.resumed", "goes on")
        self.beat()
