"""What a student has been asked in a Playground, and what it has written so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.play.messages import (
    Answered,
    Begun,
    Done,
    Event,
    Failed,
    Judged,
    Part,
    PartBegun,
    PartDone,
    Piece,
)
from engine.play.outlook import TestItem, weights_name
from tripost_tui.state.run import Trouble


@dataclass(slots=True)
class ShownPart:
    """An attempt, feedback on it or an update; ``done`` None while it is being written."""

    part: Part
    number: int
    text: str = ""
    done: PartDone | None = None
    judged: Judged | None = None


@dataclass(slots=True)
class Column:
    """What the student with certain weights makes of a question."""

    weights: int
    begun: bool = False
    parts: list[ShownPart] = field(default_factory=list)
    answered: Answered | None = None
    trouble: Trouble | None = None

    @property
    def name(self) -> str:
        return weights_name(self.weights)

    @property
    def tokens_per_s(self) -> float | None:
        """Of what is written, the reading of the prompts included."""
        done = [part.done for part in self.parts if part.done is not None]
        seconds = sum(one.seconds for one in done)
        return sum(one.tokens for one in done) / seconds if seconds else None

    @property
    def first_s(self) -> float | None:
        """Seconds from the question to the first token."""
        done = [part.done for part in self.parts[:1] if part.done is not None]
        return done[0].first_s if done else None

    def after(self, place: int) -> ShownPart | None:
        """The part that follows the one at ``place``."""
        return self.parts[place + 1] if place + 1 < len(self.parts) else None

    def _part(self, number: int, *, feedback: bool) -> ShownPart | None:
        for part in self.parts:
            if part.number == number and (part.part is Part.FEEDBACK) is feedback:
                return part
        return None

    def take(self, event: Event) -> None:
        """Take in what concerns these weights."""
        match event:
            case Begun():
                self.begun = True
            case PartBegun():
                self.parts.append(ShownPart(event.part, event.number))
            case Piece() if self.parts:
                self.parts[-1].text += event.text
            case PartDone() if self.parts:
                self.parts[-1].text, self.parts[-1].done = event.text, event
            case Judged():
                if (part := self._part(event.number, feedback=False)) is not None:
                    part.judged = event
            case Answered():
                self.answered = event
            case Failed():
                self.trouble = Trouble(event.title, event.message)


@dataclass(slots=True)
class Asked:
    """One question of a session, how it was asked, and the answers of each weights."""

    id: int
    question: str
    item: TestItem | None
    temperature: float
    max_updates: int
    columns: list[Column]
    over: bool = False
    cancelled: bool = False

    def take(self, event: Event) -> None:
        """Take in an event about it."""
        if isinstance(event, Done):
            self.over, self.cancelled = True, event.cancelled
            return
        weights = getattr(event, "weights", None)
        for column in self.columns:
            if weights in (None, column.weights):
                column.take(event)

    def word(self, column: Column) -> str:
        """How a column stands, in words."""
        if column.trouble is not None:
            return "failed"
        if column.answered is not None:
            correct = column.answered.final_correct
            return "done" if correct is None else "right" if correct else "wrong"
        if self.over:
            return "cancelled" if self.cancelled else "broken off"
        if not column.begun:
            return "waiting"
        if not column.parts:
            return "reading"
        last = column.parts[-1]
        if last.done is not None:
            return "checking"
        number = f" {last.number}" if last.part is Part.UPDATE and last.number > 1 else ""
        return f"writing {last.part}{number}"
