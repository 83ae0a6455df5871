"""The student that a Playground asks: found out about, loaded in a process of its own, ended."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from engine.play.messages import Event, Request

if TYPE_CHECKING:
    from engine.play.child import PlayProcess
    from engine.play.outlook import Outlook


class Player(Protocol):
    """What a Playground needs of a run's student. `look` and `start` may take their time."""

    def look(self) -> Outlook:
        """What there is to ask. Raises TripostError and StoreError."""

    def start(self) -> None:
        """Have a process load the student, unless one is at it. Raises StudentError."""

    def send(self, request: Request) -> None:
        """Ask something of the process that was started."""

    def waiting(self) -> list[Event]:
        """What it has said since the last call; does not wait. The last event is its end."""

    def close(self) -> None:
        """End the process, if there is one; nothing can be started any more."""


class LocalPlayer:
    """A process of this machine."""

    def __init__(self, path: Path, run_id: int | None) -> None:
        self._path, self._run_id = path, run_id
        self._process: PlayProcess | None = None
        self._closed = False
        self._lock = Lock()

    def look(self) -> Outlook:
        from engine.play.outlook import look

        return look(self._path, self._run_id)

    def start(self) -> None:
        from engine.play.child import PlayProcess

        with self._lock:
            if self._closed or (self._process is not None and not self._process.has_ended):
                return
            self._process = PlayProcess(self._path, self._run_id)

    def send(self, request: Request) -> None:
        if self._process is not None:
            self._process.send(request)

    def waiting(self) -> list[Event]:
        return self._process.waiting() if self._process is not None else []

    def close(self) -> None:
        # Whoever leaves while it is being started waits for milliseconds.
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.close()
