"""A followed run on a terminal: live, as plain lines, or as JSON lines."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from db.records import Event, Level
from tripost_tui.following import Display, Update
from tripost_tui.state.doing import doing, says_a_step
from tripost_tui.state.wording import roughly, shorten
from tripost_tui.text import clean_text

PLAIN_EVERY_S = 10.0
JSON_EVERY_S = 1.0
_MOST_NOTES = 5

_ENCODER = json.JSONEncoder(allow_nan=False)


def display_for(*, as_json: bool, plain: bool, stream: TextIO | None = None) -> Display:
    """The display that fits the person's wish and what stdout is."""
    stream = sys.stdout if stream is None else stream
    if as_json:
        return JsonDisplay(stream)
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return PlainDisplay(stream)
    return LiveDisplay(console)


def event_line(event: Event) -> str:
    """``12:03:04  message``, a warning or an error said to be one; safe to print."""
    clock = time.strftime("%H:%M:%S", time.localtime(event.at))
    level = "" if event.level is Level.INFO else f"{event.level.value}: "
    return clean_text(f"{clock}  {level}{event.message}")


def where(update: Update) -> str:
    """``iteration 1/3 · sample``, with the state in front where it is not plainly running."""
    view = update.view
    if view.run is None or view.stage is None:
        return "starting" if view.state in ("not started", "running") else view.state
    parts = [] if view.state == "running" else [view.state]
    # Iteration 0 is the student as it comes, which is only evaluated.
    parts.append(f"iteration {view.iteration}/{view.iterations}" if view.iteration else "start")
    return " · ".join([*parts, view.stage.value])


def numbers(update: Update) -> str:
    """``320/600 · loss 0.123 · 4 min left``, of what is known."""
    view, parts = update.view, []
    if view.total:
        parts.append(f"{view.done:,}/{view.total:,}")
    if update.step is not None:
        loss = update.step.loss
        parts.append("loss not a number" if loss is None else f"loss {loss:.3f}")
    if view.eta_s is not None:
        parts.append(f"{roughly(view.eta_s)} left")
    return " · ".join(parts)


class LiveDisplay:
    """Events as lines that stay, and below them one line with a bar that moves."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def show(self, update: Update) -> None:
        for event in update.events:
            style = {Level.WARNING: "yellow", Level.ERROR: "red"}.get(event.level, "")
            self._console.print(Text(event_line(event), style))
        row = Table.grid(padding=(0, 1))
        view = update.view
        bar = ProgressBar(total=view.total or 1, completed=min(view.done, view.total), width=20)
        row.add_row(Text(where(update), "bold"), bar, Text(numbers(update)))
        # A line that wraps would be more than one, and the last of them stay on the terminal.
        room = max(20, self._console.width - 1)
        notes = [Text(shorten(line, room), "dim") for line in doing(view)[:_MOST_NOTES]]
        self._live.update(Group(row, *notes), refresh=True)

    def close(self) -> None:
        self._live.stop()


class PlainDisplay:
    """Lines alone, for pipes, logs and terminals that cannot move the cursor."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._shown = self._step = ""
        self._shown_at = clock()

    def show(self, update: Update) -> None:
        for event in update.events:
            self._write(event_line(event))
        parts = (where(update), numbers(update), " · ".join(doing(update.view)))
        line = "  ".join(part for part in parts if part)
        # A step such as a hand-over of memory is told as soon as it begins, and once.
        step = update.view.note if says_a_step(update.view) else ""
        due = self._clock() - self._shown_at >= PLAIN_EVERY_S or (step and step != self._step)
        self._step = step
        if line != self._shown and due:
            self._write(f"          {line}")
            self._shown = line

    def close(self) -> None:
        pass

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()
        self._shown_at = self._clock()


class JsonDisplay:
    """One JSON object a line: each event as it is stored, and ``progress`` in between."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._latest: dict[str, Any] = {}
        self._shown: dict[str, Any] = {}
        self._shown_at = -JSON_EVERY_S

    def show(self, update: Update) -> None:
        for event in update.events:
            write_json(
                {
                    "kind": event.kind,
                    "at": event.at,
                    "level": event.level.value,
                    "message": event.message,
                    "data": dict(event.data),
                    "id": event.id,
                    "run": event.run_id,
                },
                self._stream,
            )
        view, step = update.view, update.step
        progress: dict[str, Any] = {
            "kind": "progress",
            "state": view.state,
            "run": view.run.id if view.run else None,
            "iteration": view.iteration,
            "iterations": view.iterations,
            "stage": view.stage.value if view.stage else None,
            "done": view.done,
            "total": view.total,
            "rate": view.rate,
            "eta_s": view.eta_s,
            "step": step.step if step else None,
            "loss": step.loss if step else None,
            "note": view.note,
        }
        self._latest = progress
        if self._clock() - self._shown_at >= JSON_EVERY_S:
            self._show_latest()

    def close(self) -> None:
        """Tell the last progress, however soon it came after the one before."""
        self._show_latest()

    def _show_latest(self) -> None:
        if self._latest != self._shown:
            write_json({**self._latest, "at": time.time()}, self._stream)
            self._shown, self._shown_at = self._latest, self._clock()


def write_json(value: dict[str, Any], stream: TextIO | None = None) -> None:
    """One JSON object on a line of its own, in ASCII: no terminal can be steered by it."""
    stream = sys.stdout if stream is None else stream
    stream.write(json_line(value))
    stream.flush()


def json_line(value: dict[str, Any]) -> str:
    """What `write_json` writes."""
    # DEL is ASCII that JSON leaves as it is.
    return _ENCODER.encode(value).replace("\x7f", "\\u007f") + "\n"
