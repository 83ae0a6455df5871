"""What a student wrote for a test item, in pieces that say what was flagged and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import EvaluatedItem, TurnKind
from engine.trajectory import Feedback, parse_feedback, raw_pieces
from tripost_tui.state.trajectory import feedback_lines, find_span, shown_text
from tripost_tui.state.word_diff import Change, Piece, word_diff
from tripost_tui.text import clean_text, one_line

MOST_TURNS = 12
"""Attempts and feedback that are shown of one item."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of clean text. ``kind`` is "", "flagged", "added" or "removed"."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text; ``kept`` ones stand in the attempt before just so."""

    marks: tuple[Mark, ...]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """``kind`` is "attempt", "update", "right", "wrong" or "unread"."""

    heading: str
    kind: str
    lines: tuple[Line, ...]


def passages(item: EvaluatedItem, hint: str) -> list[Passage]:
    """Attempts with what feedback flags in them, feedback, and updates with what they changed."""
    pieces = raw_pieces(item.text, hint)
    found: list[Passage] = []
    before: str | None = None
    updates = 0
    for at, (kind, text) in enumerate(pieces[:MOST_TURNS]):
        if kind is TurnKind.FEEDBACK:
            found.append(_feedback(feedback_lines(text), parse_feedback(text)))
            continue
        shown = shown_text(text)
        following = pieces[at + 1 : at + 2]
        judged = following[0] if following and following[0][0] is TurnKind.FEEDBACK else None
        flagged = _flagged(shown, parse_feedback(judged[1]) if judged else None)
        if before is None:
            marks = _with_flag([Piece(Change.SAME, shown)], flagged)
            found.append(Passage("First attempt", "attempt", _lines(marks)))
        else:
            updates += 1
            name = "Update" if updates == 1 else f"Update {updates}"
            if shown == before:
                name += ": the same text again"
            marks = _with_flag(word_diff(before, shown), flagged)
            found.append(Passage(name, "update", _lines(marks, update=True)))
        before = shown
    if len(pieces) > MOST_TURNS:
        more = Mark(f"… and {len(pieces) - MOST_TURNS:,} more turns")
        found.append(Passage("Left out", "unread", (Line((more,)),)))
    return found


def _feedback(shown: str, read: Feedback | None) -> Passage:
    if read is None:
        return Passage("Feedback, which cannot be read", "unread", _lines([Mark(shown)]))
    if read.is_correct:
        return Passage("Feedback: correct", "right", _lines([Mark(shown)]))
    heading = f"Feedback: incorrect at step ({one_line(read.step or '', 20)})"
    quoted = f'"{clean_text(read.span)}" is incorrect' if read.span else ""
    at = shown.rfind(quoted) if quoted else -1
    flag = (at + 1, at + 1 + len(clean_text(read.span or ""))) if at >= 0 else None
    return Passage(heading, "wrong", _lines(_with_flag([Piece(Change.SAME, shown)], flag)))


def _flagged(shown: str, read: Feedback | None) -> tuple[int, int] | None:
    if read is None or read.is_correct or not read.span:
        return None
    return find_span(shown, read.step, clean_text(read.span))


def _with_flag(pieces: Sequence[Piece], flag: tuple[int, int] | None) -> list[Mark]:
    """Cut the pieces where a flagged range of the new text begins and ends."""
    start, end = flag or (0, 0)
    marks, at = [], 0
    for piece in pieces:
        if piece.change is Change.REMOVED:
            marks.append(Mark(piece.text, "removed"))
            continue
        kind = "added" if piece.change is Change.ADDED else ""
        cuts = [max(0, min(len(piece.text), edge - at)) for edge in (start, end)]
        parts = (piece.text[: cuts[0]], piece.text[cuts[0] : cuts[1]], piece.text[cuts[1] :])
        for text, its_kind in zip(parts, (kind, "flagged", kind), strict=True):
            if text:
                marks.append(Mark(text, its_kind))
        at += len(piece.text)
    return marks


def _lines(marks: Sequence[Mark], *, update: bool = False) -> tuple[Line, ...]:
    lines: list[list[Mark]] = [[]]
    for mark in marks:
        first, *rest = mark.text.split("\n")
        lines[-1].append(Mark(first, mark.kind))
        lines += [[Mark(text, mark.kind)] for text in rest]
    kept = [tuple(mark for mark in line if mark.text) for line in lines]
    return tuple(
        Line(line, update and all(mark.kind == "" for mark in line)) for line in kept if line
    )
