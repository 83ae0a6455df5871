"""A Playground's process under test, and what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.play.child import PlayProcess
from engine.play.messages import Answered, Ask, Done, Ended, Event, Piece, Ready

PATIENCE_S = 120.0


@contextmanager
def playing(project: Path, run_id: int | None = None) -> Iterator[PlayProcess]:
    process = PlayProcess(project, run_id)
    try:
        yield process
    finally:
        process.close()
        deadline = time.monotonic() + PATIENCE_S
        while not process.has_ended and time.monotonic() < deadline:
            time.sleep(0.01)


def heard_until(process: PlayProcess, last: Callable[[Event], bool]) -> list[Event]:
    """The events up to the one that was waited for."""
    heard: list[Event] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        event = process.next(1.0)
        if event is None:
            assert not process.has_ended, heard[-3:]
            continue
        heard.append(event)
        if last(event):
            return heard
        assert not isinstance(event, Ended), heard
    raise AssertionError(f"it never said that; the last was {heard[-3:]}")


def ready(process: PlayProcess) -> Ready:
    heard = heard_until(process, lambda event: isinstance(event, Ready))
    assert isinstance(heard[-1], Ready)
    return heard[-1]


def ask(process: PlayProcess, request: Ask) -> list[Event]:
    """All that it says to a question."""
    process.send(request)
    return heard_until(process, lambda e: isinstance(e, Done) and e.id == request.id)


def answers(heard: list[Event]) -> list[Answered]:
    return [event for event in heard if isinstance(event, Answered)]


def streamed(heard: list[Event], weights: int) -> str:
    return "".join(e.text for e in heard if isinstance(e, Piece) and e.weights == weights)
