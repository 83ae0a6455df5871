"""One item as both models answered it: passages that belong beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from db.records import EvaluatedItem, TurnKind
from engine.comparing import Measure
from engine.trajectory import parse_feedback, raw_pieces
from tripost_tui.state.items_port import ItemPair
from tripost_tui.state.items_view import ItemsView
from tripost_tui.state.trajectory import Passage, Tone, shown_text
from tripost_tui.text import clean_text, one_line

LETTERS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Beside:
    """Two passages of the same kind; None where one model wrote no further."""

    first: Passage | None
    second: Passage | None


def asked(item: ItemPair) -> list[Passage]:
    """What was asked, and what is right."""
    return [
        Passage(f"Question ({item.subtask})", shown_text(item.question), Tone.QUESTION),
        Passage("Reference answer", shown_text(item.answer), Tone.QUESTION),
    ]


def besides(item: ItemPair) -> list[Beside]:
    """Attempts and feedback in their order, those of one model beside those of the other."""
    sides = [_passages(one, item.hint or "") for one in (item.first, item.second)]
    return [Beside(one, two) for one, two in zip_longest(*sides)]


def verdict(item: EvaluatedItem, measure: Measure) -> tuple[Tone, str]:
    """How a model did, in a line: ``right, says 108; wrong at first, says 12; 1 update``."""
    flexible = measure.flexible
    first = item.first_flexible if flexible else item.first_correct
    final = item.final_flexible if flexible else item.final_correct
    parts = [f"{_right(final)}, {_says(item.final_answer)}"]
    if item.updates:
        parts.append(f"{_right(first)} at first, {_says(item.first_answer)}")
        parts.append(f"{item.updates} update{'s' if item.updates > 1 else ''}")
    if item.final_correct != item.final_flexible:
        parts.append("read flexibly it is right" if not flexible else "read strictly it is wrong")
    if item.finish_reason == "length":
        parts.append("cut off at its length limit")
    return (Tone.RIGHT if (first if measure.first else final) else Tone.WRONG), "; ".join(parts)


def _right(right: bool) -> str:
    return "right" if right else "wrong"


def _says(answer: str | None) -> str:
    return "states no answer" if answer is None else f"says {one_line(answer, 60)}"


def _passages(item: EvaluatedItem, hint: str) -> list[Passage]:
    found: list[Passage] = []
    attempts = 0
    for kind, text in raw_pieces(item.text, hint):
        if kind is TurnKind.ATTEMPT:
            name = (
                "Attempt" if not attempts else "Update" if attempts == 1 else f"Update {attempts}"
            )
            tone = Tone.UPDATE if attempts else Tone.ATTEMPT
            found.append(Passage(name, shown_text(text), tone))
            attempts += 1
            continue
        read = parse_feedback(text)
        name, tone = "Feedback, which cannot be read", Tone.WRONG
        if read is not None and read.is_correct:
            name, tone = "Feedback: correct", Tone.RIGHT
        elif read is not None:
            name = f"Feedback: incorrect at step ({one_line(read.step or '', 20)})"
        found.append(Passage(name, shown_text(text), tone))
    return found


def plain_item(view: ItemsView) -> str:
    """The chosen item for the clipboard: clean and whole."""
    item = view.item
    if item is None or view.place is None:
        return ""
    parts = [
        f"Question ({item.subtask})\n{clean_text(item.question)}",
        f"Reference answer\n{clean_text(item.answer)}",
    ]
    sides = zip(LETTERS, view.names, (item.first, item.second), strict=True)
    for letter, name, one in sides:
        _, said = verdict(one, view.measure)
        parts.append(f"{letter}, {name}: {said}\n{clean_text(one.text)}")
    return "\n\n".join(parts) + "\n"
