"""A screen that is kept up to date from what others write."""

from __future__ import annotations

from contextlib import closing
from threading import Event
from typing import Any, ClassVar, Protocol

from textual import work
from textual.events import Resize
from textual.message import Message
from textual.worker import Worker, WorkerState, get_current_worker

from db.errors import StoreError
from engine.errors import TripostError
from tripost_tui.screens.base import BaseScreen
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.run import Trouble

AFTER_TROUBLE_S = 1.0


class Reader(Protocol):
    """Belongs to one thread."""

    def read(self) -> object:
        """How it stands now. Raises TripostError and StoreError; can be called again then."""

    def close(self) -> None:
        """Let go of what is open."""


class FollowingScreen(BaseScreen):
    """Reads again and again, in a thread of its own, from `follow` until it is left."""

    POLL_S: ClassVar[float] = 0.25

    class Read(Message):
        """It has been read, or could not be."""

        def __init__(self, outcome: object) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self) -> None:
        super().__init__()
        self._leave = Event()
        self._taken = Event()
        self._stir = Event()

    def reader(self) -> Reader:
        """What to read with; called in the thread that reads."""
        raise NotImplementedError

    def take(self, reading: Any) -> None:
        """Take in what was read."""
        raise NotImplementedError

    def fail(self, trouble: Trouble) -> None:
        """Nothing can be read now."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Show the state as it is."""
        raise NotImplementedError

    def follow(self) -> None:
        """Begin to read."""
        self._read_on()

    def hurry(self) -> None:
        """Have it read again at once: a person asked for something else."""
        self._stir.set()

    def on_unmount(self) -> None:
        self._leave.set()
        self._stir.set()
        self._taken.set()

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.repaint)

    @work(thread=True, group="follow", exit_on_error=False)
    def _read_on(self) -> None:
        worker = get_current_worker()
        with closing(self.reader()) as reader:
            while True:
                self._taken.clear()
                self._stir.clear()
                # Looked at after clearing: who leaves sets all, this one first.
                if self._leave.is_set() or worker.is_cancelled:
                    return
                outcome: object
                try:
                    outcome = reader.read()
                except (StoreError, TripostError) as error:
                    outcome = trouble_of(error)
                self.post_message(self.Read(outcome))
                # A screen that cannot follow is not sent more than it can show.
                while not self._taken.wait(self.POLL_S) and not worker.is_cancelled:
                    pass
                wait = AFTER_TROUBLE_S if isinstance(outcome, Trouble) else self.POLL_S
                self._stir.wait(wait)

    def on_following_screen_read(self, message: Read) -> None:
        if not self.is_there:
            return
        if isinstance(message.outcome, Trouble):
            self.fail(message.outcome)
        else:
            self.take(message.outcome)
        self.repaint()
        self._taken.set()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "follow" and event.state is WorkerState.ERROR:
            error = event.worker.error
            text = f"{type(error).__name__}: {error}. This is a bug; please report it."
            self.fail(Trouble("The app cannot follow this any more", text))
            self.repaint()
