"""A trajectory as passages to read, with the part that feedback flags found in the attempt."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from db.records import (
    Trajectory,
    Turn,
    TurnKind,
    Verdict,
)
from tripost_tui.text import clean_text

LONGEST = 6_000
MOST_LINES = 150
"""Characters and lines of one passage that are shown; the rest is counted.

An attempt has some hundred tokens. One that ran wild must not make the screen slow.
"""


_SENTENCE = re.compile(r"(?<=\.) (?=Check \(|In step \(|Steps? \()")


class Tone(StrEnum):
    """What a passage is, for its colour."""

    QUESTION = "question"
    ATTEMPT = "attempt"
    RIGHT = "right"
    WRONG = "wrong"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Passage:
    """Clean text under a heading; ``flagged`` are ranges of it that feedback calls wrong."""

    heading: str
    text: str
    tone: Tone
    flagged: tuple[tuple[int, int], ...] = ()


def passages(question: str, trajectory: Trajectory) -> list[Passage]:
    """The question, then every turn in reading order."""
    shown = [Passage("Question", shown_text(question), Tone.QUESTION)]
    updates = 0
    for index, turn in enumerate(trajectory.turns):
        if turn.kind is TurnKind.ATTEMPT:
            text = shown_text(turn.text)
            flagged = _flagged(text, trajectory.turns[index + 1 : index + 2])
            name, tone = ("Attempt", Tone.ATTEMPT) if not updates else ("Update", Tone.UPDATE)
            if updates > 1:
                name = f"Update {updates}"
            shown.append(Passage(_by(name, turn), text, tone, flagged))
            updates += 1
        else:
            shown.append(_feedback(turn))
    return shown


def plain(question: str, trajectory: Trajectory) -> str:
    """The same for the clipboard: clean, whole, without highlights."""
    parts = [f"Question\n{clean_text(question)}"]
    for turn in trajectory.turns:
        name = "Attempt" if turn.kind is TurnKind.ATTEMPT else "Feedback"
        parts.append(f"{_by(name, turn)}\n{clean_text(turn.text)}")
    return "\n\n".join(parts) + "\n"


def find_span(text: str, step: str | None, span: str | None) -> tuple[int, int] | None:
    """Where ``span`` stands in the step ``step`` of an attempt, or anywhere when it is not there.

    None where it stands nowhere, or is empty.
    """
    if not span or not span.strip():
        return None
    start, end = _step_range(text, step) if step else (0, len(text))
    at = text.find(span, start, end)
    if at < 0:
        at = text.find(span)
    return None if at < 0 else (at, at + len(span))


def _step_range(text: str, step: str) -> tuple[int, int]:
    """From the line that starts with ``(step)`` to the next labelled line."""
    head = re.search(rf"^\({re.escape(step)}\)", text, re.MULTILINE)
    if head is None:
        return 0, len(text)
    after = re.compile(r"^\((?:\d|Final response\))", re.MULTILINE).search(text, head.end())
    return head.end(), after.start() if after else len(text)


def _flagged(text: str, following: Sequence[Turn]) -> tuple[tuple[int, int], ...]:
    if not following or following[0].verdict is not Verdict.INCORRECT:
        return ()
    flag = following[0]
    span = clean_text(flag.span) if flag.span else None
    found = find_span(text, flag.step, span)
    return (found,) if found else ()


def _feedback(turn: Turn) -> Passage:
    if turn.verdict is Verdict.CORRECT:
        return Passage(_by("Feedback: correct", turn), feedback_lines(turn.text), Tone.RIGHT)
    where = f" at step ({clean_text(turn.step)})" if turn.step else ""
    return Passage(_by(f"Feedback: incorrect{where}", turn), feedback_lines(turn.text), Tone.WRONG)


def feedback_lines(feedback: str) -> str:
    """Give each check of the working a line, and the verdict one."""
    return shown_text(_SENTENCE.sub("\n", feedback))


def _by(name: str, turn: Turn) -> str:
    return f"{name}, by {clean_text(turn.author)}"


def shown_text(text: str) -> str:
    """``text`` clean, and cut where it is longer than a screen should have to bear."""
    shown = "\n".join(text[:LONGEST].split("\n", MOST_LINES)[:MOST_LINES])
    left_out = len(text) - len(shown)
    clean = clean_text(shown)
    return f"{clean}… and {left_out:,} more characters" if left_out else clean
