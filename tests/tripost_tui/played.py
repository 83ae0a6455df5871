"""A Playground whose process is played: what it says is said by the test, when it says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import recorded
from piloting import AppPilot, StartedBackend, until

from db.records import Subtask
from engine.errors import TripostError
from engine.play.messages import (
    Answered,
    Ask,
    Begun,
    Done,
    Event,
    Judged,
    Part,
    PartBegun,
    PartDone,
    Piece,
    Ready,
    Request,
    Verdict,
)
from engine.play.outlook import Outlook, TestItem, Weights
from tripost_tui.actions import Target
from tripost_tui.playing import Player
from tripost_tui.screens.playground import PlaygroundScreen
from tripost_tui.state.place import Place

QUESTION = recorded.QUESTION
LONG_QUESTION = "Today is October 6, 1931.\nWhat is the date?\nOptions:\n(A) 09/29/1931"
OUTLOOK = Outlook(
    name="tripost-demo",
    task="Multistep arithmetic",
    student="embedded",
    weights=(Weights(0), Weights(1), Weights(2)),
    items=(
        TestItem(21, QUESTION, "108", Subtask.SEEN),
        TestItem(22, "(1 + 2) * 3 =", "9", Subtask.UNSEEN),
    ),
    max_updates=3,
    on_cpu=True,
)
READY = Ready(seconds=4.2, device="cpu", parameters=805_376)


class FakePlayer:
    """Says what it is told to; keeps what it was asked."""

    def __init__(self, outlook: Outlook = OUTLOOK, trouble: TripostError | None = None) -> None:
        self.outlook, self.trouble = outlook, trouble
        self.start_trouble: TripostError | None = None
        self.started = 0
        self.closed = False
        self.asked: list[Request] = []
        self.to_say: list[Event] = []
        self.ready_at_once = True

    def look(self) -> Outlook:
        if self.trouble is not None:
            raise self.trouble
        return self.outlook

    def start(self) -> None:
        if self.start_trouble is not None:
            raise self.start_trouble
        self.started += 1
        if self.ready_at_once:
            self.to_say.append(READY)

    def send(self, request: Request) -> None:
        self.asked.append(request)

    def waiting(self) -> list[Event]:
        said, self.to_say = self.to_say, []
        return said

    def close(self) -> None:
        self.closed = True

    @property
    def ask(self) -> Ask:
        """The last question."""
        return [one for one in self.asked if isinstance(one, Ask)][-1]


class PlayedBackend(StartedBackend):
    """Everything real but the student that is asked."""

    def __init__(self, folder: Path, player: FakePlayer) -> None:
        super().__init__(folder)
        self.played = player

    def player(self, path: Path, run_id: int | None) -> Player:
        return self.played


def attempt(
    number: int, weights: int, text: str, part: Part = Part.ATTEMPT, count: int = 0
) -> list[Event]:
    """An attempt or an update, in two pieces."""
    middle = len(text) // 2
    at = {"id": number, "weights": weights}
    return [
        PartBegun(part=part, number=count, **at),
        Piece(text=text[:middle], **at),
        Piece(text=text[middle:], **at),
        PartDone(part=part, number=count, text=text, tokens=120, first_s=0.02, seconds=0.5, **at),
    ]


def feedback(
    number: int,
    weights: int,
    text: str,
    verdict: Verdict,
    count: int = 0,
    step: str | None = None,
    span: str | None = None,
) -> list[Event]:
    at = {"id": number, "weights": weights}
    done = PartDone(
        part=Part.FEEDBACK,
        number=count,
        text=text,
        tokens=40,
        first_s=0.01,
        seconds=0.2,
        verdict=verdict,
        step=step,
        span=span,
        **at,
    )
    return [PartBegun(part=Part.FEEDBACK, number=count, **at), Piece(text=text, **at), done]


def judged(
    number: int,
    weights: int,
    verdict: Verdict,
    count: int = 0,
    step: str | None = None,
    span: str | None = None,
    text: str = "",
) -> Judged:
    return Judged(
        id=number, weights=weights, number=count, verdict=verdict, step=step, span=span, text=text
    )


def answered(number: int, weights: int, final: str | None, **more: object) -> Answered:
    facts = Answered(
        id=number,
        weights=weights,
        end="positive feedback",
        text="",
        tokens=320,
        seconds=1.4,
        updates=0,
        first_answer=final,
        final_answer=final,
        right="108",
        first_correct=final == "108",
        final_correct=final == "108",
    )
    return replace(facts, **more)  # type: ignore[arg-type]


FLAG = {"step": "2", "span": "(-14 - 4) = -10"}


def wrong_at_start(number: int) -> list[Event]:
    """What the start makes of the question: a wrong attempt that it does not look at again."""
    return [
        Begun(id=number, weights=0, seconds=0.1),
        *attempt(number, 0, recorded.WRONG),
        judged(number, 0, Verdict.INCORRECT, text=recorded.FEEDBACK, **FLAG),
        answered(number, 0, "60", end="no feedback"),
    ]


def corrected(number: int, weights: int = 2) -> list[Event]:
    """What a trained one makes of it: it finds its mistake, and puts it right."""
    return [
        Begun(id=number, weights=weights, seconds=0.1),
        *attempt(number, weights, recorded.WRONG),
        judged(number, weights, Verdict.INCORRECT, text=recorded.FEEDBACK, **FLAG),
        *feedback(number, weights, recorded.FEEDBACK, Verdict.INCORRECT, **FLAG),
        *attempt(number, weights, recorded.RIGHT, Part.UPDATE, 1),
        judged(number, weights, Verdict.CORRECT, 1),
        *feedback(number, weights, recorded.PRAISE, Verdict.CORRECT, 1),
        answered(number, weights, "108", updates=1, first_correct=False, first_answer="60"),
    ]


def both(number: int) -> list[Event]:
    return [*wrong_at_start(number), *corrected(number), Done(id=number)]


async def at_playground(pilot: AppPilot, path: Path) -> PlaygroundScreen:
    """Open it, and wait until what there is has been looked at."""
    app = pilot.app
    app.open_stage(Target.PLAYGROUND, Place(path, path.name))  # type: ignore[attr-defined]
    screen = app.screen
    assert isinstance(screen, PlaygroundScreen)
    await until(pilot, lambda: screen.state.outlook or screen.state.trouble, "the look")
    return screen


async def ask(pilot: AppPilot, screen: PlaygroundScreen, player: FakePlayer) -> int:
    """Ask the first test item; return the question's number."""
    screen._write(QUESTION)
    before = len(player.asked)
    await pilot.press("enter")
    await until(pilot, lambda: len(player.asked) > before, "asking")
    return player.ask.id


async def say(
    pilot: AppPilot, screen: PlaygroundScreen, player: FakePlayer, events: Sequence[Event]
) -> None:
    """Have the process say something, and wait until it is heard."""
    player.to_say = [*player.to_say, *events]
    await until(pilot, lambda: not player.to_say, "hearing")
    await pilot.pause(0.1)
