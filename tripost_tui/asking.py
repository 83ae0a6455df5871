"""A student's answers on a terminal as they are written: as plain text, or as JSON lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.errors import StudentError, TripostError
from engine.play.child import PlayProcess
from engine.play.messages import (
    Answered,
    Ask,
    Begun,
    Doing,
    Done,
    Ended,
    Event,
    Failed,
    Judged,
    Part,
    PartBegun,
    PartDone,
    Piece,
    Ready,
    Verdict,
    as_json,
)
from engine.play.outlook import weights_name
from tripost_tui.progress import write_json
from tripost_tui.text import clean_text

_LOOK_EVERY_S = 0.5
Write = Callable[[str], None]


class AnswerDisplay(Protocol):
    """Shows what a student does."""

    def show(self, event: Event) -> None: ...


class JsonAnswers:
    """Every event as it comes."""

    def show(self, event: Event) -> None:
        write_json(as_json(event))


class PlainAnswers:
    """Text as it is written; what is about it goes to ``note``."""

    def __init__(self, write: Write, note: Write) -> None:
        self._write, self._note = write, note
        self._line_is_open = False

    def show(self, event: Event) -> None:
        match event:
            case Doing():
                self._note(f"{event.text} ...\n")
            case Ready():
                self._note(f"ready after {event.seconds:.1f} s, on {event.device}\n")
                if event.note:
                    self._note(f"asked in plain text, not as a chat: {clean_text(event.note)}\n")
            case Begun():
                self._line(f"=== {weights_name(event.weights)} ===")
            case PartBegun():
                number = f" {event.number}" if event.number > 1 else ""
                feedback = event.part is Part.FEEDBACK
                self._line("Feedback" if feedback else f"{event.part.value.capitalize()}{number}")
            case Piece():
                self._write(clean_text(event.text))
                self._line_is_open = True
            case PartDone():
                self._end_line()
            case Judged():
                self._judged(event)
            case Answered():
                self._answered(event)
            case Failed():
                self._line(f"{event.title}: {clean_text(event.message)}")

    def _line(self, text: str) -> None:
        self._end_line()
        self._write(f"{text}\n")

    def _end_line(self) -> None:
        if self._line_is_open:
            self._write("\n")
            self._line_is_open = False

    def _judged(self, event: Judged) -> None:
        if event.problem:
            self._line(f"FBK cannot judge it: {clean_text(event.problem)}")
        elif event.verdict is Verdict.CORRECT:
            self._line("FBK: correct")
        else:
            self._line(f"FBK: {clean_text(event.text)}")

    def _answered(self, event: Answered) -> None:
        said = clean_text(event.final_answer or "none")
        verdict = ""
        if event.final_correct:
            verdict = ", right"
        elif event.final_correct is False:
            verdict = f", wrong: {clean_text(event.right or '')} is right"
        self._line(f"Final answer: {said}{verdict}")
        rate = event.tokens / event.seconds if event.seconds else 0.0
        self._line(f"{event.tokens:,} tokens, {rate:,.0f} a second; ended by: {event.end}\n")


def ask_until_done(process: PlayProcess, ask: Ask, display: AnswerDisplay) -> None:
    """Ask, and show what comes until all of it is answered.

    Raises:
        StudentError: the process has ended, or one of the models could not answer.
    """
    process.send(ask)
    failed: Failed | None = None
    while True:
        event = process.next(_LOOK_EVERY_S)
        if event is None:
            continue
        if isinstance(event, Ended):
            raise _error(event.message, event.title or "The model's process has ended", event)
        if isinstance(event, Failed):
            if event.fatal:
                continue  # its end says it again
            failed = event
        display.show(event)
        if isinstance(event, Done):
            break
    if failed is not None:
        raise _error(failed.message, failed.title, failed)


def _error(message: str, title: str, said: Ended | Failed) -> TripostError:
    error = StudentError(message, title)
    error.exit_code = said.exit_code or error.exit_code
    return error
